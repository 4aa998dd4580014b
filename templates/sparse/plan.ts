import { bitWidth, isSigned, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwConst, HwNode } from '../../compiler/hw/index.ts';
import { counterBits, laneTable, rangeBits } from '../lib/lanes.ts';
import type { LaneTable } from '../lib/lanes.ts';
import { entriesOf, matrixOf, placeBits } from './matrix.ts';
import type { Matrix } from './matrix.ts';
import { EMPTY, schedule } from './schedule.ts';
import type { Step } from './schedule.ts';

/** The parameters of an instance, typed. */
export interface SparseParams {
  /** Vectors of one frame; absent: 1. */
  readonly rows?: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Weights that are not zero multiplied at a time. */
  readonly pe: number;
  /** Inputs of a beat. */
  readonly simd: number;
  /** Whether a step's lanes may be those of several outputs; absent: each output has steps of its own. */
  readonly packed?: boolean;
  /** Whether the next vector is loaded while one is computed with; absent: afterwards. */
  readonly double?: boolean;
  /** Bits of the distance from one weight's place to the next one's; absent: the schedule has the places themselves. */
  readonly gap?: number;
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
  /** Steps with a vector, and those up to the first result. */
  readonly steps: readonly Step[];
  readonly firstSteps: number;
  /** Bits of a step's word: `pe` pairs of an index and a weight, and above them `endBits` that say what is complete (`endCode`). */
  readonly width: number;
  readonly indexBits: number;
  readonly endBits: number;
  /** Whether the words lie in block RAM. */
  readonly block: boolean;
  /** What the vectors lie in. */
  readonly vectors: Vectors;
  /** Bits of a weight: an integer, or of a power of two the exponent above `shifts.least`, whether it is negative, and whether it is none. */
  readonly weightBits: number;
  readonly weightSigned: boolean;
  /** Exponents, if all weights are powers of two: then inputs are shifted and added or subtracted. */
  readonly shifts: Matrix['exponents'];
  /** Biases, one an output; undefined if all are zero. */
  readonly bias: LaneTable | undefined;
  readonly sumBits: number;
  readonly sumSigned: boolean;
  readonly productBits: number;
}

/** Weights of an instance. */
function weightsOf(node: HwNode): HwConst['data'] {
  return node.consts['weights']?.data ?? new Int32Array();
}

/** Least and greatest sum of any output. */
export function sumRange(node: HwNode): { readonly min: number; readonly max: number } {
  const { outputs, x } = sparseParams(node);
  const weights = weightsOf(node);
  const { indices, counts } = matrixOf(weights, outputs);
  const range = valueRange(x);
  let [min, max, at] = [Infinity, -Infinity, 0];
  for (let n = 0; n < outputs; n++) {
    let low = node.consts['bias']?.data[n] ?? 0;
    let high = low;
    for (const end = at + (counts[n] ?? 0); at < end; at++) {
      const w = weights[indices[at] as number] as number;
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

/** Bits of a weight in the schedule. */
export function weightBitsOf({ least, most, exponents }: Matrix): number {
  if (exponents === undefined) return rangeBits(least, most);
  return 2 + Math.ceil(Math.log2(1 + exponents.most - exponents.least));
}

/** Bits that say what a step completes. */
export function endBitsOf(pe: number, packed: boolean): number {
  return packed ? counterBits(pe + 2) : 1;
}

function makePlan(node: HwNode): Plan {
  const params = sparseParams(node);
  const { inputs, outputs, pe, simd, packed = false, gap, x } = params;
  const matrix = matrixOf(weightsOf(node), outputs);
  const { least, exponents: shifts } = matrix;
  const { counts } = entriesOf(weightsOf(node), outputs, simd, gap);
  const weightBits = weightBitsOf(matrix);
  const steps = [...schedule(counts, pe, packed)];
  const endBits = endBitsOf(pe, packed);
  const place = placeBits(inputs, simd);
  const indexBits = gap ?? place.beat + place.lane;
  const width = pe * (indexBits + weightBits) + endBits;
  const biases = Array.from({ length: outputs }, (_, n) => node.consts['bias']?.data[n] ?? 0);
  const biasBits = rangeBits(
    biases.reduce((a, b) => Math.min(a, b)),
    biases.reduce((a, b) => Math.max(a, b)),
  );
  const { min, max } = sumRange(node);
  const sumBits = Math.max(rangeBits(min, max), biasBits);
  const bias = laneTable(
    'bias',
    sumBits,
    biases.map((b) => [b]),
  );
  return {
    params,
    beats: Math.ceil(inputs / simd),
    vectors: vectorsOf(params),
    steps,
    firstSteps: 1 + steps.findIndex(isEnd),
    width,
    indexBits,
    endBits,
    block: steps.length > 64 && steps.length * width >= 8192,
    weightBits,
    weightSigned: least < 0,
    shifts,
    bias: biases.some((b) => b !== 0) ? bias : undefined,
    sumBits,
    sumSigned: min < 0,
    productBits: bitWidth(x) + weightBits + (isSigned(x) ? 0 : 1) + (least < 0 ? 0 : 1),
  };
}

/** Where vectors are stored: words of a beat, and what they take. */
export interface Vectors {
  readonly words: number;
  /**
   * Flip-flops where there is little; block RAM where there is much, but only with one input a beat: then what is read is an operand, and the
   * memory's own register holds it.
   */
  readonly style: 'registers' | 'distributed' | 'block';
  /** LUTs of one lane's copy: eight hold 14 bits of 32 words, or 7 of 64. */
  readonly luts: number;
  /** LUTs that choose a lane's input among those of a beat, and of the memory's parts. */
  readonly select: number;
}

/** LUTs of a lane's memory above which half a block RAM is taken. */
const mostVectorLuts = 150;

/** Words up to which flip-flops are taken. */
const mostRegisters = 2;

function vectorsOf({ inputs, simd, x, double = false }: SparseParams): Vectors {
  const xBits = bitWidth(x);
  const [bits, words] = [simd * xBits, Math.ceil(inputs / simd) * (double ? 2 : 1)];
  const select = (parts: number): number => xBits * Math.ceil((simd * parts - 1) / 3);
  if (words <= mostRegisters) return { words, style: 'registers', luts: 0, select: select(words) };
  const parts = Math.ceil(words / 64);
  const luts = 8 * Math.min(Math.ceil(bits / 14) * Math.ceil(words / 32), Math.ceil(bits / 7) * parts);
  if (simd === 1 && luts + select(parts) > mostVectorLuts)
    return { words, style: 'block', luts: 0, select: 0 };
  return { words, style: 'distributed', luts, select: select(parts) };
}

/** Whether a result leaves a step. */
export function isEnd({ ends }: Step): boolean {
  return ends >= 0 || ends === EMPTY;
}

/** What a step's word says of its `ends`: whether anything is complete; packed, 0 for nothing, 1 above the lane, pe + 1 without a lane. */
export function endCode({ ends }: Step, { pe, packed = false }: SparseParams): number {
  if (!packed) return isEnd({ taken: 0, ends }) ? 1 : 0;
  return ends === EMPTY ? pe + 1 : ends + 1;
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

/** A weight as the schedule has it. */
function weightCode(weight: number, { shifts, weightBits }: Plan): number {
  if (shifts === undefined) return weight;
  if (weight === 0) return 2 ** (weightBits - 1);
  return Math.log2(Math.abs(weight)) - shifts.least + (weight < 0 ? 2 ** (weightBits - 2) : 0);
}

/** The words of all steps, as a memory. A lane without a product multiplies by 0 what lies at place 0, or at the distance 0. */
export function scheduleTable(node: HwNode): LaneTable {
  const plan = planOf(node);
  const { params, steps, width, indexBits, endBits, block, weightBits } = plan;
  const { outputs, pe, simd, gap } = params;
  const { index, weights } = entriesOf(weightsOf(node), outputs, simd, gap);
  let at = 0;
  const words = steps.map((step) => {
    const parts = Array.from({ length: pe }, (_, lane) => {
      const taken = lane < step.taken;
      return [
        [taken ? (index[at + lane] as number) : 0, indexBits],
        [weightCode(taken ? (weights[at + lane] as number) : 0, plan), weightBits],
      ] as const;
    });
    at += step.taken;
    return word([...parts.flat(), [endCode(step, params), endBits]]);
  });
  return { name: 'schedule', width, words, block };
}
