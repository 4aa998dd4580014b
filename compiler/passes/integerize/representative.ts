import { tailNotANumber } from '../../diagnostics/catalog/passes.ts';
import { fail } from '../../diagnostics/index.ts';
import { evaluateNode } from '../../qir/evaluate.ts';
import { latticeTensor } from '../../qir/ops/lattice.ts';
import { broadcastIndices, lastAxis } from '../../qir/ops/shapes.ts';
import { elementCount, type Tensor } from '../../qir/types.ts';
import { sourceName, whereOf } from '../graph-edit.ts';
import { channelsOf, gather, rowIndices, type Carrier, type Grid, type TailStep } from './carrier.ts';

/**
 * What a carrier's tail computes, with one row for each different element: one for each channel where nothing differs from pixel to
 * pixel, else one for each element. Whole feature maps are never evaluated.
 */
export interface Representative {
  readonly rows: number;
  readonly tail: readonly TailStep[];
  readonly scales: Grid['scales'] | undefined;
  /** The float32 numbers that integers (`rows` a sample, several samples one after another) come to: [samples, rows]. */
  readonly evaluate: (integers: Int32Array) => Tensor;
}

const known = new WeakMap<Carrier, Representative>();

/** The representative of a carrier; remembered. */
export function representative(carrier: Carrier): Representative {
  let found = known.get(carrier);
  if (found === undefined) {
    found = represent(carrier);
    known.set(carrier, found);
  }
  return found;
}

function represent(carrier: Carrier): Representative {
  const channels = channelsOf(carrier);
  const elements = elementCount(carrier.type.shape);
  const { grid } = carrier;
  const perChannel =
    (grid === undefined || alongLastAxis(grid.scaleShape, channels)) &&
    carrier.tail.every((step) =>
      step.operands.every((tensor) => tensor === undefined || fits(step, tensor, channels)),
    );
  const rows = perChannel ? channels : elements;
  const scales = grid && (grid.scales.length === 1 ? grid.scales : spread(grid, carrier.type.shape, rows));
  const tail = carrier.tail.map((step) => ({
    node: step.node,
    operands: step.operands.map((tensor) => tensor && flatten(step, tensor, rows)),
  }));
  return { rows, tail, scales, evaluate: (integers) => evaluate(carrier, { rows, tail, scales }, integers) };
}

/** Whether a constant differs along the last axis at most. */
function alongLastAxis(shape: readonly number[], channels: number): boolean {
  const count = elementCount(shape);
  return count === 1 || (count === channels && lastAxis(shape) === channels);
}

function fits(step: TailStep, tensor: Tensor, channels: number): boolean {
  if (step.node.op !== 'multithreshold') return alongLastAxis(tensor.type.shape, channels);
  const rows = tensor.type.shape[0] ?? 1;
  return rows === 1 || rows === channels;
}

function spread(grid: Grid, shape: readonly number[], rows: number): Grid['scales'] {
  const indices = broadcastIndices(grid.scaleShape, shape);
  return Array.from(indices.subarray(0, rows), (i) => grid.scales[i]).filter((s) => s !== undefined);
}

/** A constant as [] or [rows]; the thresholds of a multithreshold as [1, n] or [rows, n]. */
function flatten(step: TailStep, tensor: Tensor, rows: number): Tensor {
  const { shape } = tensor.type;
  const isRows = step.node.op === 'multithreshold';
  const own = isRows ? (shape[0] ?? 1) : tensor.data.length;
  const n = isRows ? (shape[1] ?? 1) : 1;
  if (own === 1 || (own === rows && (isRows || shape.length === 1))) return tensor;
  const entries = Int32Array.from({ length: rows }, (_, i) => i % own);
  return gather(tensor, rowIndices(entries, n), isRows ? [rows, n] : [rows]);
}

function evaluate(
  carrier: Carrier,
  { rows, tail, scales }: Pick<Representative, 'rows' | 'tail' | 'scales'>,
  integers: Int32Array,
): Tensor {
  const shape = [integers.length / rows, rows];
  let running = toReal(carrier, scales, integers, shape);
  for (const { node, operands } of tail) {
    running = evaluateNode(
      { ...node, type: { ...node.type, shape } },
      operands.map((tensor) => tensor ?? running),
    );
    if (running.data.some(Number.isNaN)) fail(tailNotANumber(whereOf(node), sourceName(node)));
  }
  return running;
}

function toReal(
  carrier: Carrier,
  scales: Grid['scales'] | undefined,
  integers: Int32Array,
  shape: readonly number[],
): Tensor {
  const { grid } = carrier;
  if (grid === undefined || scales === undefined) {
    const type = { elem: carrier.type.elem, shape };
    return carrier.toReal?.({ type, data: integers }) ?? { type, data: integers };
  }
  const levels = grid.zeroPoint === 0 ? integers : integers.map((k) => k - grid.zeroPoint);
  const tensor = latticeTensor(shape, {
    levels,
    scales,
    scaleShape: scales.length === 1 ? [] : [scales.length],
  });
  // the sums of a layer are rounded: no later operation may see more than float32
  return carrier.carried ? tensor : { type: tensor.type, data: tensor.data };
}
