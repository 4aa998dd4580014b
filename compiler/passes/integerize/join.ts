import { branchesTooFarApart, noIntegerForm, operandNotQuantized } from '../../diagnostics/catalog/passes.ts';
import { fail, invariant } from '../../diagnostics/index.ts';
import { value, type Node } from '../../qir/graph.ts';
import { getNumberOr } from '../../qir/ops/attributes.ts';
import { commonLattice } from '../../qir/ops/lattice.ts';
import { lastAxis, printShape, sameShape } from '../../qir/ops/shapes.ts';
import { valueRange, type ElementType } from '../../qir/types.ts';
import { sourceName, whereOf } from '../graph-edit.ts';
import type { Builder } from './builder.ts';
import { channelsOf, gridCarrier, type Carrier, type Grid } from './carrier.ts';
import { commonDivisorOf, exactInFloat32, greatestLevel } from './exact.ts';
import { settled } from './quantize.ts';
import { fits32, quotients, uniform, withoutZeroPoint } from './rescale.ts';

/** A carrier on a grid, without a tail. */
interface Branch extends Carrier {
  readonly grid: Grid;
}

function branch(builder: Builder, carrier: Carrier, node: Node): Branch {
  const x = settled(builder, carrier, node);
  if (x.grid === undefined)
    return fail(operandNotQuantized(whereOf(node), sourceName(node), 'float32 numbers'));
  return { ...x, grid: x.grid };
}

/**
 * The sum or difference of carriers on their grids: one combine node, whose integers stand on the branches' common scale. The model
 * keeps levels where both branches are levels; else it adds float32 numbers, which must be the products themselves.
 */
export function combined(builder: Builder, node: Node, operands: readonly Carrier[]): Carrier {
  const shape = operands[0]?.shape ?? [];
  const stray = operands.find((x) => !sameShape(x.shape, shape));
  if (stray !== undefined) {
    const found = `values of shapes ${printShape(shape)} and ${printShape(stray.shape)}`;
    fail(noIntegerForm(whereOf(node), sourceName(node), found, 'values of one shape'));
  }
  const carried = operands.every((x) => x.carried);
  const branches = operands.map((operand) => {
    const x = branch(builder, operand, node);
    const most = greatestLevel(x, x.grid.zeroPoint);
    if (!carried && !x.grid.scales.every((scale) => exactInFloat32(scale, most)))
      fail(operandNotQuantized(whereOf(node), sourceName(node), 'float32 numbers that have been rounded'));
    return branch(builder, uniform(builder, x, node), node);
  });
  const scales = branches.flatMap((x) => x.grid.scales);
  const common = commonDivisorOf(scales);
  const signs = branches.map((_, i) => (node.op === 'sub' && i > 0 ? -1 : 1));
  const coefficients = quotients(scales, common, node).map((k, i) => k * (signs[i] ?? 1));
  const sum = (pick: (x: Branch, k: number) => number): number =>
    branches.reduce((total, x, i) => total + pick(x, coefficients[i] ?? 0), 0);
  const zeroPoint = sum((x, k) => k * x.grid.zeroPoint) + 0;
  const range = {
    min: sum((x, k) => Math.min(k * x.range.min, k * x.range.max)),
    max: sum((x, k) => Math.max(k * x.range.min, k * x.range.max)),
  };
  const ends = branches.map((x) => valueRange(x.type.elem));
  const worst = [Math.min, Math.max].map((pick) =>
    ends.reduce((total, { min, max }, i) => {
      const k = coefficients[i] ?? 0;
      return total + pick(k * min, k * max);
    }, 0),
  );
  const [min = 0, max = 0] = worst;
  if (!fits32(min, max) || !fits32(min - zeroPoint, max - zeroPoint))
    fail(branchesTooFarApart(whereOf(node), sourceName(node), `sums from ${min} to ${max}`));
  // the model gives each channel a scale of its own there, and a layer behind it sums float32 numbers
  const most = Math.max(Math.abs(min - zeroPoint), Math.abs(max - zeroPoint));
  if (operands.some((x) => x.grid?.scales.length !== 1) && !exactInFloat32(common, most))
    fail(operandNotQuantized(whereOf(node), sourceName(node), 'a scale for each channel'));
  const result = builder.add({
    name: node.name,
    op: 'combine',
    operands: branches.map((x) => value(x.base)),
    attributes: { coefficients },
    origin: node.origin.nodes,
  });
  return gridCarrier(
    result.name,
    result.type,
    range,
    { scales: [common], scaleShape: [], zeroPoint },
    carried,
  );
}

/**
 * Carriers without tails side by side. Along the channels each keeps its scale; along another axis they are brought to a common one.
 */
export function concatenated(builder: Builder, node: Node, operands: readonly Carrier[]): Carrier {
  const rank = node.type.shape.length;
  const axis = getNumberOr(node.attributes, 'axis', rank - 1);
  const carried = operands.every((x) => x.carried);
  let branches = operands.map((x) => branch(builder, x, node));
  const zero = branches[0]?.grid.zeroPoint ?? 0;
  if (branches.some((x) => x.grid.zeroPoint !== zero))
    branches = branches.map((x) => branch(builder, withoutZeroPoint(builder, x, node), node));
  if (new Set(branches.map(({ type }) => pointOf(type.elem))).size > 1)
    branches = branches.map((x) => withoutPoint(builder, x, node));
  const perElement = branches.find(
    (x) => x.grid.scales.length > 1 && lastAxis(x.grid.scaleShape) !== x.grid.scales.length,
  );
  if (perElement !== undefined)
    fail(operandNotQuantized(whereOf(node), sourceName(node), 'a scale for each element'));
  const grid = axis === rank - 1 ? sideBySide(branches, carried) : sameGrid(branches);
  if (grid === undefined) {
    const one = branches.map((x) => branch(builder, uniform(builder, x, node), node));
    return concatenated(builder, node, onCommonScale(builder, one, node));
  }
  const result = builder.add({
    name: node.name,
    op: node.op,
    operands: branches.map((x) => value(x.base)),
    attributes: node.attributes,
    origin: node.origin.nodes,
  });
  const range = {
    min: Math.min(...branches.map((x) => x.range.min)),
    max: Math.max(...branches.map((x) => x.range.max)),
  };
  return gridCarrier(result.name, result.type, range, grid, carried);
}

/** Fractional bits of a type; 0 of all but fixed-point numbers. */
const pointOf = (elem: ElementType): number => (elem.kind === 'fixed' ? elem.frac : 0);

/** Fixed-point numbers as plain integers, which stand beside others; their scale says what they mean. */
function withoutPoint(builder: Builder, x: Branch, node: Node): Branch {
  if (pointOf(x.type.elem) === 0) return x;
  const result = builder.add({
    name: node.name,
    helper: 'plain',
    op: 'combine',
    operands: [value(x.base)],
    attributes: { coefficients: [1] },
    origin: node.origin.nodes,
  });
  return branch(builder, gridCarrier(result.name, result.type, x.range, x.grid, x.carried), node);
}

/** The scales of all channels, one behind the other; one scale if all have the same. */
function sideBySide(branches: readonly Branch[], carried: boolean): Grid {
  const zeroPoint = branches[0]?.grid.zeroPoint ?? 0;
  const scales = branches.flatMap((x) =>
    x.grid.scales.length === 1
      ? new Array<Branch['grid']['scales']>(channelsOf(x)).fill(x.grid.scales).flat()
      : x.grid.scales,
  );
  const [first] = scales;
  const same = scales.every((s) => s.numerator === first?.numerator && s.denominator === first.denominator);
  const isSingle = branches.every((x) => x.grid.scales.length === 1);
  if (first !== undefined && same && isSingle) return { scales: [first], scaleShape: [], zeroPoint };
  const grid = { scales, scaleShape: [scales.length], zeroPoint };
  return carried && isSingle && onOneScale(branches) ? { ...grid, common: true } : grid;
}

/** Whether the model counts the levels of all branches on their common scale: it does so where 32 bits hold them. */
function onOneScale(branches: readonly Branch[]): boolean {
  const common = commonLattice(branches.flatMap((x) => x.grid.scales));
  return branches.every((x, i) => {
    const factor = common?.factors[i];
    return factor !== undefined && greatestLevel(x, x.grid.zeroPoint) * Math.abs(factor) < 2 ** 31;
  });
}

/** The grid that all branches have; undefined where they differ. */
function sameGrid(branches: readonly Branch[]): Grid | undefined {
  const [first] = branches;
  const print = ({ scales }: Grid) => scales.map((s) => `${s.numerator}/${s.denominator}`).join();
  return first !== undefined && branches.every((x) => print(x.grid) === print(first.grid))
    ? first.grid
    : undefined;
}

/** Each branch with its integers multiplied so that all have the same scale, and zero points of 0. */
function onCommonScale(builder: Builder, branches: readonly Branch[], node: Node): Carrier[] {
  const scales = branches.flatMap((x) => x.grid.scales);
  const common = commonDivisorOf(scales);
  const factors = quotients(scales, common, node);
  return branches.map((x, i) => {
    const [factor = 1] = factors.slice(i, i + 1);
    const counted = branch(builder, withoutZeroPoint(builder, x, node), node);
    const { min, max } = valueRange(counted.type.elem);
    const ends = [min * factor, max * factor];
    if (!fits32(Math.min(...ends), Math.max(...ends)))
      fail(
        branchesTooFarApart(
          whereOf(node),
          sourceName(node),
          `integers from ${min * factor} to ${max * factor}`,
        ),
      );
    const grid = { scales: [common], scaleShape: [], zeroPoint: 0 };
    if (factor === 1) return { ...counted, grid };
    const result = builder.add({
      name: node.name,
      helper: 'scaled',
      op: 'combine',
      operands: [value(counted.base)],
      attributes: { coefficients: [factor] },
      origin: node.origin.nodes,
    });
    const range = [counted.range.min * factor, counted.range.max * factor].sort((a, b) => a - b);
    const [low = 0, high = 0] = range;
    return gridCarrier(result.name, result.type, { min: low, max: high }, grid, x.carried);
  });
}

/** Whether a node joins values in a way that integers can follow. */
export function isJoin(node: Node): boolean {
  return node.op === 'add' || node.op === 'sub' || node.op === 'concat';
}

/** The node's carrier, of carriers without tails. */
export function join(builder: Builder, node: Node, operands: readonly Carrier[]): Carrier {
  invariant(isJoin(node), `${node.op} joins nothing`);
  return node.op === 'concat' ? concatenated(builder, node, operands) : combined(builder, node, operands);
}
