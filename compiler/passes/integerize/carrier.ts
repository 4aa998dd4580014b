import type { Node } from '../../qir/graph.ts';
import { broadcastIndices, lastAxis, sameShape } from '../../qir/ops/shapes.ts';
import { carriedLattice } from '../../qir/ops/lattice.ts';
import { withLattice } from '../../qir/ops/real.ts';
import type { Rational } from '../../qir/rational.ts';
import { invariant } from '../../diagnostics/index.ts';
import { elementCount, type Tensor, type TensorType } from '../../qir/types.ts';

/**
 * One real-form operation on the running value: `undefined` stands for that value among its operands. Constants are given in the
 * order of the carrier's integers, before its moves: one number, one for each channel, or one for each element.
 */
export interface TailStep {
  readonly node: Node;
  readonly operands: readonly (Tensor | undefined)[];
}

/** The exact scale of a carrier's integers: real = (integer - zeroPoint) * scale. */
export interface Grid {
  /** One, or one for each element that `scaleShape` broadcasts to the integers' shape. */
  readonly scales: readonly Rational[];
  readonly scaleShape: readonly number[];
  readonly zeroPoint: number;
  /** Set where the model itself counts levels of several scales on their common one, so that products with them are exact. */
  readonly common?: boolean;
}

/**
 * A value of the real-form graph while it is being turned into integers: an integer value of the new graph, how its integers read
 * as real numbers, the real-form operations since (the tail), which act on each element for itself, and behind them the moves, which
 * put the elements into another shape or order.
 *
 * Elementwise operations and moves commute, so a constant that is applied behind a move is taken back through it.
 */
export interface Carrier {
  /** Name of the integer value in the new graph. */
  readonly base: string;
  readonly type: TensorType;
  /** Least and greatest integer that can come up. */
  readonly range: { readonly min: number; readonly max: number };
  /** Absent where a boundary offset keeps the numbers off the grid; then `toReal` says what they are. */
  readonly grid?: Grid;
  readonly toReal?: (integers: Tensor) => Tensor;
  /**
   * Whether the model's value is exactly integer times scale (the result of a quantizer), or that rounded to float32 (the sums of a
   * layer).
   */
  readonly carried: boolean;
  readonly tail: readonly TailStep[];
  /** Nodes that give the elements another shape or order, none of them lost or doubled. */
  readonly moves: readonly Move[];
  /** For each element behind the moves, its index among the integers; absent where the moves keep the order. */
  readonly order?: Int32Array;
  /** The shape behind the moves. */
  readonly shape: readonly number[];
}

/** A node that puts elements into another shape or order. */
export interface Move {
  readonly node: Node;
  /** For each element of its result the index in its operand; absent where the order stays. */
  readonly sources: Int32Array | undefined;
}

/** The carrier of an integer value whose integers stand for (integer - zeroPoint) * scale. */
export function gridCarrier(
  base: string,
  type: TensorType,
  range: Carrier['range'],
  grid: Grid,
  carried = true,
): Carrier {
  return { base, type, range, grid, carried, tail: [], moves: [], shape: type.shape };
}

/** The carrier with one more elementwise operation; `constants` are the node's own, as it applies them. */
export function extend(carrier: Carrier, node: Node, constants: readonly (Tensor | undefined)[]): Carrier {
  const back = node.op === 'multithreshold' ? rowsBack : constantBack;
  const operands = constants.map((tensor) => tensor && back(carrier, tensor));
  return { ...carrier, tail: [...carrier.tail, { node, operands }] };
}

/** The carrier behind one more move. */
export function move(carrier: Carrier, { node, sources }: Move): Carrier {
  const { order: before, ...rest } = carrier;
  const order =
    sources === undefined || before === undefined ? (sources ?? before) : sources.map((i) => before[i] ?? 0);
  const moved = { ...rest, moves: [...carrier.moves, { node, sources }], shape: node.type.shape };
  return order === undefined ? moved : { ...moved, order };
}

/** The carrier without its moves, for a node that has carried them out or that comes before them. */
export function withoutMoves(carrier: Carrier): Carrier {
  const { order: _, ...rest } = carrier;
  return { ...rest, moves: [], shape: carrier.type.shape };
}

/** The moves of one carrier behind another, whose elements lie as the first one's integers do. */
export function withMovesOf(carrier: Carrier, from: Carrier): Carrier {
  const moved = { ...carrier, moves: from.moves, shape: from.shape };
  return from.order === undefined ? moved : { ...moved, order: from.order };
}

/** How many channels the integers have: the length of their last axis. */
export function channelsOf(carrier: Carrier): number {
  return lastAxis(carrier.type.shape);
}

/** The source nodes of the carrier's moves. */
export function moveOrigin(carrier: Carrier): string[] {
  return carrier.moves.flatMap(({ node }) => node.origin.nodes);
}

/** The index among the operand's entries for each of the carrier's integers, before the moves. */
function entriesBack(carrier: Carrier, shape: readonly number[]): Int32Array {
  const behind = broadcastIndices(shape, carrier.shape);
  const { order } = carrier;
  if (order === undefined) return behind;
  const entries = new Int32Array(behind.length);
  for (let i = 0; i < entries.length; i++) entries[order[i] ?? 0] = behind[i] ?? 0;
  return entries;
}

/** Whether an index repeats with every `period` elements. */
function repeats(entries: Int32Array, period: number): boolean {
  for (let i = period; i < entries.length; i++) if (entries[i] !== entries[i - period]) return false;
  return true;
}

/** A constant as a number, one for each channel, or one for each integer. */
function constantBack(carrier: Carrier, tensor: Tensor): Tensor {
  if (tensor.data.length === 1) return gather(tensor, Int32Array.of(0), []);
  const channels = channelsOf(carrier);
  const own = tensor.type.shape;
  const isLastAxis = lastAxis(own) === tensor.data.length && lastAxis(own) === channels;
  if (isLastAxis && carrier.order === undefined && lastAxis(carrier.shape) === channels) {
    if (sameShape(own, [channels])) return tensor;
    return gather(tensor, Int32Array.from(tensor.data.keys()), [channels]);
  }
  const entries = entriesBack(carrier, own);
  const shape = repeats(entries, channels) ? [channels] : carrier.type.shape;
  return gather(tensor, entries.subarray(0, elementCount(shape)), shape);
}

/** The thresholds of a multithreshold: one row, one for each channel, or one for each integer. */
function rowsBack(carrier: Carrier, tensor: Tensor): Tensor {
  const [rows, n] = [tensor.type.shape[0] ?? 1, tensor.type.shape[1] ?? 1];
  const channels = channelsOf(carrier);
  if (rows === 1) return tensor;
  if (carrier.order === undefined && lastAxis(carrier.shape) === channels) return tensor;
  const entries = entriesBack(carrier, [rows]);
  const kept = repeats(entries, channels) ? entries.subarray(0, channels) : entries;
  return gather(tensor, rowIndices(kept, n), [kept.length, n]);
}

/** The indices of the elements of some rows of `n`. */
export function rowIndices(rows: Int32Array, n: number): Int32Array {
  return Int32Array.from({ length: rows.length * n }, (_, i) => (rows[Math.floor(i / n)] ?? 0) * n + (i % n));
}

/** A real-form tensor of some elements of another one; what is known of their levels goes along. */
export function gather(tensor: Tensor, indices: Int32Array, shape: readonly number[]): Tensor {
  const gathered: Tensor = {
    type: { elem: tensor.type.elem, shape },
    data: Float32Array.from(indices, (i) => tensor.data[i] ?? 0),
  };
  const lattice = carriedLattice(tensor);
  if (lattice === undefined) return gathered;
  const levels = Int32Array.from(indices, (i) => lattice.levels[i] ?? 0);
  if (lattice.scales.length === 1) return withLattice(gathered, { ...lattice, levels, scaleShape: [] });
  const scaleAt = broadcastIndices(lattice.scaleShape, tensor.type.shape);
  const scales = Array.from(indices, (i) => lattice.scales[scaleAt[i] ?? 0]).filter((s) => s !== undefined);
  return withLattice(gathered, { levels, scales, scaleShape: shape });
}

/** The integers that can come up, in order (a bipolar value is never 0). */
export function candidates(carrier: Carrier): {
  readonly count: number;
  readonly at: (index: number) => number;
} {
  const { min, max } = carrier.range;
  if (carrier.type.elem.kind === 'bipolar') {
    invariant(min >= -1 && max <= 1, 'a bipolar value out of range');
    return { count: 2, at: (index) => 2 * index - 1 };
  }
  return { count: max - min + 1, at: (index) => min + index };
}
