import { operandNotQuantized } from '../../diagnostics/catalog/passes.ts';
import { fail, invariant } from '../../diagnostics/index.ts';
import { value, type Node } from '../../qir/graph.ts';
import { getNumberOr } from '../../qir/ops/attributes.ts';
import { ops } from '../../qir/ops/index.ts';
import { broadcastIndices, lastAxis } from '../../qir/ops/shapes.ts';
import type { Movement } from '../../qir/op.ts';
import { integerQuotient, rationalOf } from '../../qir/rational.ts';
import { elementCount, type Tensor } from '../../qir/types.ts';
import { sourceName, whereOf } from '../graph-edit.ts';
import type { Builder } from './builder.ts';
import { gather, move, rowIndices, withoutMoves, type Carrier, type Grid, type TailStep } from './carrier.ts';
import { onGrid, settled } from './quantize.ts';
import { withoutZeroPoint } from './rescale.ts';

/** Whether an operation only moves elements. */
export function isMovement(node: Node): boolean {
  return node.op === 'reshape' || ops.get(node.op)?.moves !== undefined;
}

/** For each element of a node that moves elements of a tensor of this shape the index in its operand; undefined if the order stays. */
export function sourcesOf(node: Node, shape: readonly number[]): Int32Array | undefined {
  if (node.op === 'reshape') return undefined;
  const { index } = movementOf(node, shape);
  return index.length === elementCount(shape) && index.every((from, i) => from === i) ? undefined : index;
}

function movementOf(node: Node, shape: readonly number[]): Movement {
  const moves = ops.get(node.op)?.moves;
  invariant(moves, `${node.op} does not move elements`);
  return moves(shape, node.attributes);
}

/**
 * The carrier behind a node that only moves elements. Where none is lost or doubled that is put off, until a reader wants the elements
 * in their new places; else the integers are moved, and what the tail has for each channel with them.
 */
export function movement(builder: Builder, node: Node, carrier: Carrier, origin: readonly string[]): Carrier {
  const sources = sourcesOf(node, carrier.shape);
  if (sources === undefined || isPermutation(sources, elementCount(carrier.shape)))
    return move(carrier, { node, sources });
  if (sources.includes(-1)) return filled(builder, node, onGrid(builder, carrier, node, origin));
  if (carrier.moves.length > 0)
    return moved(builder, node, settled(builder, onGrid(builder, carrier, node, origin), node), sources);
  return moved(builder, node, carrier, sources);
}

function isPermutation(sources: Int32Array, count: number): boolean {
  if (sources.length !== count) return false;
  const taken = new Uint8Array(count);
  for (const from of sources) if (from >= 0) taken[from] = 1;
  return taken.every((t) => t === 1);
}

/** The integers moved by a node that takes each from somewhere. */
function moved(builder: Builder, node: Node, carrier: Carrier, sources: Int32Array): Carrier {
  const { name, op, attributes } = node;
  const operands = [value(carrier.base)];
  const result = builder.add({ name, op, operands, attributes, origin: node.origin.nodes });
  const tail = carrier.tail.map((step) => movedStep(step, sources, result.type.shape));
  const next = {
    ...withoutMoves(carrier),
    base: result.name,
    type: result.type,
    shape: result.type.shape,
    tail,
  };
  return carrier.grid === undefined
    ? next
    : { ...next, grid: movedGrid(carrier.grid, carrier.type.shape, sources, result.type.shape) };
}

function movedStep(step: TailStep, sources: Int32Array, to: readonly number[]): TailStep {
  const isRows = step.node.op === 'multithreshold';
  const operands = step.operands.map((tensor): Tensor | undefined => {
    if (tensor === undefined) return undefined;
    const entries = isRows ? (tensor.type.shape[0] ?? 1) : tensor.data.length;
    if (entries === 1) return tensor;
    // one entry for each channel, or for each element: the index counts them round and round
    const kept = periodic(
      sources.map((from) => from % entries),
      lastAxis(to),
    );
    const n = tensor.data.length / entries;
    const shape = kept.length === lastAxis(to) ? [kept.length] : to;
    return gather(tensor, rowIndices(kept, n), isRows ? [kept.length, n] : shape);
  });
  return { ...step, operands };
}

function movedGrid(grid: Grid, from: readonly number[], sources: Int32Array, to: readonly number[]): Grid {
  if (grid.scales.length === 1) return grid;
  const before = broadcastIndices(grid.scaleShape, from);
  const kept = periodic(
    sources.map((i) => before[i] ?? 0),
    lastAxis(to),
  );
  const scales = Array.from(kept, (i) => grid.scales[i]).filter((scale) => scale !== undefined);
  return { ...grid, scales, scaleShape: kept.length === lastAxis(to) ? [kept.length] : to };
}

/** The indices of one pixel, if all pixels have the same; else all. */
function periodic(indices: Int32Array, channels: number): Int32Array {
  return indices.every((index, i) => index === indices[i % channels])
    ? indices.subarray(0, channels)
    : indices;
}

/** Moves with a number between or around the elements (pad, dilate): the number takes its level. */
function filled(builder: Builder, node: Node, carrier: Carrier): Carrier {
  let x = settled(builder, carrier, node);
  const { fill } = movementOf(node, x.shape);
  const refuse = (found: string): never => fail(operandNotQuantized(whereOf(node), sourceName(node), found));
  if (x.grid === undefined) return refuse('float32 numbers');
  const [scale] = x.grid.scales;
  const level =
    fill === 0 ? 0 : scale && x.grid.scales.length === 1 && integerQuotient(rationalOf(fill), scale);
  if (typeof level !== 'number') return refuse(`padding ${fill} that is no multiple of their scale`);
  const canFill = node.op === 'pad';
  // a dilated image has integer zeros between its pixels
  if (!canFill && x.grid.zeroPoint !== 0) x = withoutZeroPoint(builder, x, node);
  const zeroPoint = x.grid?.zeroPoint ?? 0;
  const at = zeroPoint + level;
  if (Math.abs(at) >= 2 ** 31) return refuse(`padding ${fill} at level ${at}`);
  const isDefault = !canFill || (at === 0 && getNumberOr(node.attributes, 'value', 0) === 0);
  const attributes = isDefault ? node.attributes : { ...node.attributes, value: at };
  const { name, op } = node;
  const result = builder.add({ name, op, operands: [value(x.base)], attributes, origin: node.origin.nodes });
  const range = { min: Math.min(x.range.min, at), max: Math.max(x.range.max, at) };
  const next = { ...x, base: result.name, type: result.type, shape: result.type.shape, range };
  if (x.grid === undefined || x.grid.scales.length === 1) return next;
  if (lastAxis(x.grid.scaleShape) !== x.grid.scales.length) return refuse('a scale for each element');
  return next;
}
