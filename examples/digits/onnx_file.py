"""Writes and reads the few kinds of ONNX messages the digits network needs, straight as protobuf bytes.

Field numbers are those of onnx.proto3. A message is a list of (field number, value) pairs, where a value is
an int (varint), a float (32 bit) or bytes (length-delimited).
"""
import struct

import numpy as np

FLOAT, INT64 = 1, 7  # TensorProto.DataType
QONNX = 'qonnx.custom_op.general'
ELEMENT = {FLOAT: '<f4', INT64: '<i8'}


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def message(*fields):
    """Encodes (field number, value) pairs; text is written as UTF-8."""
    out = b''
    for number, value in fields:
        if isinstance(value, float):
            out += varint(number << 3 | 5) + struct.pack('<f', value)
        elif isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def parse(data):
    """Decodes one message into its (field number, value) pairs."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    fields = []
    while at < len(data):
        key = number()
        if key & 7 == 0:
            value = number()
        elif key & 7 == 2:
            size = number()
            value = data[at : at + size]
            at += size
        elif key & 7 == 5:
            (value,) = struct.unpack('<f', data[at : at + 4])
            at += 4
        else:
            raise ValueError(f'wire type {key & 7} is not used in this file')
        fields.append((key >> 3, value))
    return fields


def fields_of(pairs, number):
    return [value for field, value in pairs if field == number]


def tensor(name, array):
    """TensorProto: dims 1, data_type 2, name 8, raw_data 9."""
    kind = INT64 if array.dtype == np.int64 else FLOAT
    raw = array.astype(ELEMENT[kind]).tobytes()
    return message(*((1, d) for d in array.shape), (2, kind), (8, name), (9, raw))


def value_info(name, shape):
    """ValueInfoProto of a float tensor: name 1, type 2 { tensor_type 1 { elem_type 1, shape 2 } }."""
    dims = message(*((1, message((1, d))) for d in shape))
    return message((1, name), (2, message((1, message((1, FLOAT), (2, dims))))))


def attribute(name, value):
    """AttributeProto: name 1, f 2, ints 8, type 20 (1 FLOAT, 7 INTS)."""
    if isinstance(value, float):
        return message((1, name), (2, value), (20, 1))
    return message((1, name), *((8, v) for v in value), (20, 7))


def node(name, op, inputs, output, domain='', **attributes):
    """NodeProto: input 1, output 2, name 3, op_type 4, attribute 5, domain 7."""
    return message(
        *((1, i) for i in inputs),
        (2, output),
        (3, name),
        (4, op),
        *((5, attribute(key, value)) for key, value in attributes.items()),
        *([(7, domain)] if domain else []),
    )


def model(graph_name, nodes, constants, graph_input, graph_output):
    """ModelProto: ir_version 1, producer_name 2, graph 7, opset_import 8.

    GraphProto: node 1, name 2, initializer 5, input 11, output 12.
    """
    graph = message(
        *((1, n) for n in nodes),
        (2, graph_name),
        *((5, tensor(name, array)) for name, array in constants.items()),
        (11, value_info(*graph_input)),
        (12, value_info(*graph_output)),
    )
    opsets = [message((1, ''), (2, 13)), message((1, QONNX), (2, 1))]
    return message((1, 7), (2, 'examples/digits/train.py'), (7, graph), *((8, o) for o in opsets))


def read(data):
    """Reads such a file back: nodes in graph order, constants by name, input name, output name."""
    graph = parse(fields_of(parse(data), 7)[0])
    nodes = []
    for fields in map(parse, fields_of(graph, 1)):
        attributes = {}
        for pairs in map(parse, fields_of(fields, 5)):
            attributes[fields_of(pairs, 1)[0].decode()] = (fields_of(pairs, 2) or [fields_of(pairs, 8)])[0]
        nodes.append(
            {
                'inputs': [i.decode() for i in fields_of(fields, 1)],
                'output': fields_of(fields, 2)[0].decode(),
                'name': fields_of(fields, 3)[0].decode(),
                'op': fields_of(fields, 4)[0].decode(),
                'attributes': attributes,
            }
        )
    constants = {}
    for fields in map(parse, fields_of(graph, 5)):
        raw = np.frombuffer(fields_of(fields, 9)[0], ELEMENT[fields_of(fields, 2)[0]])
        constants[fields_of(fields, 8)[0].decode()] = raw.reshape(fields_of(fields, 1))
    ends = [parse(fields_of(graph, number)[0])[0][1].decode() for number in (11, 12)]
    return nodes, constants, ends[0], ends[1]
