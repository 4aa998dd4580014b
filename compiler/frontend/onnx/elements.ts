/** How one ONNX element type is stored and what it holds. */
export interface ElementInfo {
  readonly name: string;
  /** Bits of one element in raw_data; below 8 several share a byte, the first in the low bits. */
  readonly bits: number;
  /** The TensorProto field that holds the elements when raw_data does not. */
  readonly field: 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data';
  /** Range of an integer type. */
  readonly range?: { readonly min: number; readonly max: number };
}

/** Names of the ONNX element types that qcc reads. */
export type ElementName =
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'double'
  | 'bool'
  | 'uint2'
  | 'int2'
  | 'uint4'
  | 'int4'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'uint32'
  | 'int32'
  | 'uint64'
  | 'int64';

function integer(name: ElementName, signed: boolean, bits: number, field: ElementInfo['field']): ElementInfo {
  const range = signed
    ? { min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }
    : { min: 0, max: 2 ** bits - 1 };
  return { name, bits, field, range };
}

/** Element types by name. */
export const elements: Readonly<Record<ElementName, ElementInfo>> = {
  float32: { name: 'float32', bits: 32, field: 'floatData' },
  float16: { name: 'float16', bits: 16, field: 'int32Data' },
  bfloat16: { name: 'bfloat16', bits: 16, field: 'int32Data' },
  double: { name: 'double', bits: 64, field: 'doubleData' },
  bool: { name: 'bool', bits: 8, field: 'int32Data', range: { min: 0, max: 1 } },
  uint2: integer('uint2', false, 2, 'int32Data'),
  int2: integer('int2', true, 2, 'int32Data'),
  uint4: integer('uint4', false, 4, 'int32Data'),
  int4: integer('int4', true, 4, 'int32Data'),
  uint8: integer('uint8', false, 8, 'int32Data'),
  int8: integer('int8', true, 8, 'int32Data'),
  uint16: integer('uint16', false, 16, 'int32Data'),
  int16: integer('int16', true, 16, 'int32Data'),
  uint32: integer('uint32', false, 32, 'uint64Data'),
  int32: integer('int32', true, 32, 'int32Data'),
  uint64: integer('uint64', false, 64, 'uint64Data'),
  int64: integer('int64', true, 64, 'int64Data'),
};

/** The TensorProto.DataType numbers of the types above. */
const codes: ReadonlyMap<number, ElementName> = new Map<number, ElementName>([
  [1, 'float32'],
  [2, 'uint8'],
  [3, 'int8'],
  [4, 'uint16'],
  [5, 'int16'],
  [6, 'int32'],
  [7, 'int64'],
  [9, 'bool'],
  [10, 'float16'],
  [11, 'double'],
  [12, 'uint32'],
  [13, 'uint64'],
  [16, 'bfloat16'],
  [21, 'uint4'],
  [22, 'int4'],
  [25, 'uint2'],
  [26, 'int2'],
]);

/** The element type of a TensorProto.DataType number, or undefined for one that qcc does not read. */
export function elementOf(code: number): ElementName | undefined {
  return codes.get(code);
}

/** Whether an element type holds reals. */
export function isFloat(elem: ElementName): boolean {
  return elements[elem].range === undefined;
}
