import protobuf from 'protobufjs/light.js';

/** A 64-bit integer as the protobuf library hands it over. */
export interface Long {
  readonly low: number;
  readonly high: number;
  toNumber(): number;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** A tensor message; which of the data fields is used depends on the type. */
export interface TensorMessage {
  readonly dims: readonly Long[];
  readonly dataType: number;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly int64Data: readonly Long[];
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly Long[];
  readonly name: string;
  readonly rawData: Uint8Array;
  readonly externalData: readonly KeyValue[];
  readonly dataLocation: number;
}

/** An attribute; `type` says which field holds the value (see `attributeTypes`). */
export interface AttributeMessage {
  readonly name: string;
  readonly type: number;
  readonly f: number;
  readonly i: Long;
  readonly s: Uint8Array;
  readonly t: TensorMessage | null;
  readonly floats: readonly number[];
  readonly ints: readonly Long[];
  readonly strings: readonly Uint8Array[];
}

export interface NodeMessage {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly attribute: readonly AttributeMessage[];
}

export interface DimMessage {
  readonly dimValue: Long;
  readonly dimParam: string;
}

export interface ValueInfoMessage {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly DimMessage[] } | null;
    } | null;
  } | null;
}

export interface GraphMessage {
  readonly name: string;
  readonly node: readonly NodeMessage[];
  readonly initializer: readonly TensorMessage[];
  readonly sparseInitializer: readonly unknown[];
  readonly input: readonly ValueInfoMessage[];
  readonly output: readonly ValueInfoMessage[];
  readonly quantizationAnnotation: readonly {
    readonly tensorName: string;
    readonly quantParameterTensorNames: readonly KeyValue[];
  }[];
}

export interface ModelMessage {
  readonly irVersion: Long;
  readonly producerName: string;
  readonly opsetImport: readonly { readonly domain: string; readonly version: Long }[];
  readonly graph: GraphMessage | null;
}

/** Values of AttributeMessage.type. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

type FieldRule = readonly [type: string, id: number, repeated?: 'repeated' | 'packed'];

/** A message descriptor from a compact table: name -> [type, field number, repeated?]. */
function message(fields: Readonly<Record<string, FieldRule>>): protobuf.IType {
  const result: Record<string, protobuf.IField> = {};
  for (const [name, [type, id, rule]] of Object.entries(fields)) {
    result[name] = {
      type,
      id,
      ...(rule === undefined ? {} : { rule: 'repeated' }),
      ...(rule === 'packed' ? { options: { packed: true } } : {}),
    };
  }
  return { fields: result };
}

// Only what the front-end reads. Sub-graphs of attributes are left out on purpose: control flow is refused by operator name, and
// without them no message nests in itself, so a hostile file cannot nest deeply.
const root = protobuf.Root.fromJSON({
  nested: {
    Model: message({
      irVersion: ['int64', 1],
      producerName: ['string', 2],
      graph: ['Graph', 7],
      opsetImport: ['OperatorSet', 8, 'repeated'],
    }),
    OperatorSet: message({ domain: ['string', 1], version: ['int64', 2] }),
    Graph: message({
      node: ['Node', 1, 'repeated'],
      name: ['string', 2],
      initializer: ['Tensor', 5, 'repeated'],
      input: ['ValueInfo', 11, 'repeated'],
      output: ['ValueInfo', 12, 'repeated'],
      quantizationAnnotation: ['TensorAnnotation', 14, 'repeated'],
      sparseInitializer: ['SparseTensor', 15, 'repeated'],
    }),
    SparseTensor: message({}),
    TensorAnnotation: message({
      tensorName: ['string', 1],
      quantParameterTensorNames: ['KeyValue', 2, 'repeated'],
    }),
    KeyValue: message({ key: ['string', 1], value: ['string', 2] }),
    Node: message({
      input: ['string', 1, 'repeated'],
      output: ['string', 2, 'repeated'],
      name: ['string', 3],
      opType: ['string', 4],
      attribute: ['Attribute', 5, 'repeated'],
      domain: ['string', 7],
    }),
    Attribute: message({
      name: ['string', 1],
      f: ['float', 2],
      i: ['int64', 3],
      s: ['bytes', 4],
      t: ['Tensor', 5],
      floats: ['float', 7, 'repeated'],
      ints: ['int64', 8, 'repeated'],
      strings: ['bytes', 9, 'repeated'],
      type: ['int32', 20],
    }),
    Tensor: message({
      dims: ['int64', 1, 'repeated'],
      dataType: ['int32', 2],
      floatData: ['float', 4, 'packed'],
      int32Data: ['int32', 5, 'packed'],
      int64Data: ['int64', 7, 'packed'],
      name: ['string', 8],
      rawData: ['bytes', 9],
      doubleData: ['double', 10, 'packed'],
      uint64Data: ['uint64', 11, 'packed'],
      externalData: ['KeyValue', 13, 'repeated'],
      dataLocation: ['int32', 14],
    }),
    ValueInfo: message({ name: ['string', 1], type: ['TypeOf', 2] }),
    TypeOf: message({ tensorType: ['TensorTypeOf', 1] }),
    TensorTypeOf: message({ elemType: ['int32', 1], shape: ['Shape', 2] }),
    Shape: message({ dim: ['Dim', 1, 'repeated'] }),
    Dim: message({ dimValue: ['int64', 1], dimParam: ['string', 2] }),
  },
});

/** The ONNX ModelProto as a protobufjs type: decodes models, and encodes them in tests. */
export const modelType: protobuf.Type = root.lookupType('Model');
