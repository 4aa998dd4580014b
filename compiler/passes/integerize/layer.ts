import {
  accumulatorTooWide,
  operandNotQuantized,
  weightsNotQuantized,
} from '../../diagnostics/catalog/passes.ts';
import { fail, invariant } from '../../diagnostics/index.ts';
import { value, type Attribute, type Node } from '../../qir/graph.ts';
import { overallRange, rowRanges } from '../../qir/ops/accumulate.ts';
import { getNumberOr } from '../../qir/ops/attributes.ts';
import { accumulatorType, type Range } from '../../qir/ops/sums.ts';
import { lastAxis } from '../../qir/ops/shapes.ts';
import { integerQuotient, type Rational } from '../../qir/rational.ts';
import { holds, valueRange, type Tensor } from '../../qir/types.ts';
import { sourceName, whereOf } from '../graph-edit.ts';
import { tensorOf, type Builder } from './builder.ts';
import { gridCarrier, type Carrier, type Grid } from './carrier.ts';
import { commonDivisorOf, exactInFloat32, greatestLevel } from './exact.ts';
import { negatedScales, withoutZeroPoint } from './rescale.ts';
import { integerWeights, narrowest, rowSums } from './weights.ts';

/** An integer matmul or conv2d of the graph under construction, kept so that a bias can still be added or a row negated. */
export interface Layer {
  readonly carrier: Carrier;
  /** The node of the real form. */
  readonly source: Node;
  readonly op: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly x: Carrier;
  readonly weights: Tensor;
  readonly bias: Float64Array;
  readonly grid: Grid;
  readonly origin: readonly string[];
}

/**
 * Adds the matmul or conv2d of an operand on a grid, without tail or moves, with quantized weights; fails with a diagnostic where
 * integers cannot hold it.
 */
export function integerLayer(
  builder: Builder,
  node: Node,
  operand: Carrier,
  w: Tensor,
  origin: readonly string[],
): Layer {
  const x = holdsPadding(node, operand) ? operand : withoutZeroPoint(builder, operand, node);
  const { scale, multiples, times } = inputScales(node, x, w);
  const weights = integerWeights(w, scale, multiples);
  if (typeof weights === 'string') fail(weightsNotQuantized(whereOf(node), sourceName(node), weights));
  invariant(x.grid, 'a layer reads levels');
  // sum w (x - zero) = sum w x - zero sum w
  const { zeroPoint } = x.grid;
  const bias =
    zeroPoint === 0
      ? new Float64Array(weights.tensor.type.shape[0] ?? 1)
      : rowSums(weights.tensor).map((sum) => -zeroPoint * sum);
  const { scales } = weights;
  const grid = { scales, scaleShape: scales.length === 1 ? [] : [scales.length], zeroPoint: 0 };
  const attributes = layerAttributes(node, zeroPoint);
  const parts = { source: node, op: node.op, attributes, x, weights: weights.tensor, bias };
  const layer = emit(builder, node, { ...parts, grid, origin });
  if (layer !== undefined) return layer;
  const { min, max } = sums(parts);
  fail(accumulatorTooWide(whereOf(node), sourceName(node), min, max, times === 1 ? undefined : times));
}

function isPadded({ attributes }: Node): boolean {
  return Array.isArray(attributes['pads']) && attributes['pads'].some((n) => Number(n) > 0);
}

/** Whether the integers can hold a padded position; all types but bipolar hold 0, and windows of that are ternary. */
function holdsPadding(node: Node, x: Carrier): boolean {
  const zeroPoint = x.grid?.zeroPoint ?? 0;
  return !isPadded(node) || zeroPoint === 0 || holds(x.type.elem, zeroPoint);
}

/** Padding is a real 0, which is the level of the zero point. */
function layerAttributes(node: Node, zeroPoint: number): Layer['attributes'] {
  const { attributes } = node;
  return isPadded(node) && zeroPoint !== 0 ? { ...attributes, pad_value: zeroPoint } : attributes;
}

/** The scale of the operand; where it differs by channel, a common divisor, of which the weights take the multiples. */
function inputScales(
  node: Node,
  x: Carrier,
  w: Tensor,
): {
  readonly scale: Rational;
  readonly multiples?: (row: number, column: number) => number;
  /** How many times the common scale the greatest one is. */
  readonly times?: number;
} {
  const refuse = (found: string): never => fail(operandNotQuantized(whereOf(node), sourceName(node), found));
  const { grid } = x;
  const channels = lastAxis(x.type.shape);
  const [first] = grid?.scales ?? [];
  if (grid === undefined || first === undefined) return refuse('float32 numbers');
  if (grid.scales.length === 1) return { scale: first };
  if (lastAxis(grid.scaleShape) !== channels || grid.scales.length !== channels)
    return refuse('a scale for each element');
  // unless it knows a common scale the model sums float32 numbers here: they must be the products themselves
  const most = greatestLevel(x, grid.zeroPoint);
  const isExact = grid.common === true || grid.scales.every((scale) => exactInFloat32(scale, most));
  if (!isExact) return refuse('a scale for each channel');
  const scale = commonDivisorOf(grid.scales);
  const multiples = grid.scales.map((s) => integerQuotient(s, scale));
  if (multiples.some((m) => m === undefined || Math.abs(m) >= 2 ** 31))
    return refuse('scales of the channels too far apart');
  const rows = w.type.shape[0] ?? 1;
  const columns = w.data.length / rows;
  const perRow = node.op === 'conv2d' ? lastAxis(w.type.shape) : columns;
  const groups = node.op === 'conv2d' ? getNumberOr(node.attributes, 'groups', 1) : 1;
  return {
    scale,
    times: multiples.reduce<number>((greatest, m) => Math.max(greatest, Math.abs(m ?? 0)), 1),
    multiples: (row, column) => {
      const group = Math.floor(row / (rows / groups));
      return multiples[group * perRow + (column % perRow)] ?? 1;
    },
  };
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

/** The same layer with some rows negated, and their scales with them; undefined if 32 bits do not hold that. */
export function negateRows(
  builder: Builder,
  layer: Layer,
  rows: readonly boolean[],
  node: Node,
): Layer | undefined {
  const { weights, bias, grid } = layer;
  const columns = weights.data.length / rows.length;
  const data = Float64Array.from(weights.data, (w, i) => (rows[Math.floor(i / columns)] === true ? -w : w));
  const elem = narrowest(data);
  if (elem === undefined) return undefined;
  return emit(builder, node, {
    ...layer,
    weights: tensorOf(elem, weights.type.shape, data),
    bias: bias.map((b, row) => (rows[row] === true ? -b : b)),
    grid: { ...grid, scales: negatedScales(grid, rows), scaleShape: [rows.length] },
  });
}

function emit(builder: Builder, node: Node, parts: Omit<Layer, 'carrier'>): Layer | undefined {
  const { x, weights, bias, grid, op, attributes } = parts;
  const { min, max } = sums(parts);
  const [low, high] = [bias.reduce((a, b) => Math.min(a, b), 0), bias.reduce((a, b) => Math.max(a, b), 0)];
  const biasElem = accumulatorType(low, high);
  if (accumulatorType(min, max) === undefined || biasElem === undefined) return undefined;
  const operands = [value(x.base), builder.constant(`${node.name}_w`, weights)];
  if (low !== 0 || high !== 0)
    operands.push(builder.constant(`${node.name}_bias`, tensorOf(biasElem, [bias.length], bias)));
  const result = builder.add({ name: node.name, op, operands, attributes, origin: parts.origin });
  return { ...parts, carrier: gridCarrier(result.name, result.type, { min, max }, grid, false) };
}

/** Least and greatest sum, from the weights and the types: padded positions hold what the attributes say. */
function sums({ x, weights, bias, attributes }: Pick<Layer, 'x' | 'weights' | 'bias' | 'attributes'>): Range {
  const range = valueRange(x.type.elem);
  const padding = getNumberOr(attributes, 'pad_value', range.min);
  const widest = { min: Math.min(range.min, padding), max: Math.max(range.max, padding) };
  const row: Tensor = { type: { elem: x.type.elem, shape: [bias.length] }, data: bias };
  return overallRange(rowRanges(weights, widest, row));
}
