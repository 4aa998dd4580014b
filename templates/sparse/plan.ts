import { bitWidth, isSigned, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { counterBits, laneTable, rangeBits } from '../lib/lanes.ts';
import type { LaneTable } from '../lib/lanes.ts';

/** The parameters of an instance, typed. */
export interface SparseParams {
  /** Vectors of one frame; absent: 1. */
  readonly rows?: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Weights that are not zero, of one output, multiplied at a time. */
  readonly pe: number;
  /** Inputs of a beat. */
  readonly simd: number;
  readonly x: ElementType;
  readonly y: ElementType;
}

/** The parameters of a checked instance. */
export function sparseParams(node: HwNode): SparseParams {
  return node.params as unknown as SparseParams;
}

/** How an instance is built. */
export interface Plan {
  readonly params: SparseParams;
  /** Beats of a vector. */
  readonly beats: number;
  /** Steps behind the beats, and those up to the first result. */
  readonly steps: number;
  readonly firstSteps: number;
  /** What each step does: `pe` pairs of an input's index and a weight, and above them whether an output is complete. */
  readonly schedule: LaneTable;
  readonly weightBits: number;
  readonly weightSigned: boolean;
  /** Biases, one an output; undefined if all are zero. */
  readonly bias: LaneTable | undefined;
  readonly sumBits: number;
  readonly sumSigned: boolean;
  readonly productBits: number;
}

/** Columns of the weights that are not zero, row by row. */
function columnsOf(node: HwNode): readonly (readonly number[])[] {
  const { inputs, outputs } = sparseParams(node);
  const data = node.consts['weights']?.data ?? [];
  return Array.from({ length: outputs }, (_, n) => {
    const found: number[] = [];
    for (let k = 0; k < inputs; k++) if ((data[n * inputs + k] ?? 0) !== 0) found.push(k);
    return found;
  });
}

/** Least and greatest sum of any output. */
export function sumRange(node: HwNode): { readonly min: number; readonly max: number } {
  const { inputs, outputs, x } = sparseParams(node);
  const { weights, bias } = node.consts;
  const range = valueRange(x);
  let [min, max] = [Infinity, -Infinity];
  for (let n = 0; n < outputs; n++) {
    let low = bias?.data[n] ?? 0;
    let high = low;
    for (let k = n * inputs; k < (n + 1) * inputs; k++) {
      const w = weights?.data[k] ?? 0;
      low += Math.min(w * range.min, w * range.max);
      high += Math.max(w * range.min, w * range.max);
    }
    [min, max] = [Math.min(min, low), Math.max(max, high)];
  }
  return { min, max };
}

const plans = new WeakMap<HwNode, Plan>();

/** The plan of a checked instance. */
export function planOf(node: HwNode): Plan {
  let plan = plans.get(node);
  if (plan === undefined) plans.set(node, (plan = makePlan(node)));
  return plan;
}

/** Bits side by side, `bits` each, lowest first. */
function word(parts: readonly (readonly [value: number, bits: number])[]): bigint {
  let [value, at] = [0n, 0n];
  for (const [part, bits] of parts) {
    value |= BigInt.asUintN(bits, BigInt(part)) << at;
    at += BigInt(bits);
  }
  return value;
}

function makePlan(node: HwNode): Plan {
  const params = sparseParams(node);
  const { inputs, outputs, pe, simd, x } = params;
  const data = node.consts['weights']?.data ?? [];
  const [least, most] = [
    Array.from(data).reduce((a, b) => Math.min(a, b), 0),
    Array.from(data).reduce((a, b) => Math.max(a, b), 0),
  ];
  const weightBits = rangeBits(least, most);
  const words: bigint[] = [];
  let firstSteps = 0;
  columnsOf(node).forEach((columns, n) => {
    const steps = Math.max(1, Math.ceil(columns.length / pe));
    if (n === 0) firstSteps = steps;
    for (let step = 0; step < steps; step++) {
      const pairs = Array.from({ length: pe }, (_, i) => {
        const k = columns[step * pe + i];
        return [
          [
            k === undefined ? 0 : Math.floor(k / simd) * 2 ** counterBits(simd) + (k % simd),
            placeBits(inputs, simd),
          ],
          [k === undefined ? 0 : (data[n * inputs + k] ?? 0), weightBits],
        ] as const;
      });
      words.push(word([...pairs.flat(), [step + 1 === steps ? 1 : 0, 1]]));
    }
  });
  const width = pe * (placeBits(inputs, simd) + weightBits) + 1;
  const biases = Array.from({ length: outputs }, (_, n) => node.consts['bias']?.data[n] ?? 0);
  const biasBits = rangeBits(
    biases.reduce((a, b) => Math.min(a, b)),
    biases.reduce((a, b) => Math.max(a, b)),
  );
  const { min, max } = sumRange(node);
  const sumBits = Math.max(rangeBits(min, max), biasBits);
  const hasBias = biases.some((b) => b !== 0);
  return {
    params,
    beats: Math.ceil(inputs / simd),
    steps: words.length,
    firstSteps,
    schedule: { name: 'schedule', width, words, block: words.length > 64 && words.length * width >= 8192 },

    weightBits,
    weightSigned: least < 0,
    bias: hasBias
      ? laneTable(
          'bias',
          sumBits,
          biases.map((b) => [b]),
        )
      : undefined,
    sumBits,
    sumSigned: min < 0,
    productBits: bitWidth(x) + weightBits + (isSigned(x) ? 0 : 1) + (least < 0 ? 0 : 1),
  };
}

/** Bits of an input's place: its beat above its lane. */
export function placeBits(inputs: number, simd: number): number {
  return counterBits(Math.ceil(inputs / simd)) + counterBits(simd);
}

/** Steps behind the beats with `pe` products a step, given the number of non-zero weights of each output. */
export function stepsOf(counts: readonly number[], pe: number): number {
  return counts.reduce((sum, count) => sum + Math.max(1, Math.ceil(count / pe)), 0);
}
