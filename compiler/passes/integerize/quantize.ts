import { operandNotQuantized, tailTooLarge } from '../../diagnostics/catalog/passes.ts';
import { fail, invariant } from '../../diagnostics/index.ts';
import type { Node } from '../../qir/graph.ts';
import { getNumber } from '../../qir/ops/attributes.ts';
import { carriedLattice, commonScale, latticeOf } from '../../qir/ops/lattice.ts';
import { accumulatorType } from '../../qir/ops/sums.ts';
import { broadcastIndices, lastAxis } from '../../qir/ops/shapes.ts';
import { bipolar, elementCount, fitInteger, ternary, type ElementType } from '../../qir/types.ts';
import { sourceName, whereOf } from '../graph-edit.ts';
import { shareRows, type Builder } from './builder.ts';
import {
  candidates,
  channelsOf,
  gridCarrier,
  moveOrigin,
  withMovesOf,
  withoutMoves,
  type Carrier,
  type Grid,
} from './carrier.ts';
import { tailDirections } from './direction.ts';
import { exactInFloat32, greatestLevel } from './exact.ts';
import { findSteps, stepsOfTable, tableOf, type Steps, type Table, type TooLarge } from './levels.ts';
import { representative } from './representative.ts';

/** Most entries of a lookup table that becomes hardware. */
const TABLE_LIMIT = 2 ** 20;
/** Most integers whose numbers are compared with a grid, for one element and for all that differ. */
const GRID_LIMIT = 2 ** 16;
const GRID_CELLS = 2 ** 22;
/** Most entries of a table of numbers that no quantizer made. */
const TABLE_CELLS = 2 ** 16;

/**
 * Ends a tail at its last step, a quantizer: adds the threshold (or lookup) node and returns its levels as a new carrier.
 * A multithreshold whose results have no common scale ends nothing: the carrier is returned as it is.
 */
export function quantize(builder: Builder, carrier: Carrier, origin: readonly string[]): Carrier {
  const node = carrier.tail.at(-1)?.node;
  invariant(node, 'a quantizer ends the tail');
  const { rows, evaluate } = representative(carrier);
  const sample = carriedLattice(evaluate(new Int32Array(rows).fill(candidates(carrier).at(0))));
  if (sample === undefined) return carrier;
  const zeroPoint = soleZeroPoint(carrier);
  const elem = levelType(carrier, zeroPoint);
  const isBipolar = elem?.kind === 'bipolar';
  const levelsAt = (integers: Int32Array) => {
    const levels = carriedLattice(evaluate(integers))?.levels;
    invariant(levels, 'a quantizer has levels');
    return levels.map((level) => (isBipolar ? (level + 1) / 2 : level + zeroPoint));
  };
  const found = findSteps(carrier, levelsAt, tailDirections(carrier));
  const grid = { scales: sample.scales, scaleShape: scaleShape(carrier, sample.scales.length), zeroPoint };
  return addLevels(builder, carrier, found, elem, grid, node, origin);
}

/** The shape in which one scale, or one for each row of the representative, stands with the carrier's integers. */
function scaleShape(carrier: Carrier, count: number): readonly number[] {
  if (count === 1) return [];
  return count === channelsOf(carrier) ? [count] : carrier.type.shape;
}

/** Adds the node that computes the levels, and returns its carrier: behind the carrier's moves, or with them still to come. */
function addLevels(
  builder: Builder,
  carrier: Carrier,
  found: Steps | Table | TooLarge,
  declared: ElementType | undefined,
  grid: Grid,
  node: Node,
  origin: readonly string[],
): Carrier {
  if (found.kind === 'too-large')
    fail(tailTooLarge(whereOf(node), sourceName(node), found.found, found.expected));
  if (found.kind === 'table' && found.levels.length > TABLE_LIMIT) {
    const message = `a table of ${found.levels.length} levels (not monotone)`;
    fail(tailTooLarge(whereOf(node), sourceName(node), message, `at most ${TABLE_LIMIT}`));
  }
  const shared = shareRows(found, elementCount(carrier.type.shape), channelsOf(carrier));
  const reached = reachedLevels(shared);
  const elem = declared ?? levelElement(reached.min, reached.max);
  const range = elem.kind === 'bipolar' ? { min: -1, max: 1 } : reached;
  if (shapedFirst(builder, carrier, shared, grid)) {
    const shaped = builder.moves(carrier, node.name, moveOrigin(carrier));
    const result = builder.levels(shaped, shared, elem, node.name, origin);
    const isPerElement = grid.scales.length > 1 && lastAxis(shaped.type.shape) !== grid.scales.length;
    const moved = isPerElement ? { ...grid, scaleShape: shaped.type.shape } : grid;
    return gridCarrier(result.name, result.type, range, moved);
  }
  const result = builder.levels({ name: carrier.base, type: carrier.type }, shared, elem, node.name, origin);
  return withMovesOf(gridCarrier(result.name, result.type, range, grid), carrier);
}

/**
 * Whether the reshapes come before the levels. Feature maps get their levels where the layer leaves them; a vector takes its new
 * shape first, so that its reader finds it as it wants it.
 */
function shapedFirst(builder: Builder, carrier: Carrier, found: Steps | Table, grid: Grid): boolean {
  if (carrier.order !== undefined) return false;
  const elements = elementCount(carrier.type.shape);
  const channels = channelsOf(carrier);
  if (elements !== channels && !builder.isInput(carrier.base)) return false;
  const rows = found.kind === 'table' ? found.levels.length / found.count : found.flip.length;
  if (rows === 1 && grid.scales.length === 1) return true;
  return rows === elements || lastAxis(carrier.shape) === channels;
}

function reachedLevels(found: Steps | Table): { min: number; max: number } {
  if (found.kind === 'steps') return { min: found.base, max: found.base + found.count };
  return {
    min: found.levels.reduce((a, b) => Math.min(a, b)),
    max: found.levels.reduce((a, b) => Math.max(a, b)),
  };
}

/** The quantizer's zero point if it has one for all, by which its levels are counted as the model counts them; else 0. */
function soleZeroPoint(carrier: Carrier): number {
  const step = carrier.tail.at(-1);
  const zero = step?.node.op === 'quant' ? step.operands[2] : undefined;
  const first = zero?.data[0] ?? 0;
  return zero?.data.every((z) => z === first) === true ? first : 0;
}

/** The type of the levels that the quantizer says it has; undefined where what it reaches must tell. */
function levelType(carrier: Carrier, zeroPoint: number): ElementType | undefined {
  const step = carrier.tail.at(-1);
  if (step === undefined) return undefined;
  const { op, attributes } = step.node;
  if (op === 'bipolar_quant') return bipolar;
  if (op === 'quant') {
    const zeros = Array.from(step.operands[2]?.data ?? []);
    const [min, max] = [getNumber(attributes, 'min'), getNumber(attributes, 'max')];
    if (zeros.every((z) => z === zeroPoint)) return levelElement(min, max);
    return levelElement(
      zeros.reduce((a, z) => Math.min(a, min - z), min),
      zeros.reduce((a, z) => Math.max(a, max - z), max),
    );
  }
  if (op === 'multithreshold') {
    const common = commonScale(getNumber(attributes, 'out_scale'), getNumber(attributes, 'out_bias'));
    const count = step.operands[1]?.type.shape[1] ?? 1;
    const [distance, lowest] = common?.levels ?? [0, 0];
    return count === 1 && distance === 2 && lowest === -1 ? bipolar : undefined;
  }
  return undefined;
}

/** Levels -1 to 1 are ternary; others the narrowest integers. */
function levelElement(min: number, max: number): ElementType {
  if (min === -1 && max === 1) return ternary;
  return min >= 0
    ? fitInteger(min, Math.max(max, 1))
    : (accumulatorType(min, Math.max(max, 0)) ?? fitInteger(min, max));
}

/**
 * The carrier without a tail, on its grid; its moves are still to come. Operations behind a quantizer (a relu, a factor) are evaluated
 * at each of its few levels: where the results lie on a grid again, they are levels of that grid. Fails with a diagnostic about the
 * reader where the numbers lie on none.
 */
export function onGrid(builder: Builder, carrier: Carrier, reader: Node, origin: readonly string[]): Carrier {
  const { grid } = carrier;
  if (grid !== undefined && carrier.tail.length === 0 && isExact(carrier, grid)) return carrier;
  const refuse = (found: string): never =>
    fail(operandNotQuantized(whereOf(reader), sourceName(reader), found));
  const range = candidates(carrier);
  const { rows, evaluate } = representative(carrier);
  if (range.count > GRID_LIMIT || range.count * rows > GRID_CELLS)
    return refuse(`float32 numbers made from ${range.count} integers`);
  const integers = Int32Array.from({ length: range.count * rows }, (_, i) => range.at(Math.floor(i / rows)));
  const results = evaluate(integers);
  const lattice = carriedLattice(results) ?? latticeOf(results);
  if (lattice === undefined) return refuse('float32 numbers without a common scale');
  const { levels, scales } = lattice;
  const newGrid = { scales, scaleShape: scaleShape(carrier, scales.length), zeroPoint: 0 };
  if (levels.every((level, i) => level === integers[i])) {
    return { ...carrier, grid: newGrid, tail: [], carried: true };
  }
  const table = new Int32Array(levels.length);
  for (let i = 0; i < levels.length; i++) {
    table[(i % rows) * range.count + Math.floor(i / rows)] = levels[i] ?? 0;
  }
  const steps = stepsOfTable(carrier, table);
  // numbers of no quantizer may lie on a grid so fine that a table of them is the smaller thing, or that nothing is small
  const isSmall = steps.kind === 'steps' && steps.count <= range.count;
  const found = isSmall ? steps : tableOf(carrier, table);
  const entries = found.kind === 'table' ? found.levels.length : table.length;
  if (found.kind !== 'steps' && entries > TABLE_CELLS)
    return refuse(`float32 numbers made from ${range.count} integers, for ${rows} elements`);
  const last = carrier.tail.at(-1)?.node ?? reader;
  return addLevels(builder, carrier, found, undefined, newGrid, last, origin);
}

/** Whether the numbers are the products themselves: they have never been rounded, or rounding does not touch them. */
function isExact(carrier: Carrier, grid: Grid): boolean {
  if (carrier.carried) return true;
  const most = greatestLevel(carrier, grid.zeroPoint);
  return grid.scales.every((scale) => exactInFloat32(scale, most));
}

/** The carrier with its moves carried out by nodes, for a reader that wants the elements where they end up. */
export function settled(builder: Builder, carrier: Carrier, reader: Node): Carrier {
  if (carrier.moves.length === 0) return carrier;
  invariant(carrier.tail.length === 0 && carrier.grid, 'a tail behind the moves');
  const { name, type } = builder.moves(carrier, reader.name, moveOrigin(carrier));
  const grid = movedGrid(carrier, carrier.grid);
  return { ...withoutMoves(carrier), base: name, type, shape: type.shape, grid };
}

/** The grid in the order behind the moves. */
function movedGrid(carrier: Carrier, grid: Grid): Grid {
  if (grid.scales.length === 1) return { ...grid, scaleShape: [] };
  const channels = lastAxis(carrier.shape);
  const { order, type, shape } = carrier;
  const before = broadcastIndices(grid.scaleShape, type.shape);
  const behind = order === undefined ? before : order.map((i) => before[i] ?? 0);
  let period = behind.length;
  if (behind.every((entry, i) => entry === behind[i % channels])) period = channels;
  const scales = Array.from(behind.subarray(0, period), (i) => grid.scales[i]).filter((s) => s !== undefined);
  return { ...grid, scales, scaleShape: period === channels ? [channels] : shape };
}
