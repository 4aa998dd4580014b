import { accumulatorTooWide, operandNotQuantized } from '../../diagnostics/catalog/passes.ts';
import { fail, invariant } from '../../diagnostics/index.ts';
import { value, type Attribute, type Node } from '../../qir/graph.ts';
import { getFlag } from '../../qir/ops/attributes.ts';
import { isPadded, windowPixels, windows, type Geometry } from '../../qir/ops/geometry.ts';
import { lastAxis } from '../../qir/ops/shapes.ts';
import { valueRange } from '../../qir/types.ts';
import { sourceName, whereOf } from '../graph-edit.ts';
import type { Builder, IntegerValue } from './builder.ts';
import { channelsOf, gridCarrier, type Carrier, type Grid } from './carrier.ts';
import { tailDirections } from './direction.ts';
import { negateRows, type Layer } from './layer.ts';
import { onGrid, settled } from './quantize.ts';
import { fits32, fraction, negated, uniform } from './rescale.ts';

/**
 * The carrier behind a maximum pool. The greatest real number is that of the greatest integer where the tail rises, so the pool acts on
 * the integers and the tail waits. Channels whose tail falls are negated first: in the weights of the layer before, where only this
 * pool reads it (`layer`), else by a factor. Where the tail does neither, its levels are found first.
 */
export function maxPool(
  builder: Builder,
  node: Node,
  carrier: Carrier,
  layer: Layer | undefined,
  origin: readonly string[],
): Carrier {
  let x = carrier;
  if (x.moves.length > 0 || channelDirections(x) === undefined)
    x = settled(builder, onGrid(builder, carrier, node, origin), node);
  const directions = channelDirections(x);
  if (directions === undefined)
    fail(operandNotQuantized(whereOf(node), sourceName(node), 'a scale for each element'));
  const falling = directions.map((direction) => direction < 0);
  if (falling.includes(true)) {
    const flipped = x === carrier ? layer && negateRows(builder, layer, falling, layer.source) : undefined;
    x =
      flipped === undefined
        ? { ...negated(builder, { ...x, tail: [] }, falling, node), tail: x.tail }
        : { ...flipped.carrier, tail: x.tail };
  }
  const { name, op, attributes } = node;
  const operands = [value(x.base)];
  const result = builder.add({ name, op, operands, attributes, origin: node.origin.nodes });
  return { ...x, base: result.name, type: result.type, shape: result.type.shape };
}

/** For each channel whether the tail rises or falls; undefined where that is not known, or differs between pixels. */
function channelDirections(carrier: Carrier): number[] | undefined {
  const directions = Array.from(tailDirections(carrier));
  if (directions.includes(0)) return undefined;
  const channels = channelsOf(carrier);
  if (directions.length === 1) return new Array<number>(channels).fill(directions[0] ?? 1);
  return directions.length === channels ? directions : undefined;
}

/** The carrier behind an average pool: sums of the levels, whose scale is divided by the number of taps. */
export function averagePool(
  builder: Builder,
  node: Node,
  carrier: Carrier,
  origin: readonly string[],
): Carrier {
  const refuse = (found: string): never => fail(operandNotQuantized(whereOf(node), sourceName(node), found));
  const x = settled(builder, onGrid(builder, carrier, node, origin), node);
  const { grid } = x;
  if (grid === undefined) return refuse('float32 numbers');
  if (grid.scales.length > 1 && lastAxis(grid.scaleShape) !== grid.scales.length)
    return refuse('a scale for each element');
  const geometry = windows(x.type.shape, node.attributes);
  invariant(!('message' in geometry), 'a pool was typed before');
  const taps = geometry.y.kernel * geometry.x.kernel;
  const range = valueRange(x.type.elem);
  const [low, high] = [
    Math.min(range.min, grid.zeroPoint) * taps,
    Math.max(range.max, grid.zeroPoint) * taps,
  ];
  if (!fits32(low, high) || !fits32(low - grid.zeroPoint * taps, high - grid.zeroPoint * taps))
    fail(accumulatorTooWide(whereOf(node), sourceName(node), low, high));
  const result = windowSums(builder, node, x, geometry, grid.zeroPoint);
  const padding = isPadded(geometry) ? grid.zeroPoint : x.range.min;
  const sums = {
    min: Math.min(x.range.min, padding) * taps,
    max: Math.max(x.range.max, padding) * taps,
  };
  const counts = tapsInside(geometry, getFlag(node.attributes, 'count_include_pad') ? taps : undefined);
  const zeroPoint = grid.zeroPoint * taps;
  const [first = 1] = counts;
  if (counts.every((n) => n === first)) {
    const scales = grid.scales.map((scale) => fraction(scale, first));
    return gridCarrier(result.name, result.type, sums, { ...grid, scales, zeroPoint }, x.carried);
  }
  // each position has a divisor of its own, and its numbers are rounded
  const one = uniform(builder, x, node);
  if (one !== x) return averagePool(builder, node, one, origin);
  const [scale] = grid.scales;
  invariant(scale, 'one scale');
  const uneven: Grid = {
    scales: counts.map((n) => fraction(scale, n)),
    scaleShape: [geometry.y.out, geometry.x.out, 1],
    zeroPoint,
  };
  return gridCarrier(result.name, result.type, sums, uneven, false);
}

/** For each window the number of taps that count. */
function tapsInside(geometry: Geometry, all: number | undefined): number[] {
  const taps = geometry.y.kernel * geometry.x.kernel;
  const pixels = windowPixels(geometry);
  return Array.from({ length: pixels.length / taps }, (_, window) => {
    if (all !== undefined) return all;
    return pixels
      .subarray(window * taps, (window + 1) * taps)
      .reduce((n, pixel) => n + (pixel < 0 ? 0 : 1), 0);
  });
}

/** The sums of the windows; a pool of the whole image sums its pixels as they come. */
function windowSums(
  builder: Builder,
  node: Node,
  x: Carrier,
  geometry: Geometry,
  zeroPoint: number,
): IntegerValue {
  const { y: vertical, x: horizontal, channels } = geometry;
  const { name } = node;
  const origin = node.origin.nodes;
  const isWhole = [vertical, horizontal].every((axis) => axis.kernel === axis.size) && !isPadded(geometry);
  const base = { name: x.base, type: x.type };
  if (isWhole) {
    const pixels = vertical.size * horizontal.size;
    const rows = builder.reshape(base, [1, pixels, channels], name, origin);
    const sum = builder.add({ name, helper: 'sum', op: 'reduce_sum', operands: [value(rows.name)], origin });
    const attributes = { shape: [1, 1, channels] };
    return builder.add({ name, op: 'reshape', operands: [value(sum.name)], attributes, origin });
  }
  const attributes = windowAttributes(node, isPadded(geometry) ? zeroPoint : 0);
  const taps = builder.add({
    name,
    helper: 'windows',
    op: 'windows',
    operands: [value(x.base)],
    attributes,
    origin,
  });
  return builder.add({ name, op: 'reduce_sum', operands: [value(taps.name)], origin });
}

/** What `windows` takes of a pool's attributes. */
export function windowAttributes(node: Node, padValue: number): Record<string, Attribute> {
  const own = ['kernel', 'strides', 'pads', 'dilations'].flatMap((name): [string, Attribute][] => {
    const attribute = node.attributes[name];
    return attribute === undefined ? [] : [[name, attribute]];
  });
  return { ...Object.fromEntries(own), ...(padValue === 0 ? {} : { pad_value: padValue }) };
}
