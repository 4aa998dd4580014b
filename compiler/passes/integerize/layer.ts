import {
  accumulatorTooWide,
  operandNotQuantized,
  weightsNotQuantized,
} from '../../diagnostics/catalog/passes.ts';
import { fail, invariant } from '../../diagnostics/index.ts';
import { value, type Node } from '../../qir/graph.ts';
import { overallRange, rowRanges } from '../../qir/ops/accumulate.ts';
import { accumulatorType } from '../../qir/ops/sums.ts';
import { withLastAxis } from '../../qir/ops/shapes.ts';
import { type Tensor } from '../../qir/types.ts';
import { sourceName, whereOf } from '../graph-edit.ts';
import { tensorOf, type Builder } from './builder.ts';
import { gridCarrier, type Carrier, type Grid } from './carrier.ts';
import { integerWeights, rowSums } from './weights.ts';

/** An integer matmul of the graph under construction, kept so that a bias can still be added. */
export interface Layer {
  readonly carrier: Carrier;
  readonly x: Carrier;
  readonly weights: Tensor;
  readonly bias: Float64Array;
  readonly grid: Grid;
  readonly origin: readonly string[];
}

/** Adds the matmul of an operand on a grid with quantized weights; fails with a diagnostic where integers cannot hold it. */
export function integerMatmul(
  builder: Builder,
  node: Node,
  x: Carrier,
  w: Tensor,
  origin: readonly string[],
): Layer {
  const scale = x.grid?.scales.length === 1 ? x.grid.scales[0] : undefined;
  if (x.grid === undefined || scale === undefined) {
    fail(operandNotQuantized(whereOf(node), sourceName(node), 'a scale for each channel'));
  }
  const weights = integerWeights(w, scale);
  if (typeof weights === 'string') fail(weightsNotQuantized(whereOf(node), sourceName(node), weights));
  // sum w (x - zero) = sum w x - zero sum w
  const { zeroPoint } = x.grid;
  const bias =
    zeroPoint === 0
      ? new Float64Array(weights.tensor.type.shape[0] ?? 1)
      : rowSums(weights.tensor).map((sum) => -zeroPoint * sum);
  const { scales } = weights;
  const grid = { scales, scaleShape: scales.length === 1 ? [] : [scales.length], zeroPoint: 0 };
  const layer = emit(builder, node, { x, weights: weights.tensor, bias, grid, origin });
  if (layer !== undefined) return layer;
  const { min, max } = sums(x, weights.tensor, bias);
  fail(accumulatorTooWide(whereOf(node), sourceName(node), min, max));
}

/** The same layer with more bias, under the name of the node that adds it; undefined if 32 bits do not hold its sums. */
export function addBias(
  builder: Builder,
  layer: Layer,
  bias: readonly number[],
  node: Node,
  origin: readonly string[],
  rescaled: Carrier,
): Layer | undefined {
  invariant(rescaled.grid, 'a layer is on a grid');
  const total = layer.bias.map((b, row) => b + (bias[row] ?? 0));
  return emit(builder, node, { ...layer, bias: total, grid: rescaled.grid, origin });
}

function emit(builder: Builder, node: Node, parts: Omit<Layer, 'carrier'>): Layer | undefined {
  const { x, weights, bias, grid } = parts;
  const { min, max } = sums(x, weights, bias);
  const elem = accumulatorType(min, max);
  const [low, high] = [bias.reduce((a, b) => Math.min(a, b), 0), bias.reduce((a, b) => Math.max(a, b), 0)];
  const biasElem = accumulatorType(low, high);
  if (elem === undefined || biasElem === undefined) return undefined;
  const out = weights.type.shape[0] ?? 1;
  const operands = [value(x.base), builder.constant(`${node.name}_w`, weights)];
  if (low !== 0 || high !== 0)
    operands.push(builder.constant(`${node.name}_bias`, tensorOf(biasElem, [out], bias)));
  const shape = withLastAxis(x.shape, out);
  const result = builder.add({ name: node.name, op: 'matmul', operands, elem, shape, origin: parts.origin });
  return { ...parts, carrier: gridCarrier(result.name, result.type, { min, max }, grid) };
}

function sums(x: Carrier, weights: Tensor, bias: Float64Array): { min: number; max: number } {
  const row: Tensor = { type: { elem: x.type.elem, shape: [bias.length] }, data: bias };
  return overallRange(rowRanges(weights, x.type.elem, row));
}
