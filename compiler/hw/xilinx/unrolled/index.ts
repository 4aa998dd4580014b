/**
 * Matrices of constants dissolved into LUT6_2 cells and carry chains: shared sums first, then a compressor tree for each row. What is
 * shared is decided by estimates, so a few ways are tried, the cells counted, and the smallest kept.
 */
import { share, termsOf, treeDepth } from '../../adders/index.ts';
import type { Term } from '../../adders/index.ts';
import { heapReaches, heapSum } from '../heap/build.ts';
import { NetlistBuilder } from '../netlist.ts';
import type { Net, Netlist } from '../netlist.ts';
import { packChains } from '../pack.ts';
import { BitSums, heapOf } from './sums.ts';
import { reduceByTriples } from './triples.ts';

/** What is wanted of a row. */
export type RowGoal =
  /** `sum + constant`, modulo 2^width. */
  | { readonly kind: 'sum'; readonly width: number; readonly constant: number }
  /** One bit: whether the sum is at least `bound`. */
  | { readonly kind: 'reach'; readonly bound: number };

/** An output: the sum of weight times input, each input an unsigned number of `xBits` bits. */
export interface UnrolledRow {
  readonly weights: ArrayLike<number>;
  readonly goal: RowGoal;
}

export interface UnrolledProblem {
  readonly inputs: number;
  readonly xBits: number;
  /** The top bit of each input is to be read inverted: a signed number whose 2^(xBits-1) more is meant. */
  readonly topInverted: boolean;
  /** Sums are shared only where no row needs more levels of adders for it; absent: wherever it saves something. */
  readonly shallow?: boolean;
  readonly rows: readonly UnrolledRow[];
}

/** One way to share. */
interface Attempt {
  readonly weights: { readonly pair: number; readonly triple: number; readonly rowPair: number };
  readonly seed: number;
}

/** Weights of the kinds of patterns of the attempts that are made; the estimates favour now one, now the other. */
const attempts: readonly Attempt[] = [
  { weights: { pair: 0, triple: 1, rowPair: 0 }, seed: 0 },
  { weights: { pair: 1, triple: 1, rowPair: 1.5 }, seed: 0 },
  { weights: { pair: 1, triple: 1, rowPair: 1 }, seed: 1 },
];

/** Bits of all products up to which all attempts are made, and up to which anything is shared. */
const manyAttempts = 40_000;
const mostShared = 20_000;
/** Of rows of -1 and +1 as many orders of the columns as this are tried. */
const orders = 4;
/** Weights up to which all of them are, and up to which such rows share anything: beyond, the search takes longer than all else of a build. */
const manyOrders = 6000;
const mostSharedSigns = 10_000;

/** Port `x`: the inputs, the first lowest. Port `h`: the rows' results, the first lowest. */
export function unrolledNetlist(problem: UnrolledProblem): Netlist {
  const size = problem.rows.length * problem.inputs;
  let best: Netlist | undefined;
  const offer = (netlist: Netlist): void => {
    if (best === undefined || netlist.luts.length < best.luts.length) best = netlist;
  };
  if (isBinary(problem)) {
    const tries = size <= manyOrders ? orders : 1;
    for (let seed = 0; seed < tries; seed++) offer(binary(problem, seed, size <= mostSharedSigns));
  } else {
    const shifted = problem.rows.some(({ weights }) => Array.from(weights).some((w) => w < -1 || w > 1));
    const few = shifted || size * problem.xBits > manyAttempts;
    const tried: readonly Attempt[] =
      size > mostShared
        ? [{ weights: { pair: 0, triple: 0, rowPair: 0 }, seed: 0 }]
        : few
          ? [{ weights: { pair: 1, triple: 1, rowPair: 0 }, seed: 0 }]
          : attempts;
    for (const attempt of tried) offer(general(problem, attempt));
  }
  return packChains(best!);
}

/** Whether all weights are -1 or +1, the inputs single bits, and each row wants one threshold. */
function isBinary({ xBits, rows }: UnrolledProblem): boolean {
  return (
    xBits === 1 &&
    rows.every(
      ({ weights, goal }) => goal.kind === 'reach' && Array.from(weights).every((w) => w === 1 || w === -1),
    )
  );
}

/** Fewer states for larger problems: the search takes a time in proportion. */
function beamFor({ inputs, xBits }: UnrolledProblem): number {
  return Math.max(6, Math.min(60, Math.round(4000 / (inputs * xBits))));
}

/** Columns in a random order that depends on the seed alone; seed 0 leaves them as they are. */
function orderOf(count: number, seed: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  let state = seed;
  for (let i = seed === 0 ? 0 : count - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** The bound of a problem's sharing: what its rows need by themselves. */
function depthOf(
  { shallow = false }: UnrolledProblem,
  rows: readonly (readonly Term[])[],
): { maxDepth?: number } {
  return shallow ? { maxDepth: Math.max(0, ...rows.map((row) => treeDepth(row.map(() => 0)))) } : {};
}

function binary(problem: UnrolledProblem, seed: number, shared: boolean): Netlist {
  const builder = new NetlistBuilder();
  const x = builder.input('x', problem.inputs);
  const beam = beamFor(problem);
  const inverted = problem.rows.map(({ weights }) =>
    Array.from(weights, (w) => w < 0 !== problem.topInverted),
  );
  // "sum of w x at least t" counts literals: those of weight -1 are 1 less
  const bounds = problem.rows.map(({ weights, goal }) => {
    const negatives = Array.from(weights).filter((w) => w < 0).length;
    return (goal.kind === 'reach' ? goal.bound : 0) + negatives;
  });
  const reduced = reduceByTriples(builder, x, inverted, bounds, orderOf(problem.inputs, seed));
  const graph = share(reduced.rows, reduced.signals.length, {
    objective: 'bits',
    weights: { pair: 0, triple: shared ? 1 : 0, rowPair: 0 },
    seed,
    ...depthOf(problem, reduced.rows),
  });
  const literals = reduced.signals.map((net) => [{ net, inverted: false }]);
  const sums = new BitSums(builder, graph, literals, beam);
  const nets = graph.outputs.map((terms, row) => {
    const raw = sums.raw(terms);
    const negatives = reduced.rows[row]!.filter(({ negative }) => negative).length;
    return heapReaches(builder, raw.bits, reduced.bounds[row]! - negatives + raw.offset, beam);
  });
  builder.output('h', nets);
  return builder.finish();
}

function general(problem: UnrolledProblem, { weights, seed }: Attempt): Netlist {
  const { inputs, xBits, topInverted, rows } = problem;
  const builder = new NetlistBuilder();
  const x = builder.input('x', inputs * xBits);
  const beam = beamFor(problem);
  const terms: Term[][] = rows.map((row) => termsOf(row.weights));
  const graph = share(terms, inputs, {
    objective: 'bits',
    weights,
    seed,
    inputBits: () => xBits,
    ...depthOf(problem, terms),
  });
  const literals = Array.from({ length: inputs }, (_, k) =>
    Array.from({ length: xBits }, (__, b) => ({
      net: x[k * xBits + b]!,
      inverted: topInverted && b === xBits - 1,
    })),
  );
  const sums = new BitSums(builder, graph, literals, beam);
  const nets: Net[] = graph.outputs.flatMap((outputTerms, row) => {
    const { goal } = rows[row]!;
    const raw = sums.raw(outputTerms);
    return goal.kind === 'reach'
      ? [heapReaches(builder, raw.bits, goal.bound + raw.offset, beam)]
      : heapSum(builder, heapOf(raw, goal.width, goal.constant - raw.offset), beam);
  });
  builder.output('h', nets);
  return builder.finish();
}
