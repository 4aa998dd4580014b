import { elementCount, fitInteger, type Tensor } from '../../qir/types.ts';
import { broadcastReader } from '../../qir/ops/real.ts';
import { candidates, evaluateTail, integersAt, isReshape, type Carrier, type TailStep } from './carrier.ts';
import { exactInFloat32, greatestLevel } from './exact.ts';
import { stepsOfTable, type Steps, type Table, type TooLarge } from './levels.ts';

/** Most float32 numbers evaluated to compare them. */
const EVALUATION_LIMIT = 2 ** 22;
/** Most entries of a table that becomes hardware, and most thresholds that stand in for one. */
const TABLE_LIMIT = 2 ** 20;
const THRESHOLDS = 255;

/**
 * How integers can stand in for float32 numbers where only their order counts: as they are (`order-kept`), or by their rank among all
 * numbers that can come up in any element, equal numbers having equal ranks.
 */
export type Ranking = { readonly kind: 'order-kept' } | Steps | Table | TooLarge;

/** Finds integers with exactly the order (ties included) of the carrier's float32 numbers. */
export function rank(carrier: Carrier): Ranking {
  const scale = carrier.grid?.scales.length === 1 ? carrier.grid.scales[0] : undefined;
  const bare = carrier.tail.every(isReshape);
  if (bare && carrier.grid !== undefined && scale !== undefined && scale.numerator > 0n) {
    if (exactInFloat32(scale, greatestLevel(carrier, carrier.grid.zeroPoint))) return { kind: 'order-kept' };
  }
  const range = candidates(carrier);
  const uniform = uniformNumbers(carrier);
  if (uniform !== undefined && uniform.every((x, k) => k === 0 || x > (uniform[k - 1] ?? 0))) {
    return { kind: 'order-kept' };
  }
  const numbers = uniform ?? allNumbers(carrier);
  if (numbers === undefined) {
    return {
      kind: 'too-large',
      found: `${range.count} values for ${elementCount(carrier.type.shape)} elements to be put in order`,
      expected: `at most ${EVALUATION_LIMIT} in all`,
    };
  }
  const ranks = new Map([...new Set(numbers)].sort((a, b) => a - b).map((x, i) => [x, i]));
  const table = Int32Array.from(numbers, (x) => ranks.get(x) ?? 0);
  const steps = stepsOfTable(carrier, table);
  if (steps.kind === 'steps' && steps.count <= THRESHOLDS) return steps;
  if (table.length > TABLE_LIMIT) {
    return {
      kind: 'too-large',
      found: `a table of ${table.length} ranks`,
      expected: `at most ${TABLE_LIMIT} entries`,
    };
  }
  if (steps.kind === 'table') return steps;
  return { kind: 'table', levels: table, count: range.count, offset: carrier.range.min };
}

/** The element type of ranks or levels. */
export function rankType(found: Steps | Table): ReturnType<typeof fitInteger> {
  const highest =
    found.kind === 'table' ? found.levels.reduce((a, b) => Math.max(a, b)) : found.base + found.count;
  return fitInteger(0, Math.max(1, highest));
}

/** The numbers at every integer of the range, element after element. */
function allNumbers(carrier: Carrier): Float32Array | undefined {
  const range = candidates(carrier);
  const elements = elementCount(carrier.type.shape);
  if (range.count * elements > EVALUATION_LIMIT) return undefined;
  const numbers = new Float32Array(range.count * elements);
  for (let k = 0; k < range.count; k++) {
    const at = evaluateTail(
      carrier,
      integersAt(carrier, () => range.at(k)),
    );
    for (let i = 0; i < elements; i++) numbers[i * range.count + k] = at.data[i] ?? 0;
  }
  return numbers;
}

/** The numbers at every integer of the range where all elements have the same; undefined where they differ. */
function uniformNumbers(carrier: Carrier): Float32Array | undefined {
  const range = candidates(carrier);
  if (range.count > EVALUATION_LIMIT || (carrier.grid !== undefined && carrier.grid.scales.length !== 1))
    return undefined;
  const line: number[] = [range.count];
  const tail: TailStep[] = [];
  for (const step of carrier.tail) {
    if (isReshape(step)) continue;
    const operands = step.operands.map((tensor) => tensor && sole(tensor));
    if (step.operands.some((tensor, i) => tensor !== undefined && operands[i] === undefined))
      return undefined;
    tail.push({ node: { ...step.node, type: { ...step.node.type, shape: line } }, operands });
  }
  const type = { ...carrier.type, shape: line };
  const along = { ...carrier, type, tail, shape: line };
  const integers: Tensor = { type, data: Int32Array.from({ length: range.count }, (_, k) => range.at(k)) };
  const result = evaluateTail(along, integers);
  return Float32Array.from(result.data);
}

/** A constant that is the same number everywhere, as a scalar. */
function sole(tensor: Tensor): Tensor | undefined {
  const first = broadcastReader(tensor, tensor.type.shape)(0);
  if (!tensor.data.every((x) => x === first)) return undefined;
  return { type: { ...tensor.type, shape: [] }, data: Float32Array.of(first) };
}
