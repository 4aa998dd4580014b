import { bitWidth, isSigned, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwConst, HwNode } from '../../compiler/hw/index.ts';
import { counterBits, laneTable, rangeBits } from '../lib/lanes.ts';
import type { LaneTable } from '../lib/lanes.ts';
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
  /** Bits of a step's word: `pe` pairs of an input's place and a weight, and above them `endBits` that say what is complete (`endCode`). */
  readonly width: number;
  readonly endBits: number;
  /** Whether the words lie in block RAM. */
  readonly block: boolean;
  /** What the vectors lie in. */
  readonly vectors: Vectors;
  readonly weightBits: number;
  readonly weightSigned: boolean;
  /** Biases, one an output; undefined if all are zero. */
  readonly bias: LaneTable | undefined;
  readonly sumBits: number;
  readonly sumSigned: boolean;
  readonly productBits: number;
}

/** What is the same in all instances with a matrix. */
interface Matrix {
  /** Where the weights are that are not zero, output by output: output * inputs + input. */
  readonly places: Int32Array;
  /** How many each output has. */
  readonly counts: readonly number[];
  readonly least: number;
  readonly most: number;
}

const matrices = new WeakMap<HwConst['data'], Matrix>();

/** The weights of a matrix of `outputs` rows that are not zero. */
export function matrixOf(weights: HwConst['data'], outputs: number): Matrix {
  const known = matrices.get(weights);
  if (known?.counts.length === outputs) return known;
  const inputs = weights.length / outputs;
  const counts = new Array<number>(outputs).fill(0);
  const places: number[] = [];
  let [least, most] = [0, 0];
  for (let at = 0; at < weights.length; at++) {
    const w = weights[at] as number;
    if (w === 0) continue;
    places.push(at);
    const output = Math.floor(at / inputs);
    counts[output] = (counts[output] as number) + 1;
    [least, most] = [Math.min(least, w), Math.max(most, w)];
  }
  const matrix = { places: Int32Array.from(places), counts, least, most };
  matrices.set(weights, matrix);
  return matrix;
}

/** Weights of an instance. */
function weightsOf(node: HwNode): HwConst['data'] {
  return node.consts['weights']?.data ?? new Int32Array();
}

/** Least and greatest sum of any output. */
export function sumRange(node: HwNode): { readonly min: number; readonly max: number } {
  const { outputs, x } = sparseParams(node);
  const weights = weightsOf(node);
  const { places, counts } = matrixOf(weights, outputs);
  const range = valueRange(x);
  let [min, max, at] = [Infinity, -Infinity, 0];
  for (let n = 0; n < outputs; n++) {
    let low = node.consts['bias']?.data[n] ?? 0;
    let high = low;
    for (const end = at + (counts[n] ?? 0); at < end; at++) {
      const w = weights[places[at] as number] as number;
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

function makePlan(node: HwNode): Plan {
  const params = sparseParams(node);
  const { inputs, outputs, pe, simd, packed = false, x } = params;
  const { counts, least, most } = matrixOf(weightsOf(node), outputs);
  const weightBits = rangeBits(least, most);
  const steps = [...schedule(counts, pe, packed)];
  const endBits = packed ? counterBits(pe + 2) : 1;
  const place = placeBits(inputs, simd);
  const width = pe * (place.beat + place.lane + weightBits) + endBits;
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
    endBits,
    block: steps.length > 64 && steps.length * width >= 8192,
    weightBits,
    weightSigned: least < 0,
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

/** Bits that tell one of `count` things; none if there is one. */
function indexBits(count: number): number {
  return count === 1 ? 0 : counterBits(count);
}

/** Bits of an input's place: its beat, and below it its lane. */
export function placeBits(inputs: number, simd: number): { readonly beat: number; readonly lane: number } {
  return { beat: indexBits(Math.ceil(inputs / simd)), lane: indexBits(simd) };
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

/** The words of all steps, as a memory. A lane without a product multiplies input 0 by 0. */
export function scheduleTable(node: HwNode): LaneTable {
  const { params, steps, width, endBits, block, weightBits } = planOf(node);
  const { inputs, outputs, pe, simd } = params;
  const weights = weightsOf(node);
  const { places } = matrixOf(weights, outputs);
  const { beat, lane: laneBits } = placeBits(inputs, simd);
  let at = 0;
  const words = steps.map((step) => {
    const parts = Array.from({ length: pe }, (_, lane) => {
      const place = lane < step.taken ? places[at + lane] : undefined;
      const k = place === undefined ? 0 : place % inputs;
      return [
        [k % simd, laneBits],
        [Math.floor(k / simd), beat],
        [place === undefined ? 0 : (weights[place] as number), weightBits],
      ] as const;
    });
    at += step.taken;
    return word([...parts.flat(), [endCode(step, params), endBits]]);
  });
  return { name: 'schedule', width, words, block };
}
