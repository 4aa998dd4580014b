import { Builder } from 'flatbuffers';
import { operatorNames } from '../../compiler/frontend/tflite/operator-names.ts';

/** Numbers of the element types that tests write. */
const types = { float32: 0, int32: 2, uint8: 3, int64: 4, int16: 7, int8: 9 } as const;

export interface TensorSpec {
  readonly name: string;
  readonly dims?: readonly number[];
  readonly signature?: readonly number[];
  readonly type?: keyof typeof types;
  readonly scales?: readonly number[];
  readonly zeroPoints?: readonly number[];
  /** The axis of several scales. */
  readonly axis?: number;
  /** Elements of a constant. */
  readonly data?: ArrayLike<number>;
  /** Index of a buffer, instead of the tensor's own. */
  readonly buffer?: number;
  readonly sparse?: boolean;
}

/** Fields of a table by their position in the schema: one byte, or four. */
export type OptionFields = Readonly<Record<number, readonly ['byte' | 'int', number]>>;

export interface OperatorSpec {
  /** Name of a built-in operator, or of a custom one if `custom` is set. */
  readonly op: string;
  readonly custom?: boolean;
  /** Names of tensors; an index stands for itself. */
  readonly inputs: readonly (string | number)[];
  readonly outputs: readonly (string | number)[];
  /** Number of the options' type, and the fields. */
  readonly options?: readonly [number, OptionFields];
}

export interface ModelSpec {
  readonly tensors: readonly TensorSpec[];
  readonly operators: readonly OperatorSpec[];
  readonly inputs: readonly (string | number)[];
  readonly outputs: readonly (string | number)[];
  readonly version?: number;
  readonly identifier?: string;
  readonly subgraphs?: number;
}

function vector(
  b: Builder,
  size: 1 | 4 | 8,
  values: ArrayLike<number>,
  add: (value: number) => void,
): number {
  b.startVector(size, values.length, size);
  for (let i = values.length - 1; i >= 0; i--) add(values[i] ?? 0);
  return b.endVector();
}

const ints = (b: Builder, values: ArrayLike<number>): number => vector(b, 4, values, (v) => b.addInt32(v));

function bytesOf({ type = 'int8', data }: TensorSpec): Uint8Array {
  if (data === undefined) return new Uint8Array(0);
  if (type === 'int64') return new Uint8Array(BigInt64Array.from(Array.from(data, BigInt)).buffer);
  const Kind = {
    int8: Int8Array,
    uint8: Uint8Array,
    int16: Int16Array,
    int32: Int32Array,
    float32: Float32Array,
  }[type];
  return new Uint8Array(Kind.from(Array.from(data)).buffer);
}

/** A table of offsets, written in the order of its fields. */
function table(b: Builder, fields: number, write: () => void): number {
  b.startObject(fields);
  write();
  return b.endObject();
}

function tensor(b: Builder, spec: TensorSpec, buffer: number): number {
  const name = b.createString(spec.name);
  const dims = ints(b, spec.dims ?? []);
  const signature = spec.signature && ints(b, spec.signature);
  let quantization = 0;
  if (spec.scales !== undefined) {
    const zeroPoints = spec.zeroPoints ?? spec.scales.map(() => 0);
    const scale = vector(b, 4, spec.scales, (v) => b.addFloat32(v));
    const zero = vector(b, 8, zeroPoints, (v) => b.addInt64(BigInt(v)));
    quantization = table(b, 7, () => {
      b.addFieldOffset(2, scale, 0);
      b.addFieldOffset(3, zero, 0);
      b.addFieldInt32(6, spec.axis ?? 0, 0);
    });
  }
  const sparsity = spec.sparse === true ? table(b, 0, () => undefined) : 0;
  return table(b, 10, () => {
    b.addFieldOffset(0, dims, 0);
    b.addFieldInt8(1, types[spec.type ?? 'int8'], 0);
    b.addFieldInt32(2, spec.buffer ?? buffer, 0);
    b.addFieldOffset(3, name, 0);
    b.addFieldOffset(4, quantization, 0);
    b.addFieldOffset(6, sparsity, 0);
    if (signature !== undefined) b.addFieldOffset(7, signature, 0);
  });
}

/** Bytes of a TFLite file. */
export function tflite(spec: ModelSpec): Uint8Array {
  const b = new Builder(1024);
  const offsets = (all: readonly number[]): number => vector(b, 4, all, (v) => b.addOffset(v));
  const number = (of: string | number): number =>
    typeof of === 'number' ? of : spec.tensors.findIndex(({ name }) => name === of);
  const buffers = [new Uint8Array(0), ...spec.tensors.map(bytesOf)].map((data) => {
    const at = vector(b, 1, data, (v) => b.addInt8(v));
    return table(b, 3, () => b.addFieldOffset(0, at, 0));
  });
  const codes = spec.operators.map(({ op, custom }) => {
    const code = custom === true ? 32 : operatorNames.indexOf(op);
    const name = custom === true ? b.createString(op) : 0;
    return table(b, 4, () => {
      b.addFieldInt8(0, Math.min(code, 127), 0);
      b.addFieldOffset(1, name, 0);
      b.addFieldInt32(2, 1, 1);
      b.addFieldInt32(3, code, 0);
    });
  });
  const tensors = spec.tensors.map((t, i) => tensor(b, t, t.data === undefined ? 0 : i + 1));
  const operators = spec.operators.map(({ inputs, outputs, options }, index) => {
    const [from, to] = [ints(b, inputs.map(number)), ints(b, outputs.map(number))];
    const fields = Object.entries(options?.[1] ?? {});
    const made =
      options &&
      table(b, 12, () => {
        for (const [at, [kind, value]] of fields) {
          // a default that no value equals: everything is written
          if (kind === 'byte') b.addFieldInt8(Number(at), value, -128);
          else b.addFieldInt32(Number(at), value, -(2 ** 31));
        }
      });
    return table(b, 9, () => {
      b.addFieldInt32(0, index, 0);
      b.addFieldOffset(1, from, 0);
      b.addFieldOffset(2, to, 0);
      if (options !== undefined && made !== undefined) {
        b.addFieldInt8(3, options[0], 0);
        b.addFieldOffset(4, made, 0);
      }
    });
  });
  const graph = (): number => {
    const parts = [offsets(tensors), ints(b, spec.inputs.map(number)), ints(b, spec.outputs.map(number))];
    const list = offsets(operators);
    const name = b.createString('main');
    return table(b, 5, () => {
      for (const [i, part] of parts.entries()) b.addFieldOffset(i, part, 0);
      b.addFieldOffset(3, list, 0);
      b.addFieldOffset(4, name, 0);
    });
  };
  const graphs = offsets(Array.from({ length: spec.subgraphs ?? 1 }, graph));
  const [codeList, bufferList] = [offsets(codes), offsets(buffers)];
  const model = table(b, 8, () => {
    b.addFieldInt32(0, spec.version ?? 3, 0);
    b.addFieldOffset(1, codeList, 0);
    b.addFieldOffset(2, graphs, 0);
    b.addFieldOffset(4, bufferList, 0);
  });
  b.finish(model, spec.identifier ?? 'TFL3');
  return b.asUint8Array().slice();
}
