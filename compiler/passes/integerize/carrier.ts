import { tailNotANumber } from '../../diagnostics/catalog/passes.ts';
import { fail, invariant } from '../../diagnostics/index.ts';
import type { Node } from '../../qir/graph.ts';
import { evaluateNode } from '../../qir/evaluate.ts';
import { latticeTensor } from '../../qir/ops/lattice.ts';
import { transposedIndices } from '../../qir/ops/transpose.ts';
import type { Rational } from '../../qir/rational.ts';
import { elementCount, type Tensor, type TensorType } from '../../qir/types.ts';
import { sourceName, whereOf } from '../graph-edit.ts';

/** One real-form operation on the running value: `undefined` stands for that value among its operands. */
export interface TailStep {
  readonly node: Node;
  readonly operands: readonly (Tensor | undefined)[];
}

/** The exact scale of a carrier's integers: real = (integer - zeroPoint) * scale. */
export interface Grid {
  /** One, or one for each element that `scaleShape` broadcasts. */
  readonly scales: readonly Rational[];
  readonly scaleShape: readonly number[];
  readonly zeroPoint: number;
}

/**
 * A value of the real-form graph while it is being turned into integers: an integer value of the new graph, how its integers read
 * as real numbers, and the real-form operations since (the tail), which act on each element for itself.
 */
export interface Carrier {
  /** Name of the integer value in the new graph. */
  readonly base: string;
  readonly type: TensorType;
  /** Least and greatest integer that can come up. */
  readonly range: { readonly min: number; readonly max: number };
  /** Absent where a boundary offset keeps the numbers off the grid. */
  readonly grid?: Grid;
  /** The float32 numbers that integers of `type` stand for. */
  readonly toReal: (integers: Tensor) => Tensor;
  readonly tail: readonly TailStep[];
  /** The shape after the tail: the same elements in the same order. */
  readonly shape: readonly number[];
}

/** The carrier of an integer value whose integers stand for (integer - zeroPoint) * scale. */
export function gridCarrier(base: string, type: TensorType, range: Carrier['range'], grid: Grid): Carrier {
  return {
    base,
    type,
    range,
    grid,
    toReal: (integers) =>
      latticeTensor(integers.type.shape, {
        levels: Int32Array.from(integers.data, (k) => k - grid.zeroPoint),
        scales: grid.scales,
        scaleShape: grid.scaleShape,
      }),
    tail: [],
    shape: type.shape,
  };
}

/** The carrier with one more operation behind it. */
export function extend(carrier: Carrier, step: TailStep): Carrier {
  return { ...carrier, tail: [...carrier.tail, step], shape: step.node.type.shape };
}

/** Whether the node moves no element: a reshape, or a transpose that only moves axes of length one. */
export function keepsOrder(node: Node, shape: readonly number[]): boolean {
  if (node.op === 'reshape') return true;
  const perm = node.attributes['perm'];
  if (node.op !== 'transpose' || !Array.isArray(perm)) return false;
  return transposedIndices(shape, perm as readonly number[]).every((source, i) => source === i);
}

/** Whether a step only names another shape. */
export function isReshape(step: TailStep): boolean {
  return step.node.op === 'reshape' || step.node.op === 'transpose';
}

/** The source nodes of the carrier's reshapes. */
export function reshapeOrigin(carrier: Carrier): string[] {
  return carrier.tail.filter(isReshape).flatMap((step) => step.node.origin.nodes);
}

/** Evaluates the tail at integers (one for each element), by the evaluators of its operations. */
export function evaluateTail(carrier: Carrier, integers: Tensor): Tensor {
  let running = carrier.toReal(integers);
  for (const step of carrier.tail) running = evaluateStep(step, running);
  return running;
}

/** Evaluates one step; ends with a diagnostic where it yields NaN. */
function evaluateStep(step: TailStep, running: Tensor): Tensor {
  const result = evaluateNode(
    step.node,
    step.operands.map((tensor) => tensor ?? running),
  );
  if (result.data.some(Number.isNaN)) fail(tailNotANumber(whereOf(step.node), sourceName(step.node)));
  return result;
}

/** A tensor of the carrier's integers with the same number everywhere. */
export function integersAt(carrier: Carrier, at: (element: number) => number): Tensor {
  const data = new Int32Array(elementCount(carrier.type.shape));
  for (let i = 0; i < data.length; i++) data[i] = at(i);
  return { type: { elem: { kind: 'int', bits: 32 }, shape: carrier.type.shape }, data };
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
