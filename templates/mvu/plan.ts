import { bitWidth } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { analyse, mvuParams } from './analysis.ts';
import type { Analysis, MvuParams } from './analysis.ts';

/**
 * Numbers that differ from output to output, arranged for PE lanes: `lanes` if every group of outputs has the same ones (then
 * they dissolve into logic), `table` with one row a group otherwise. Values are in lane order, `values` of them a lane.
 */
export type LaneNumbers =
  | { readonly kind: 'lanes'; readonly row: readonly number[] }
  | { readonly kind: 'table'; readonly rows: readonly (readonly number[])[] };

/**
 * What the result stage does with the accumulator: `sum` prints it (as {acc, parity} if inputs are bipolar, which halves the
 * sum), `sign` takes its sign (one threshold, subtracted beforehand), `levels` compares it with every threshold.
 */
export type Result =
  | { readonly kind: 'sum'; readonly parity?: LaneNumbers }
  | { readonly kind: 'sign' }
  | { readonly kind: 'levels'; readonly count: number; readonly thresholds: LaneNumbers };

/** How an instance is built: schedule, widths and constants. */
export interface Plan {
  readonly params: MvuParams;
  readonly analysis: Analysis;
  /** Beats of one input frame, and groups of PE outputs. */
  readonly sf: number;
  readonly nf: number;
  readonly steps: number;
  /** `input` only if both sf and nf are above 1; otherwise the two orders are the same. */
  readonly order: 'output' | 'input';
  /** Bits of an accumulator; signed if its range goes below zero. */
  readonly accBits: number;
  readonly accSigned: boolean;
  /**
   * Where the running sum lives: nowhere (one step makes the whole sum), in a register that is loaded with the start value at
   * the end of each sum (`load`, for start values that are constants), in a register whose start value is multiplexed in
   * (`mux`), or in a memory with one word a group (`memory`).
   */
  readonly store: 'none' | 'load' | 'mux' | 'memory';
  /** Start values of the sums. */
  readonly init: LaneNumbers;
  readonly result: Result;
  /** Lanes of the last output beat that stand for no output. */
  readonly idleLanes: number;
}

const known = new WeakMap<HwNode['params'], { readonly consts: HwNode['consts']; readonly plan: Plan }>();

/** The plan of a checked instance; the same for instances that differ in their names only. */
export function planOf(node: HwNode): Plan {
  const found = known.get(node.params);
  if (found?.consts === node.consts) return found.plan;
  const plan = makePlan(node);
  known.set(node.params, { consts: node.consts, plan });
  return plan;
}

function bitsFor(min: number, max: number): number {
  let bits = 1;
  if (min >= 0) while (max >= 2 ** bits) bits++;
  else while (min < -(2 ** (bits - 1)) || max >= 2 ** (bits - 1)) bits++;
  return bits;
}

/** Arranges per-output rows of numbers for the lanes; idle lanes repeat what stands above them. */
function laneNumbers(
  outputs: number,
  pe: number,
  nf: number,
  of: (output: number) => readonly number[],
): LaneNumbers {
  const rows: number[][] = [];
  for (let group = 0; group < nf; group++) {
    const row: number[] = [];
    for (let lane = 0; lane < pe; lane++) {
      const output = group * pe + lane;
      row.push(...of(output < outputs ? output : lane % outputs));
    }
    rows.push(row);
  }
  const row = rows[0] ?? [];
  if (rows.every((other) => other.every((value, i) => value === row[i]))) return { kind: 'lanes', row };
  return { kind: 'table', rows };
}

/** The parts of a plan that the result decides: start values, thresholds and the accumulator's range. */
interface Numbers {
  readonly init: (output: number) => number;
  readonly min: number;
  readonly max: number;
  readonly result: Result;
}

function sumNumbers(a: Analysis, p: MvuParams, nf: number, shift: number): Numbers {
  const init = (n: number): number => Math.floor((a.offset[n] ?? 0) / a.scale) - shift;
  let [min, max] = [Infinity, -Infinity];
  for (let n = 0; n < p.outputs; n++) {
    min = Math.min(min, (a.low[n] ?? 0) + shift + init(n));
    max = Math.max(max, (a.high[n] ?? 0) + shift + init(n));
  }
  if (a.scale === 1) return { init, min, max, result: { kind: 'sum' } };
  const parity = laneNumbers(p.outputs, p.pe, nf, (n) => [Math.abs((a.offset[n] ?? 0) % 2)]);
  return { init, min, max, result: { kind: 'sum', parity } };
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}

function signNumbers(a: Analysis, p: MvuParams, shift: number): Numbers {
  const init = (n: number): number =>
    -clamp(a.thresholds[n] ?? 0, a.low[n] ?? 0, (a.high[n] ?? 0) + 1) - shift;
  let [min, max] = [-1, 0];
  for (let n = 0; n < p.outputs; n++) {
    min = Math.min(min, (a.low[n] ?? 0) + shift + init(n));
    max = Math.max(max, (a.high[n] ?? 0) + shift + init(n));
  }
  return { init, min, max, result: { kind: 'sign' } };
}

/** Thresholds that differ from output to output, compared with H itself. */
function absoluteLevels(a: Analysis, p: MvuParams, nf: number, shift: number): Numbers {
  const { count } = a;
  let [min, max] = [Infinity, -Infinity];
  for (let n = 0; n < p.outputs; n++) {
    min = Math.min(min, (a.low[n] ?? 0) + shift);
    max = Math.max(max, (a.high[n] ?? 0) + 1 + shift);
  }
  const thresholds = laneNumbers(p.outputs, p.pe, nf, (n) =>
    Array.from({ length: count }, (_, j) =>
      clamp(
        (a.thresholds[n * count + j] ?? 0) + shift,
        (a.low[n] ?? 0) + shift,
        (a.high[n] ?? 0) + 1 + shift,
      ),
    ),
  );
  return { init: () => 0, min, max, result: { kind: 'levels', count, thresholds } };
}

/** Outputs whose thresholds lie the same distances apart start from minus their first one and share constant distances. */
function relativeLevels(a: Analysis, p: MvuParams, shift: number): Numbers | undefined {
  const { count } = a;
  const row = Array.from({ length: count }, (_, j) => (a.thresholds[j] ?? 0) - (a.thresholds[0] ?? 0));
  const first = (n: number): number => a.thresholds[n * count] ?? 0;
  let [min, max] = [-1, row[count - 1] ?? 0];
  for (let n = 0; n < p.outputs; n++) {
    for (let j = 0; j < count; j++)
      if ((a.thresholds[n * count + j] ?? 0) - first(n) !== row[j]) return undefined;
    min = Math.min(min, (a.low[n] ?? 0) - first(n));
    max = Math.max(max, (a.high[n] ?? 0) - first(n));
  }
  const thresholds = Array.from({ length: p.pe }, () => row).flat();
  const result: Result = { kind: 'levels', count, thresholds: { kind: 'lanes', row: thresholds } };
  return { init: (n) => -first(n) - shift, min, max, result };
}

function levelNumbers(a: Analysis, p: MvuParams, nf: number, shift: number): Numbers {
  if (a.count === 1) return signNumbers(a, p, shift);
  const absolute = absoluteLevels(a, p, nf, shift);
  if (absolute.result.kind === 'levels' && absolute.result.thresholds.kind === 'lanes') return absolute;
  const relative = relativeLevels(a, p, shift);
  const wider = relative === undefined ? Infinity : bitsFor(relative.min, relative.max);
  return relative !== undefined && wider <= bitsFor(absolute.min, absolute.max) + 2 ? relative : absolute;
}

function makePlan(node: HwNode): Plan {
  const params = mvuParams(node);
  const { inputs, outputs, pe, simd } = params;
  const analysis = analyse(node, true);
  const sf = Math.ceil(inputs / simd);
  const nf = Math.ceil(outputs / pe);
  const shift = analysis.padding * (sf * simd - inputs);
  const numbers =
    analysis.count === 0
      ? sumNumbers(analysis, params, nf, shift)
      : levelNumbers(analysis, params, nf, shift);
  const order = params.order === 'input' && sf > 1 && nf > 1 ? 'input' : 'output';
  const init = laneNumbers(outputs, pe, nf, (n) => [numbers.init(n)]);
  const store = sf === 1 ? 'none' : order === 'input' ? 'memory' : init.kind === 'lanes' ? 'load' : 'mux';
  const accSigned = numbers.min < 0;
  const accBits = bitsFor(numbers.min, numbers.max);
  return {
    params,
    analysis,
    sf,
    nf,
    steps: sf * nf,
    order,
    accBits,
    accSigned,
    store,
    init,
    result: numbers.result,
    idleLanes: nf * pe - outputs,
  };
}

/** Bits of one input and of one output element on the wires. */
export function elementBits(plan: Plan): { readonly x: number; readonly y: number } {
  return { x: bitWidth(plan.params.x), y: bitWidth(plan.params.y) };
}
