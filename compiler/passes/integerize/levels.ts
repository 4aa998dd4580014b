import { candidates, type Carrier } from './carrier.ts';

/**
 * The integer levels at integers: `rows` of them a sample (one for each channel, or one for each element), any number of samples
 * one after another.
 */
export type LevelFunction = (integers: Int32Array) => Int32Array;

/**
 * A step function of one integer for each element: the level is `base` plus the number of thresholds reached, or where `flip` is 1,
 * of those not reached.
 */
export interface Steps {
  readonly kind: 'steps';
  readonly base: number;
  /** Thresholds of each element, `count` apiece, ascending. */
  readonly thresholds: Int32Array;
  readonly count: number;
  readonly flip: Uint8Array;
}

/** Any function of one integer for each element. */
export interface Table {
  readonly kind: 'table';
  /** Levels of each element, `count` apiece: at `offset`, `offset + 1` and so on. */
  readonly levels: Int32Array;
  readonly count: number;
  readonly offset: number;
}

/** What is too large, in words. */
export interface TooLarge {
  readonly kind: 'too-large';
  readonly found: string;
  readonly expected: string;
}

/** Most levels of a table that is computed (not necessarily kept). */
const TABLE_LIMIT = 2 ** 24;
/** Most thresholds of one node, over all elements. */
const THRESHOLD_LIMIT = 2 ** 22;

/** Most integers that are evaluated at once. */
const BATCH = 2 ** 18;

/**
 * Finds the thresholds (or failing that the table) of a function that is known by evaluation only.
 *
 * `directions` says for each row where the function is proven to rise (+1) or fall (-1). There bisection finds the thresholds; else,
 * and wherever it is cheaper, the function is evaluated at every integer of the range and its direction is read off.
 */
export function findSteps(
  carrier: Carrier,
  levelsAt: LevelFunction,
  directions: Int8Array,
): Steps | Table | TooLarge {
  const rows = directions.length;
  const range = candidates(carrier);
  // a level that is never reached has its threshold one past the range
  if (carrier.range.max >= 2 ** 31 - 1) {
    return {
      kind: 'too-large',
      found: `values up to ${carrier.range.max}`,
      expected: 'values below 2147483647',
    };
  }
  const first = levelsAt(new Int32Array(rows).fill(range.at(0)));
  const last = levelsAt(new Int32Array(rows).fill(range.at(range.count - 1)));
  const proven = directions.every((direction) => direction !== 0);
  if (proven) {
    const base = least(first, last);
    const count = Math.max(1, greatest(first, last) - base);
    if (count * rows > THRESHOLD_LIMIT) return tooMany(count, rows);
    const bisections = count * Math.ceil(Math.log2(range.count + 1));
    if (range.count > bisections || range.count * rows > TABLE_LIMIT) {
      return bisect(carrier, levelsAt, first, last, base, count);
    }
  }
  if (range.count * rows > TABLE_LIMIT) {
    return {
      kind: 'too-large',
      found: `${range.count} values for ${rows} elements, not provably monotone`,
      expected: `at most ${TABLE_LIMIT} in all`,
    };
  }
  return stepsOfTable(carrier, scan(carrier, levelsAt, rows));
}

/** Evaluates a function at every integer of the range: `count` results for each row. */
export function scan(carrier: Carrier, levelsAt: LevelFunction, rows: number): Int32Array {
  const range = candidates(carrier);
  const table = new Int32Array(rows * range.count);
  const batch = Math.max(1, Math.floor(BATCH / rows));
  for (let from = 0; from < range.count; from += batch) {
    const samples = Math.min(batch, range.count - from);
    const integers = new Int32Array(samples * rows);
    for (let k = 0; k < samples; k++) integers.fill(range.at(from + k), k * rows, (k + 1) * rows);
    const levels = levelsAt(integers);
    for (let k = 0; k < samples; k++) {
      for (let row = 0; row < rows; row++) {
        table[row * range.count + from + k] = levels[k * rows + row] ?? 0;
      }
    }
  }
  return table;
}

/**
 * The thresholds of a scanned function, if every element's rises or falls throughout; else the table. The table has rows of one level
 * for each integer of the range: one for each element, or one for all.
 */
export function stepsOfTable(carrier: Carrier, table: Int32Array): Steps | Table | TooLarge {
  const range = candidates(carrier);
  const elements = table.length / range.count;
  const base = least(table);
  const count = Math.max(1, greatest(table) - base);
  const flip = new Uint8Array(elements);
  for (let i = 0; i < elements; i++) {
    let [rises, falls] = [false, false];
    for (let k = i * range.count + 1; k < (i + 1) * range.count; k++) {
      const step = (table[k] ?? 0) - (table[k - 1] ?? 0);
      rises ||= step > 0;
      falls ||= step < 0;
    }
    if (rises && falls) return tableOf(carrier, table);
    flip[i] = falls ? 1 : 0;
  }
  if (count * elements > THRESHOLD_LIMIT) return tooMany(count, elements);
  const thresholds = new Int32Array(elements * count);
  for (let i = 0; i < elements; i++) {
    for (let j = 0; j < count; j++) {
      const level = base + 1 + j;
      let k = 0;
      while (k < range.count && (table[i * range.count + k] ?? 0) >= level === (flip[i] === 1)) k++;
      setThreshold(thresholds, count, i, j, flip[i] === 1, integerAt(carrier, k));
    }
  }
  return { kind: 'steps', base, thresholds, count, flip };
}

function bisect(
  carrier: Carrier,
  levelsAt: LevelFunction,
  first: Int32Array,
  last: Int32Array,
  base: number,
  count: number,
): Steps {
  const rows = first.length;
  const range = candidates(carrier);
  const flip = Uint8Array.from(first, (level, i) => (level > (last[i] ?? 0) ? 1 : 0));
  const thresholds = new Int32Array(rows * count);
  const batch = Math.max(1, Math.floor(BATCH / rows));
  for (let from = 0; from < count; from += batch) {
    // all levels of the batch at once, one sample each
    const samples = Math.min(batch, count - from);
    const cells = samples * rows;
    // invariant: the change lies in [low, high]; high = count of the range means it never comes
    const low = new Float64Array(cells);
    const high = new Float64Array(cells).fill(range.count);
    const middle = new Float64Array(cells);
    const integers = new Int32Array(cells);
    for (let width = range.count; width > 0; width = Math.floor(width / 2)) {
      for (let i = 0; i < cells; i++) {
        const at = Math.floor(((low[i] ?? 0) + (high[i] ?? 0)) / 2);
        middle[i] = at;
        integers[i] = range.at(Math.min(at, range.count - 1));
      }
      const levels = levelsAt(integers);
      for (let i = 0; i < cells; i++) {
        const at = middle[i] ?? 0;
        if (at >= (high[i] ?? 0)) continue;
        const level = base + 1 + from + Math.floor(i / rows);
        const before = (levels[i] ?? 0) >= level === (flip[i % rows] === 1);
        if (before) low[i] = at + 1;
        else high[i] = at;
      }
    }
    for (let i = 0; i < cells; i++) {
      const row = i % rows;
      const j = from + Math.floor(i / rows);
      setThreshold(thresholds, count, row, j, flip[row] === 1, integerAt(carrier, low[i] ?? 0));
    }
  }
  return { kind: 'steps', base, thresholds, count, flip };
}

/** Where an element falls, the highest level ends first: its threshold is the lowest. */
function setThreshold(
  all: Int32Array,
  count: number,
  element: number,
  j: number,
  falls: boolean,
  at: number,
): void {
  all[element * count + (falls ? count - 1 - j : j)] = at;
}

/** The integer at an index of the range; one past its end for a level that never changes. */
function integerAt(carrier: Carrier, index: number): number {
  const range = candidates(carrier);
  return index < range.count ? range.at(index) : carrier.range.max + 1;
}

/** A scanned function as a table. A bipolar operand has no 0, but the table has an entry for it. */
export function tableOf(carrier: Carrier, table: Int32Array): Table {
  const { count } = candidates(carrier);
  const { min, max } = carrier.range;
  const size = max - min + 1;
  if (size === count) return { kind: 'table', levels: table, count, offset: min };
  const levels = new Int32Array((table.length / count) * size);
  for (let i = 0; i < table.length / count; i++) {
    levels.set([table[2 * i] ?? 0, table[2 * i] ?? 0, table[2 * i + 1] ?? 0], i * size);
  }
  return { kind: 'table', levels, count: size, offset: min };
}

function tooMany(count: number, elements: number): TooLarge {
  return {
    kind: 'too-large',
    found: `${count} thresholds for ${elements} elements`,
    expected: `at most ${THRESHOLD_LIMIT} in all`,
  };
}

function least(...arrays: readonly Int32Array[]): number {
  return arrays.reduce((min, levels) => levels.reduce((a, b) => Math.min(a, b), min), Infinity);
}

function greatest(...arrays: readonly Int32Array[]): number {
  return arrays.reduce((max, levels) => levels.reduce((a, b) => Math.max(a, b), max), -Infinity);
}
