import { elementCount, fitInteger, type Tensor } from '../../qir/types.ts';
import { candidates, type Carrier } from './carrier.ts';
import { exactInFloat32, greatestLevel } from './exact.ts';
import { stepsOfTable, type Steps, type Table, type TooLarge } from './levels.ts';
import { representative } from './representative.ts';

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
  if (
    carrier.tail.length === 0 &&
    carrier.grid !== undefined &&
    scale !== undefined &&
    scale.numerator > 0n
  ) {
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

/** The numbers at every integer of the range, row after row of the representative. */
function allNumbers(carrier: Carrier): Float32Array | undefined {
  const { rows } = representative(carrier);
  const range = candidates(carrier);
  if (range.count * rows > EVALUATION_LIMIT) return undefined;
  const at = evaluateAll(carrier, rows);
  return Float32Array.from({ length: at.length }, (_, i) => {
    const [row, k] = [Math.floor(i / range.count), i % range.count];
    return at[k * rows + row] ?? 0;
  });
}

/** The numbers at every integer of the range where all elements have the same; undefined where they differ. */
function uniformNumbers(carrier: Carrier): Float32Array | undefined {
  const { rows, tail, scales } = representative(carrier);
  const uniform = (scales?.length ?? 1) === 1 && tail.every((step) => step.operands.every(isUniform));
  if (!uniform || candidates(carrier).count > EVALUATION_LIMIT) return undefined;
  // of rows that are all the same, consecutive ones can stand for consecutive integers
  const { count } = candidates(carrier);
  return evaluateAll(carrier, 1, rows).subarray(0, count);
}

function isUniform(tensor: Tensor | undefined, operand: number, all: readonly unknown[]): boolean {
  if (tensor === undefined) return true;
  const thresholds = all.length === 2 && operand === 1 && tensor.type.shape.length === 2;
  return thresholds ? tensor.type.shape[0] === 1 : tensor.data.every((x) => x === tensor.data[0]);
}

/** The numbers at every integer, each `copies` times in a row, padded to whole samples of `rows`. */
function evaluateAll(carrier: Carrier, copies: number, rows = copies): Float32Array {
  const range = candidates(carrier);
  const cells = Math.ceil((range.count * copies) / rows) * rows;
  const integers = Int32Array.from({ length: cells }, (_, i) =>
    range.at(Math.min(Math.floor(i / copies), range.count - 1)),
  );
  return Float32Array.from(representative(carrier).evaluate(integers).data);
}
