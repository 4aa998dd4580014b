import { elements } from '../../compiler/frontend/onnx/elements.ts';
import type { ElementName } from '../../compiler/frontend/onnx/elements.ts';
import { attributeTypes, modelType } from '../../compiler/frontend/onnx/schema.ts';

/** TensorProto.DataType numbers, as the ONNX specification lists them. */
export const dataTypes: Readonly<Record<ElementName, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
  uint4: 21,
  int4: 22,
  uint2: 25,
  int2: 26,
};

/** A tensor to be written: raw little-endian data for the common types, typed fields for the others. */
export interface TensorSpec {
  readonly dims: readonly number[];
  readonly data: readonly number[];
  readonly type?: ElementName;
}

export function tensor(
  dims: readonly number[],
  data: readonly number[],
  type: ElementName = 'float32',
): TensorSpec {
  return { dims, data, type };
}
export function scalar(value: number, type: ElementName = 'float32'): TensorSpec {
  return { dims: [], data: [value], type };
}
export function int64s(...data: number[]): TensorSpec {
  return { dims: [data.length], data, type: 'int64' };
}

/** An attribute: an integer, a string, integers, or one of the tagged kinds. */
export type AttributeSpec =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly tensor: TensorSpec };

export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  readonly name?: string;
  readonly domain?: string;
}

export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeSpec>> = {},
  domain = '',
  name = `${op}_${outputs[0] ?? ''}`,
): NodeSpec {
  return { op, inputs, outputs, attributes, domain, name };
}

/** A dimension: a size, a symbol, or null for unknown. */
export type Dim = number | string | null;

export interface ValueSpec {
  readonly name: string;
  readonly dims?: readonly Dim[];
  readonly type?: ElementName;
}

export interface ModelSpec {
  readonly nodes: readonly NodeSpec[];
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  readonly initializers?: Readonly<Record<string, TensorSpec>>;
  readonly opset?: number | null;
  readonly customOpsets?: Readonly<Record<string, number>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly name?: string;
  /** Initializers listed among the inputs too, as old exporters do. */
  readonly initializersAsInputs?: boolean;
}

function rawData(spec: TensorSpec): Uint8Array | undefined {
  const type = spec.type ?? 'float32';
  const { bits } = elements[type];
  if (bits < 8 || type === 'float16' || type === 'bfloat16') return undefined;
  const bytes = new Uint8Array((spec.data.length * bits) / 8);
  const view = new DataView(bytes.buffer);
  spec.data.forEach((value, i) => {
    if (type === 'float32') view.setFloat32(4 * i, value, true);
    else if (type === 'double') view.setFloat64(8 * i, value, true);
    else if (bits === 8) view.setUint8(i, value & 0xff);
    else if (bits === 16) view.setUint16(2 * i, value & 0xffff, true);
    else if (bits === 32) view.setUint32(4 * i, value >>> 0, true);
    else view.setBigInt64(8 * i, BigInt(Math.trunc(value)), true);
  });
  return bytes;
}

/** A TensorProto as a plain object for the protobuf library. */
export function tensorMessage(name: string, spec: TensorSpec): Record<string, unknown> {
  const type = spec.type ?? 'float32';
  const { bits, field } = elements[type];
  const base = { name, dims: spec.dims, dataType: dataTypes[type] };
  const raw = rawData(spec);
  if (raw) return { ...base, rawData: raw };
  if (bits >= 8) return { ...base, [field]: spec.data };
  const per = 8 / bits;
  const packed = new Array<number>(Math.ceil(spec.data.length / per)).fill(0);
  spec.data.forEach((value, i) => {
    const at = Math.floor(i / per);
    packed[at] = (packed[at] ?? 0) | ((value & (2 ** bits - 1)) << ((i % per) * bits));
  });
  return { ...base, int32Data: packed };
}

function attributeMessage(name: string, value: AttributeSpec): Record<string, unknown> {
  if (typeof value === 'number') return { name, type: attributeTypes.int, i: value };
  if (typeof value === 'string')
    return { name, type: attributeTypes.string, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: attributeTypes.float, f: value.float };
  if ('floats' in value) return { name, type: attributeTypes.floats, floats: value.floats };
  if ('tensor' in value) return { name, type: attributeTypes.tensor, t: tensorMessage('', value.tensor) };
  return { name, type: attributeTypes.ints, ints: value };
}

function valueMessage(spec: ValueSpec): Record<string, unknown> {
  const dim = spec.dims?.map((d) =>
    d === null ? {} : typeof d === 'string' ? { dimParam: d } : { dimValue: d },
  );
  const shape = dim ? { shape: { dim } } : {};
  return { name: spec.name, type: { tensorType: { elemType: dataTypes[spec.type ?? 'float32'], ...shape } } };
}

/** The ModelProto as a plain object, for tests that damage it before writing. */
export function modelMessage(spec: ModelSpec): { graph: Record<string, unknown[]>; [key: string]: unknown } {
  const initializers = Object.entries(spec.initializers ?? {});
  const listed = spec.initializersAsInputs
    ? initializers.map(([name, t]) => valueMessage({ name, dims: t.dims, type: t.type ?? 'float32' }))
    : [];
  const opsetImport = Object.entries(spec.customOpsets ?? {}).map(([domain, version]) => ({
    domain,
    version,
  }));
  if (spec.opset !== null) opsetImport.unshift({ domain: '', version: spec.opset ?? 13 });
  return {
    irVersion: 8,
    producerName: 'qcc test',
    opsetImport,
    graph: {
      name: (spec.name ?? 'test') as unknown as unknown[],
      node: spec.nodes.map((n) => ({
        input: n.inputs,
        output: n.outputs,
        name: n.name ?? '',
        opType: n.op,
        domain: n.domain ?? '',
        attribute: Object.entries(n.attributes ?? {}).map(([key, value]) => attributeMessage(key, value)),
      })),
      initializer: initializers.map(([name, t]) => tensorMessage(name, t)),
      input: [...spec.inputs.map(valueMessage), ...listed],
      output: spec.outputs.map(valueMessage),
      quantizationAnnotation: Object.entries(spec.annotations ?? {}).map(([tensorName, value]) => ({
        tensorName,
        quantParameterTensorNames: [{ key: 'finn_datatype', value }],
      })),
    },
  };
}

/** Bytes of a ModelProto given as a plain object. */
export function encode(message: Record<string, unknown>): Uint8Array {
  return modelType.encode(modelType.create(message)).finish();
}

/** Writes an ONNX model. */
export function model(spec: ModelSpec): Uint8Array {
  return encode(modelMessage(spec));
}
