import { branchesTooFarApart } from '../../diagnostics/catalog/passes.ts';
import { fail, invariant } from '../../diagnostics/index.ts';
import { value, type Node } from '../../qir/graph.ts';
import { accumulatorType } from '../../qir/ops/sums.ts';
import { integerQuotient, rational, type Rational } from '../../qir/rational.ts';
import { valueRange } from '../../qir/types.ts';
import { sourceName, whereOf } from '../graph-edit.ts';
import { tensorOf, type Builder } from './builder.ts';
import { channelsOf, type Carrier, type Grid } from './carrier.ts';
import { commonDivisorOf } from './exact.ts';

/** The same numbers counted from zero: the zero point is subtracted. */
export function withoutZeroPoint(builder: Builder, carrier: Carrier, node: Node): Carrier {
  const { grid } = carrier;
  invariant(grid && carrier.tail.length === 0, 'levels have a grid');
  if (grid.zeroPoint === 0) return carrier;
  const channels = channelsOf(carrier);
  const elem = accumulatorType(-grid.zeroPoint, -grid.zeroPoint);
  const offset = { min: carrier.range.min - grid.zeroPoint, max: carrier.range.max - grid.zeroPoint };
  const { min, max } = valueRange(carrier.type.elem);
  if (elem === undefined || !fits32(min - grid.zeroPoint, max - grid.zeroPoint))
    fail(branchesTooFarApart(whereOf(node), sourceName(node), `zero point ${grid.zeroPoint}`));
  const bias = new Float64Array(channels).fill(-grid.zeroPoint);
  const operands = [
    value(carrier.base),
    builder.constant(`${node.name}_zero`, tensorOf(elem, [channels], bias)),
  ];
  const attributes = { coefficients: [1] };
  const result = builder.add({
    name: node.name,
    helper: 'levels',
    op: 'combine',
    operands,
    attributes,
    origin: node.origin.nodes,
  });
  return { ...carrier, base: result.name, type: result.type, range: offset, grid: { ...grid, zeroPoint: 0 } };
}

/**
 * The same numbers with the integers of each channel multiplied by a factor of its own, so that the scales become `scales` (one, or one
 * for each channel). The zero point goes.
 */
function multiplied(
  builder: Builder,
  carrier: Carrier,
  factors: readonly number[],
  grid: Pick<Grid, 'scales' | 'scaleShape'>,
  node: Node,
): Carrier {
  invariant(carrier.grid && carrier.tail.length === 0, 'levels have a grid');
  const { zeroPoint } = carrier.grid;
  const ends = factors.flatMap((f) => [
    (carrier.range.min - zeroPoint) * f,
    (carrier.range.max - zeroPoint) * f,
  ]);
  const range = { min: Math.min(...ends), max: Math.max(...ends) };
  const biases = factors.map((f) => (zeroPoint === 0 ? 0 : -zeroPoint * f));
  const [m, b] = [factors, biases].map((all) => accumulatorType(Math.min(0, ...all), Math.max(0, ...all)));
  if (m === undefined || b === undefined || !fits32(range.min, range.max))
    fail(branchesTooFarApart(whereOf(node), sourceName(node), `integers from ${range.min} to ${range.max}`));
  const same = (all: readonly number[]) => (all.every((x) => x === all[0]) ? all.slice(0, 1) : all);
  const result = builder.add({
    name: node.name,
    helper: 'scaled',
    op: 'requantize',
    operands: [
      value(carrier.base),
      builder.constant(`${node.name}_m`, tensorOf(m, [same(factors).length], same(factors))),
      builder.constant(`${node.name}_b`, tensorOf(b, [same(biases).length], same(biases))),
    ],
    attributes: { shift: 0, ...range },
    origin: node.origin.nodes,
  });
  return {
    ...carrier,
    base: result.name,
    type: result.type,
    range,
    grid: { ...grid, zeroPoint: 0 },
  };
}

/** The same numbers with one scale for all channels; a carrier that has that already is returned as it is. */
export function uniform(builder: Builder, carrier: Carrier, node: Node): Carrier {
  const { grid } = carrier;
  invariant(grid, 'levels have a grid');
  if (grid.scales.length === 1) return carrier;
  const channels = channelsOf(carrier);
  if (grid.scales.length !== channels)
    fail(branchesTooFarApart(whereOf(node), sourceName(node), 'a scale for each element'));
  const scale = commonDivisorOf(grid.scales);
  const factors = quotients(grid.scales, scale, node);
  return multiplied(builder, carrier, factors, { scales: [scale], scaleShape: [] }, node);
}

/** The same numbers with the integers of some channels negated. */
export function negated(builder: Builder, carrier: Carrier, rows: readonly boolean[], node: Node): Carrier {
  invariant(carrier.grid, 'levels have a grid');
  const factors = rows.map((negate) => (negate ? -1 : 1));
  // other operations behind these integers see the same numbers
  const scales = negatedScales(carrier.grid, rows);
  return multiplied(builder, carrier, factors, { scales, scaleShape: [scales.length] }, node);
}

/** One scale for each channel, negated where `rows` says so. */
export function negatedScales(grid: Grid, rows: readonly boolean[]): Rational[] {
  return rows.flatMap((negated, row) => {
    const scale = grid.scales[grid.scales.length === 1 ? 0 : row];
    if (scale === undefined) return [];
    return [negated ? { ...scale, numerator: -scale.numerator } : scale];
  });
}

/** How many times each scale is the common one; fails with a diagnostic where that exceeds 32 bits. */
export function quotients(scales: readonly Rational[], common: Rational, node: Node): number[] {
  return scales.map((scale) => {
    const isZero = common.numerator === 0n;
    const quotient = isZero ? 1 : integerQuotient(scale, common);
    if (quotient !== undefined && Math.abs(quotient) < 2 ** 31) return quotient;
    const found = `scales ${number(scale)} and others that have only ${number(common)} in common`;
    return fail(branchesTooFarApart(whereOf(node), sourceName(node), found));
  });
}

function number({ numerator, denominator }: Rational): number {
  return Number(numerator) / Number(denominator);
}

/** Whether signed or unsigned 32 bits hold a range. */
export function fits32(min: number, max: number): boolean {
  return min >= -(2 ** 31) && max < 2 ** 31;
}

/** The scale 1 / n of another one. */
export function fraction(scale: Rational, n: number): Rational {
  return rational(scale.numerator, scale.denominator * BigInt(n));
}
