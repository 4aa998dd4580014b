import { invariant } from '../../diagnostics/index.ts';
import { checkInteger, checkNumber, checkWeights, squaredNorm, type Matrix } from './matrix.ts';
import { ternaryStep, type TernaryVector } from './ternary-step.ts';
import type { FactorWeights } from './representation.ts';

export interface FactorizeOptions {
  /** Terms, k, 1 to 65,536; min(rows, columns) unless given. May be more: the terms are not orthogonal. */
  readonly rank?: number;
  /** 1 is the greedy factorization alone; each further one fits every term anew with the others fixed. */
  readonly epochs?: number;
  /** Stops when an epoch changes the squared residual by at most its square, relatively. */
  readonly tolerance?: number;
  /** Where a term starts: from all ones, or from the column with the greatest norm. k terms leave at most (1 - 1/(mn))^k of ||W||^2 either way. */
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
  /** What the term takes off ||R||^2: d^2 nnz(x) nnz(y). */
  drop: number;
}

/** Throws QCC3620 to QCC3622. FFN: W ~= X diag(d) Y^T with ternary X and Y, by semi-discrete decomposition, basic and improved. */
export function factorize(matrix: Matrix, options: FactorizeOptions = {}): Factorization {
  const { rows, columns, data, where } = matrix;
  const { rank = Math.min(rows, columns), epochs = 1, tolerance = 0, start = 'ones' } = options;
  checkInteger('the rank', rank, 1, 65_536, where);
  checkInteger('the number of epochs', epochs, 1, 10_000, where);
  checkNumber('the tolerance', tolerance, tolerance >= 0, 'at least 0', where);
  checkWeights(matrix);
  const state: State = { rows, columns, residual: Float64Array.from(data) };
  const terms: Term[] = [];
  const residuals = [squaredNorm(data)];
  for (let i = 0; i < rank; i++) {
    if (residuals.at(-1) === 0) break;
    const term = newTerm(state, residuals.at(-1) as number, start);
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
 * The next term of the greedy factorization. From all ones, symmetries can hide a part of the residual from every round: in
 * [[-3,0,3],[-1,-2,-1]] all terms would go into the second row. From the column with the greatest norm a term takes off at least 1/(mn) of
 * ||R||^2, so a term that takes off less is replaced.
 */
function newTerm(state: State, residual: number, start: 'ones' | 'column'): Term {
  const { rows, columns } = state;
  if (start === 'ones') {
    const term = solveTerm(state, new Int8Array(columns).fill(1));
    if (term.drop >= residual / (rows * columns)) return term;
  }
  return solveTerm(state, unit(columns, greatestColumn(state)));
}

/**
 * The best ternary term that alternation reaches from `start`. x follows from y and y from x, so the fixed point is reached when y repeats.
 * If all row sums of the residual along `start` vanish, the start is blind and gives way to the column with the greatest norm.
 */
function solveTerm(state: State, start: Int8Array): Term {
  let y = start;
  let x: TernaryVector | undefined;
  let [d, drop] = [0, 0];
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
    drop = d * next.sum;
    let same = true;
    for (let i = 0; i < y.length && same; i++) same = y[i] === next.levels[i];
    y = next.levels;
    if (same) break;
  }
  invariant(x !== undefined, 'a term is solved in at least one round');
  return { x: x.levels, y, d, drop };
}

/** R y. Four rows at a time, each summed in order: a sum waits for its last addition, so one alone would leave the processor idle. */
function timesRight({ rows, columns, residual }: State, y: Int8Array): Float64Array {
  const out = new Float64Array(rows);
  const wide = Float64Array.from(y);
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    const from = row * columns;
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0; i < columns; i++) {
      const level = wide[i] as number;
      a += (residual[from + i] as number) * level;
      b += (residual[from + columns + i] as number) * level;
      c += (residual[from + 2 * columns + i] as number) * level;
      d += (residual[from + 3 * columns + i] as number) * level;
    }
    out[row] = a;
    out[row + 1] = b;
    out[row + 2] = c;
    out[row + 3] = d;
  }
  for (; row < rows; row++) {
    let sum = 0;
    for (let i = 0; i < columns; i++) sum += (residual[row * columns + i] as number) * (wide[i] as number);
    out[row] = sum;
  }
  return out;
}

/** R^T x, over the rows at which x is not zero, four at a time. */
function timesLeft({ rows, columns, residual }: State, x: Int8Array): Float64Array {
  const out = new Float64Array(columns);
  const used: number[] = [];
  for (let row = 0; row < rows; row++) if (x[row] !== 0) used.push(row);
  let next = 0;
  for (; next + 4 <= used.length; next += 4) {
    const [r0, r1, r2, r3] = used.slice(next, next + 4) as [number, number, number, number];
    const [x0, x1, x2, x3] = [x[r0] as number, x[r1] as number, x[r2] as number, x[r3] as number];
    const [a, b, c, d] = [r0 * columns, r1 * columns, r2 * columns, r3 * columns];
    for (let i = 0; i < columns; i++)
      out[i] =
        (out[i] as number) +
        x0 * (residual[a + i] as number) +
        x1 * (residual[b + i] as number) +
        x2 * (residual[c + i] as number) +
        x3 * (residual[d + i] as number);
  }
  for (; next < used.length; next++) {
    const row = used[next] as number;
    const level = x[row] as number;
    for (let i = 0; i < columns; i++)
      out[i] = (out[i] as number) + level * (residual[row * columns + i] as number);
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
