import type { HwConst } from '../../compiler/hw/index.ts';
import { counterBits } from '../lib/lanes.ts';

/** The weights of a matrix that are not zero. */
export interface Matrix {
  /** Where they are, output by output: output * inputs + input. */
  readonly indices: Int32Array;
  /** How many each output has. */
  readonly counts: readonly number[];
  readonly least: number;
  readonly most: number;
  /** Least and greatest exponent, if all are powers of two with either sign, and there are any. */
  readonly exponents: { readonly least: number; readonly most: number } | undefined;
}

const matrices = new WeakMap<HwConst['data'], Matrix>();

/** The weights of a matrix of `outputs` rows that are not zero; remembered by its data. */
export function matrixOf(weights: HwConst['data'], outputs: number): Matrix {
  const known = matrices.get(weights);
  if (known?.counts.length === outputs) return known;
  const inputs = weights.length / outputs;
  const counts = new Array<number>(outputs).fill(0);
  const indices: number[] = [];
  const values = new Set<number>();
  for (let at = 0; at < weights.length; at++) {
    const w = weights[at] as number;
    if (w === 0) continue;
    indices.push(at);
    values.add(w);
    const output = Math.floor(at / inputs);
    counts[output] = (counts[output] as number) + 1;
  }
  const exponents = [...values].map((w) => Math.log2(Math.abs(w)));
  const powers = exponents.length > 0 && exponents.every(Number.isInteger);
  const matrix = {
    indices: Int32Array.from(indices),
    counts,
    least: [...values].reduce((a, b) => Math.min(a, b), 0),
    most: [...values].reduce((a, b) => Math.max(a, b), 0),
    exponents: powers
      ? {
          least: exponents.reduce((a, b) => Math.min(a, b)),
          most: exponents.reduce((a, b) => Math.max(a, b)),
        }
      : undefined,
  };
  matrices.set(weights, matrix);
  return matrix;
}

/** Bits that tell one of `count` things; none if there is one. */
function indexBits(count: number): number {
  return count === 1 ? 0 : counterBits(count);
}

/** Bits of an input's place: its beat, and below it its lane. */
export function placeBits(inputs: number, simd: number): { readonly beat: number; readonly lane: number } {
  return { beat: indexBits(Math.ceil(inputs / simd)), lane: indexBits(simd) };
}

/** What the lanes take one after the other: weights, and fillers of weight 0. */
export interface Entries {
  /** How many each output has. */
  readonly counts: readonly number[];
  /** Each one's place, or its distance from the place of the one before it; from 0 at an output's first. */
  readonly index: Int32Array;
  readonly weights: Int32Array;
}

const known = new WeakMap<Matrix, Map<string, Entries>>();

/**
 * The entries of a matrix of `inputs` columns in beats of `simd`. With `gap` bits they tell distances, and where one does not fit, fillers lead up to
 * it (relative indexing, as in EIE and Deep Compression); without, they tell places.
 */
export function entriesOf(
  weights: HwConst['data'],
  outputs: number,
  simd: number,
  gap: number | undefined,
): Entries {
  const matrix = matrixOf(weights, outputs);
  let found = known.get(matrix);
  if (found === undefined) known.set(matrix, (found = new Map<string, Entries>()));
  const key = `${simd} ${gap ?? ''}`;
  let entries = found.get(key);
  if (entries === undefined) found.set(key, (entries = makeEntries(weights, matrix, simd, gap)));
  return entries;
}

function makeEntries(
  data: HwConst['data'],
  { indices, counts }: Matrix,
  simd: number,
  gap: number | undefined,
): Entries {
  const inputs = data.length / counts.length;
  const { lane } = placeBits(inputs, simd);
  const [index, weights, taken]: [number[], number[], number[]] = [[], [], []];
  const reach = gap === undefined ? Infinity : 2 ** gap - 1;
  let at = 0;
  for (const count of counts) {
    const before = index.length;
    let from = 0;
    for (const end = at + count; at < end; at++) {
      const k = (indices[at] as number) % inputs;
      const place = Math.floor(k / simd) * 2 ** lane + (k % simd);
      for (; place - from > reach; from += reach) {
        index.push(reach);
        weights.push(0);
      }
      index.push(gap === undefined ? place : place - from);
      weights.push(data[indices[at] as number] as number);
      if (gap !== undefined) from = place;
    }
    taken.push(index.length - before);
  }
  return { counts: taken, index: Int32Array.from(index), weights: Int32Array.from(weights) };
}
