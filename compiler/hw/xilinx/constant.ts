/** Binary dot products whose weights are constants of the fold step: no weight memory is left. */
import { countPairs } from './front.ts';
import { NetlistBuilder, ZERO } from './netlist.ts';
import type { Net, Netlist } from './netlist.ts';
import { packChains } from './pack.ts';
import { sharedTables } from './tables.ts';
import { sumHeap } from './tree.ts';
import type { Heap } from './tree.ts';
import { bitsFor } from './xnor.ts';

/** A weight: 1 for +1, 0 for -1, null where the operation is padding and contributes 0. */
export type WeightBit = 0 | 1 | null;

/** What a processing element gives. */
export type ConstantOutput =
  /** The popcount, `bitsFor(simd)` bits. */
  | { readonly kind: 'sum' }
  /** `(clr ? 0 : acc) + popcount`, modulo `2^accBits`. */
  | { readonly kind: 'accumulate'; readonly accBits: number }
  /** One bit: popcount >= `thresholds[pe][step]`. */
  | { readonly kind: 'threshold'; readonly thresholds: readonly (readonly number[])[] };

export interface ConstantOptions {
  /** Operations per element and cycle. */
  readonly simd: number;
  /** `weights[pe][step][k]`; at most 64 steps, the same number for every element. */
  readonly weights: readonly (readonly (readonly WeightBit[])[])[];
  readonly output: ConstantOutput;
  /** As in `XnorOptions`; used from 17 steps on, where the weights are decoded before the XNOR. */
  readonly cut?: number;
}

/** Steps up to which the decode of the step lies inside the unit. */
export const MAX_CONSTANT_STEPS = 64;

/** An operand with its weights `[pe][step]`; no weight is null. */
interface Operand {
  readonly x: Net;
  readonly weights: readonly (readonly number[])[];
}

/**
 * All processing elements of a unit with constant weights. Inputs `x[simd]` and, with more than one step,
 * `step`; with an accumulator `acc` and `clr`. Output `sum` (elements from low to high) or, with thresholds,
 * `y` with one bit per element. What a step number beyond the last gives is unspecified. Sums must go into
 * flip-flops (see `sumHeap`).
 *
 * A row whose neuron does not exist is best given arbitrary weights instead of nulls.
 */
export function xnorConst(options: ConstantOptions): Netlist {
  const { simd, weights, output } = options;
  const pes = weights.length;
  const steps = weights[0]?.length ?? 0;
  checkShape(options, steps);
  const builder = new NetlistBuilder();
  const x = builder.input('x', simd);
  const step = steps > 1 ? builder.input('step', bitsFor(steps - 1)) : [];
  const popcount = bitsFor(simd);
  const width =
    output.kind === 'accumulate' ? output.accBits : popcount + (output.kind === 'threshold' ? 1 : 0);
  const acc = output.kind === 'accumulate' ? builder.input('acc', pes * width) : [];
  const clear = output.kind === 'accumulate' ? builder.scalarInput('clr') : ZERO;
  const heaps: Heap[] = weights.map(() => Array.from({ length: width }, () => []));
  const unit = new ConstantFront(builder, step, steps, heaps);
  unit.addOperations(x, weights, options.cut ?? 8);
  if (output.kind === 'threshold') unit.addOffsets(output.thresholds, popcount, simd);
  const sums = heaps.map((heap, pe) => {
    if (output.kind === 'threshold') return sumHeap(builder, heap, 'msb');
    if (output.kind === 'sum') return sumHeap(builder, heap, 'sum');
    return sumHeap(builder, heap, 'accumulate', { value: acc.slice(pe * width, (pe + 1) * width), clear });
  });
  builder.output(output.kind === 'threshold' ? 'y' : 'sum', sums.flat());
  return packChains(builder.finish());
}

function checkShape({ simd, weights, output }: ConstantOptions, steps: number): void {
  if (steps < 1 || steps > MAX_CONSTANT_STEPS) throw new RangeError(`${steps} steps, expected 1 to 64`);
  for (const rows of weights)
    if (rows.length !== steps || rows.some((row) => row.length !== simd))
      throw new RangeError(`weights are not ${weights.length} x ${steps} x ${simd}`);
  if (output.kind !== 'threshold') return;
  const { thresholds } = output;
  if (thresholds.length !== weights.length || thresholds.some((row) => row.length !== steps))
    throw new RangeError(`thresholds are not ${weights.length} x ${steps}`);
}

/** The first layer for all elements: from operands and the step to bits on each element's heap. */
class ConstantFront {
  private readonly builder: NetlistBuilder;
  private readonly step: readonly Net[];
  private readonly steps: number;
  private readonly heaps: readonly Heap[];

  constructor(builder: NetlistBuilder, step: readonly Net[], steps: number, heaps: readonly Heap[]) {
    this.builder = builder;
    this.step = step;
    this.steps = steps;
    this.heaps = heaps;
  }

  addOperations(x: readonly Net[], weights: ConstantOptions['weights'], cut: number): void {
    const operands: Operand[] = [];
    x.forEach((net, k) => {
      const column = weights.map((rows) => rows.map((row) => row[k]!));
      const regular = this.steps > 8 && this.steps <= 16 ? null : this.regularOperand(net, column);
      if (regular) operands.push(regular);
      else this.addProducts(net, column);
    });
    if (this.steps <= 8) this.addTriples(operands);
    else if (operands.length > 0) this.addDecoded(operands, cut);
  }

  /** Adds `2^bits - T` so that bit `bits` of the sum tells whether the popcount reaches T. */
  addOffsets(thresholds: readonly (readonly number[])[], bits: number, simd: number): void {
    const offsets = thresholds.map((row) => row.map((t) => 2 ** bits - Math.max(0, Math.min(simd + 1, t))));
    const requests = offsets.flatMap((row) =>
      [...Array(bits + 1).keys()].map((bit) => row.map((offset) => Math.floor(offset / 2 ** bit) & 1)),
    );
    const nets = this.tables(
      [],
      requests.map((table) => (_, step) => table[step]!),
    );
    for (let bit = 0; bit <= bits; bit += 1) {
      const column = offsets.map((_, pe) => nets[pe * (bits + 1) + bit]!);
      this.push(bit, column);
    }
  }

  /** One signal per function of `pins` and the step; steps that never come repeat the first ones. */
  private tables(
    pins: readonly Net[],
    functions: readonly ((values: readonly number[], step: number) => number)[],
  ): readonly Net[] {
    const wrapped = functions.map(
      (f) => (values: readonly number[], row: number) => f(values, (row >> pins.length) % this.steps),
    );
    return sharedTables(this.builder, [...pins, ...this.step], wrapped);
  }

  /** A bit per element; one that is 0 in all of them is left out. */
  private push(column: number, nets: readonly Net[]): void {
    if (nets.every((net) => net === ZERO)) return;
    nets.forEach((net, pe) => this.heaps[pe]![column]?.push(net));
  }

  /** Products of one operand as bits of weight 1. */
  private addProducts(x: Net, column: readonly (readonly WeightBit[])[]): void {
    const product = (weight: WeightBit, value: number): number => (weight === null ? 0 : 1 ^ value ^ weight);
    if (this.step.length <= 5) {
      const functions = column.map(
        (row) => (values: readonly number[], step: number) => product(row[step]!, values[0]!),
      );
      this.push(0, this.tables([x], functions));
      return;
    }
    const weight = this.tables(
      [],
      column.map((row) => (_, step) => row[step] ?? 0),
    );
    const valid = this.tables(
      [],
      column.map((row) => (_, step) => (row[step] === null ? 0 : 1)),
    );
    const bits = column.map((_, pe) =>
      this.builder.lut([x, weight[pe]!, valid[pe]!], ([a, b, c]) => (1 ^ a! ^ b!) & c!),
    );
    this.push(0, bits);
  }

  /**
   * The operand without nulls: where all elements pad at the same steps, x is held at 0 there and the
   * weight read as +1, which counts nothing. Null when the elements differ.
   */
  private regularOperand(x: Net, column: readonly (readonly WeightBit[])[]): Operand | null {
    const pads = column[0]!.map((weight) => weight === null);
    if (!pads.includes(true)) {
      if (column.some((row) => row.includes(null))) return null;
      return { x, weights: column.map((row) => row.map(Number)) };
    }
    if (this.step.length > 5) return null;
    if (column.some((row) => row.some((weight, step) => (weight === null) !== pads[step]))) return null;
    const [masked] = this.tables([x], [(values, step) => (pads[step] ? 0 : values[0]!)]);
    return { x: masked!, weights: column.map((row) => row.map((weight) => weight ?? 1)) };
  }

  /**
   * Up to eight steps: of three products only the majority is built. Their parity is again an operand,
   * the parity of the x against that of the weights, and the x half is shared by all elements.
   */
  private addTriples(operands: readonly Operand[]): void {
    let level = [...operands];
    while (level.length >= 3) {
      const next: Operand[] = [];
      for (let index = 0; index + 2 < level.length; index += 3)
        next.push(this.addTriple(level.slice(index, index + 3)));
      level = [...next, ...level.slice(level.length - (level.length % 3))];
    }
    for (const operand of level) this.addProducts(operand.x, operand.weights as readonly WeightBit[][]);
  }

  private addTriple(triple: readonly Operand[]): Operand {
    const pins = triple.map((operand) => operand.x);
    const functions = this.heaps.map((_, pe) => {
      const rows = triple.map(({ weights }) => weights[pe]!);
      return (values: readonly number[], step: number) => {
        let ones = 0;
        for (let index = 0; index < 3; index++) ones += 1 ^ values[index]! ^ rows[index]![step]!;
        return ones >= 2 ? 1 : 0;
      };
    });
    this.push(1, this.tables(pins, functions));
    const x = this.builder.lut(pins, ([a, b, c]) => a! ^ b! ^ c!);
    const weights = this.heaps.map((_, pe) =>
      triple[0]!.weights[pe]!.map(
        (first, step) => first ^ triple[1]!.weights[pe]![step]! ^ triple[2]!.weights[pe]![step]!,
      ),
    );
    return { x, weights };
  }

  /** From 17 steps on: weights by ROM tables of the step, then the unit with weights on pins. */
  private addDecoded(operands: readonly Operand[], cut: number): void {
    const requests = this.heaps.flatMap((_, pe) =>
      operands.map((operand) => (_values: readonly number[], step: number) => operand.weights[pe]![step]!),
    );
    const nets = this.tables([], requests);
    this.heaps.forEach((heap, pe) => {
      const pairs = operands.map(({ x }, index) => ({ x, w: nets[pe * operands.length + index]! }));
      countPairs(this.builder, pairs, cut, heap);
    });
  }
}
