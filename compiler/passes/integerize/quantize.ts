import { operandNotQuantized, tailTooLarge } from '../../diagnostics/catalog/passes.ts';
import { fail, invariant } from '../../diagnostics/index.ts';
import type { Node } from '../../qir/graph.ts';
import { getNumber } from '../../qir/ops/attributes.ts';
import { carriedLattice, commonScale, latticeOf, type Lattice } from '../../qir/ops/lattice.ts';
import { accumulatorType } from '../../qir/ops/sums.ts';
import { bipolar, fitInteger, ternary, type ElementType, type Tensor } from '../../qir/types.ts';
import { sourceName, whereOf } from '../graph-edit.ts';
import type { Builder } from './builder.ts';
import {
  candidates,
  evaluateTail,
  gridCarrier,
  integersAt,
  isReshape,
  reshapeOrigin,
  type Carrier,
  type Grid,
} from './carrier.ts';
import { tailDirections } from './direction.ts';
import { findSteps, stepsOfTable, type Steps, type Table, type TooLarge } from './levels.ts';

/** Most entries of a lookup table that becomes hardware. */
const TABLE_LIMIT = 2 ** 20;
/** Most integers whose numbers are compared with a grid. */
const GRID_LIMIT = 2 ** 16;

/**
 * Ends a tail at its last step, a quantizer: adds the threshold (or lookup) node and returns its levels as a new carrier.
 * A multithreshold whose results have no common scale ends nothing: the carrier is returned as it is.
 */
export function quantize(builder: Builder, carrier: Carrier, origin: readonly string[]): Carrier {
  const node = carrier.tail.at(-1)?.node;
  invariant(node, 'a quantizer ends the tail');
  const sample = lattice(carrier, 0);
  if (sample === undefined) return carrier;
  const zeroPoint = soleZeroPoint(carrier);
  const elem = levelType(carrier, zeroPoint);
  const isBipolar = elem?.kind === 'bipolar';
  const levelsAt = (integers: Tensor) => {
    const levels = carriedLattice(evaluateTail(carrier, integers))?.levels;
    invariant(levels, 'a quantizer has levels');
    return levels.map((level) => (isBipolar ? (level + 1) / 2 : level + zeroPoint));
  };
  const found = findSteps(carrier, levelsAt, tailDirections(carrier));
  const grid = { scales: sample.scales, scaleShape: sample.scaleShape, zeroPoint };
  return addLevels(builder, carrier, found, elem, grid, node, origin);
}

function lattice(carrier: Carrier, index: number): Lattice | undefined {
  const range = candidates(carrier);
  return carriedLattice(
    evaluateTail(
      carrier,
      integersAt(carrier, () => range.at(index)),
    ),
  );
}

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
  const reached = reachedLevels(found);
  const elem = declared ?? levelElement(reached.min, reached.max);
  const shaped = builder.reshape(
    { name: carrier.base, type: carrier.type },
    carrier.shape,
    node.name,
    reshapeOrigin(carrier),
  );
  const result = builder.levels(shaped, found, elem, node.name, origin);
  const range = elem.kind === 'bipolar' ? { min: -1, max: 1 } : reached;
  return gridCarrier(result.name, result.type, range, grid);
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
 * The carrier without a tail, as a layer reads it. Reshapes become a node. Other steps behind a quantizer (a relu, a factor) are
 * evaluated at each of its few levels: where the results lie on a grid again, they are levels of that grid.
 */
export function onGrid(builder: Builder, carrier: Carrier, reader: Node, origin: readonly string[]): Carrier {
  const { grid } = carrier;
  if (grid !== undefined && carrier.tail.every(isReshape)) {
    const { name, type } = builder.reshape(
      { name: carrier.base, type: carrier.type },
      carrier.shape,
      reader.name,
      reshapeOrigin(carrier),
    );
    return gridCarrier(name, type, carrier.range, spreadGrid(grid));
  }
  const range = candidates(carrier);
  if (range.count > GRID_LIMIT) {
    fail(
      operandNotQuantized(
        whereOf(reader),
        sourceName(reader),
        `float32 numbers made from ${range.count} integers`,
      ),
    );
  }
  const results = Array.from({ length: range.count }, (_, k) =>
    evaluateTail(
      carrier,
      integersAt(carrier, () => range.at(k)),
    ),
  );
  const lattices = sharedLattice(results);
  const scale = lattices?.scales.length === 1 ? lattices.scales : undefined;
  if (lattices === undefined || scale === undefined) {
    fail(operandNotQuantized(whereOf(reader), sourceName(reader), 'float32 numbers without a common scale'));
  }
  const elements = results[0]?.data.length ?? 0;
  const table = new Int32Array(elements * range.count);
  for (const [k, levels] of lattices.levels.entries()) {
    for (let i = 0; i < elements; i++) table[i * range.count + k] = levels[i] ?? 0;
  }
  const last = carrier.tail.at(-1)?.node ?? reader;
  const newGrid = { scales: scale, scaleShape: [], zeroPoint: 0 };
  const plain = sameLevels(carrier, table, range);
  if (plain) {
    const { name, type } = builder.reshape(
      { name: carrier.base, type: carrier.type },
      carrier.shape,
      last.name,
      reshapeOrigin(carrier),
    );
    return gridCarrier(name, type, carrier.range, newGrid);
  }
  return addLevels(builder, carrier, stepsOfTable(carrier, table), undefined, newGrid, last, origin);
}

/** A grid after a reshape; scales that differ by element are of no use to a layer, which says so itself. */
function spreadGrid(grid: Grid): Grid {
  return grid.scales.length === 1 ? { ...grid, scaleShape: [] } : grid;
}

function sameLevels(carrier: Carrier, table: Int32Array, range: ReturnType<typeof candidates>): boolean {
  return carrier.tail.length > 0 && table.every((level, i) => level === range.at(i % range.count));
}

/** The lattice that all results share: the one they carry, or the one that all their numbers together lie on. */
function sharedLattice(
  results: readonly Tensor[],
): { scales: Lattice['scales']; levels: readonly Int32Array[] } | undefined {
  const carried = results.map(carriedLattice).filter((l) => l !== undefined);
  const [first] = carried;
  if (first !== undefined && carried.length === results.length) {
    return { scales: first.scales, levels: carried.map((l) => l.levels) };
  }
  const size = results[0]?.data.length ?? 0;
  const data = new Float32Array(size * results.length);
  for (const [k, result] of results.entries()) data.set(result.data, k * size);
  const derived = latticeOf({ type: { elem: { kind: 'float32' }, shape: [data.length] }, data });
  if (derived === undefined) return undefined;
  const levels = results.map((_, k) => derived.levels.subarray(k * size, (k + 1) * size));
  return { scales: derived.scales, levels };
}
