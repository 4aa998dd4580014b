import { invariant } from '../../diagnostics/index.ts';
import { checkInteger, checkNumber, checkWeights, squaredNorm, type Matrix } from './matrix.ts';
import { ternaryStep, type TernaryVector } from './ternary-step.ts';
import type { FactorWeights } from './representation.ts';

export interface FactorizeOptions {
  /** Terms, k; min(rows, columns) unless given. May be more: the terms are not orthogonal. */
  readonly rank?: number;
  /** 1 is the greedy factorization alone; each further one fits every term anew with the others fixed. */
  readonly epochs?: number;
  /** Stops when an epoch changes the squared residual by at most its square, relatively. */
  readonly tolerance?: number;
  /** Where a term starts: from all ones, or from the column with the greatest norm, for which the bound (1 - 1/(mn))^k holds. */
  readonly start?: 'ones' | 'column';
}

export interface Factorization {
  /** Its rank is less than asked for if fewer terms leave nothing. */
  readonly weights: FactorWeights;
  /** ||R||^2 before the first term and after each one of the first epoch. */
  readonly residuals: readonly number[];
  /** ||R||^2 after each epoch. */
  readonly epochs: readonly number[];
}

/** Rounds of a single term at most; the fixed point comes long before. */
const maxRounds = 1000;

/** What is left of the matrix, and the term in work. */
interface State {
  readonly rows: number;
  readonly columns: number;
  readonly residual: Float64Array;
}

interface Term {
  x: Int8Array;
  y: Int8Array;
  d: number;
}

/** Throws QCC3620 to QCC3622. FFN: W ~= X diag(d) Y^T with ternary X and Y, by semi-discrete decomposition, basic and improved. */
export function factorize(matrix: Matrix, options: FactorizeOptions = {}): Factorization {
  const { rows, columns, data, where } = matrix;
  const { rank = Math.min(rows, columns), epochs = 1, tolerance = 0, start = 'ones' } = options;
  checkInteger('the rank', rank, 1, rows * columns, where);
  checkInteger('the number of epochs', epochs, 1, 10_000, where);
  checkNumber('the tolerance', tolerance, tolerance >= 0, 'at least 0', where);
  checkWeights(matrix);
  const state: State = { rows, columns, residual: Float64Array.from(data) };
  const terms: Term[] = [];
  const residuals = [squaredNorm(data)];
  for (let i = 0; i < rank; i++) {
    if (residuals.at(-1) === 0) break;
    const y = new Int8Array(columns).fill(1);
    const term = solveTerm(state, start === 'ones' ? y : unit(columns, greatestColumn(state)));
    addTerm(state, term, -1);
    terms.push(term);
    residuals.push(squaredNorm(state.residual));
  }
  const perEpoch = [residuals.at(-1) as number];
  for (let epoch = 1; epoch < epochs; epoch++) {
    for (const term of terms) {
      addTerm(state, term, 1);
      Object.assign(term, solveTerm(state, term.y));
      addTerm(state, term, -1);
    }
    const before = perEpoch.at(-1) as number;
    const after = squaredNorm(state.residual);
    perEpoch.push(after);
    if (Math.abs(before - after) <= tolerance ** 2 * before) break;
  }
  return { weights: collect(state, terms), residuals, epochs: perEpoch };
}

/**
 * The best ternary term that alternation reaches from `start`. x follows from y and y from x, so the fixed point is reached when y repeats.
 * If all row sums of the residual along `start` vanish, the start is blind and gives way to the column with the greatest norm.
 */
function solveTerm(state: State, start: Int8Array): Term {
  let y = start;
  let x: TernaryVector | undefined;
  let d = 0;
  for (let round = 0; round < maxRounds; round++) {
    let s = timesRight(state, y);
    if (s.every((v) => v === 0)) {
      y = unit(state.columns, greatestColumn(state));
      s = timesRight(state, y);
    }
    x = ternaryStep(s);
    const next = ternaryStep(timesLeft(state, x.levels));
    // x^T R y, the sum of the magnitudes of R^T x where y is not zero
    d = next.sum / (x.count * next.count);
    let same = true;
    for (let i = 0; i < y.length && same; i++) same = y[i] === next.levels[i];
    y = next.levels;
    if (same) break;
  }
  invariant(x !== undefined, 'a term is solved in at least one round');
  return { x: x.levels, y, d };
}

/** R y. */
function timesRight({ rows, columns, residual }: State, y: Int8Array): Float64Array {
  const out = new Float64Array(rows);
  const wide = Float64Array.from(y);
  for (let row = 0; row < rows; row++) {
    const from = row * columns;
    let sum = 0;
    for (let i = 0; i < columns; i++) sum += (residual[from + i] as number) * (wide[i] as number);
    out[row] = sum;
  }
  return out;
}

/** R^T x. */
function timesLeft({ rows, columns, residual }: State, x: Int8Array): Float64Array {
  const out = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    const level = x[row] as number;
    if (level === 0) continue;
    const from = row * columns;
    for (let i = 0; i < columns; i++) out[i] = (out[i] as number) + level * (residual[from + i] as number);
  }
  return out;
}

/** R += factor d x y^T. */
function addTerm({ rows, columns, residual }: State, { x, y, d }: Term, factor: 1 | -1): void {
  const scaled = Float64Array.from(y, (level) => factor * d * level);
  for (let row = 0; row < rows; row++) {
    const level = x[row] as number;
    if (level === 0) continue;
    const from = row * columns;
    for (let i = 0; i < columns; i++)
      residual[from + i] = (residual[from + i] as number) + level * (scaled[i] as number);
  }
}

/** The column of the residual with the greatest norm, the first of equals. */
function greatestColumn({ rows, columns, residual }: State): number {
  const norms = new Float64Array(columns);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < columns; i++)
      norms[i] = (norms[i] as number) + (residual[row * columns + i] as number) ** 2;
  let best = 0;
  norms.forEach((norm, i) => {
    if (norm > (norms[best] as number)) best = i;
  });
  return best;
}

function unit(length: number, index: number): Int8Array {
  const out = new Int8Array(length);
  out[index] = 1;
  return out;
}

function collect({ rows, columns }: State, terms: readonly Term[]): FactorWeights {
  const rank = terms.length;
  const left = new Int8Array(rows * rank);
  const right = new Int8Array(rank * columns);
  terms.forEach(({ x, y }, k) => {
    x.forEach((level, row) => (left[row * rank + k] = level));
    right.set(y, k * columns);
  });
  return {
    kind: 'factors',
    rows,
    columns,
    rank,
    left,
    right,
    scales: Float64Array.from(terms, ({ d }) => d),
  };
}
