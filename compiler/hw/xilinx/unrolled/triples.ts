/** Rows of -1 and +1 over single bits, with one threshold each: the first layers, which all rows share. */
import type { Term } from '../../adders/index.ts';
import type { Net, NetlistBuilder } from '../netlist.ts';
import { sharedTables } from '../tables.ts';

/** A column of the problem: a signal, and by row whether it counts where it is 0. */
interface Column {
  readonly net: Net;
  readonly inverted: readonly boolean[];
}

/** What is left of each row: at least `bound` of its literals. */
export interface Reduced {
  readonly signals: readonly Net[];
  /** By row, its literals as terms over the signals; a negative term is an inverted literal. */
  readonly rows: readonly (readonly Term[])[];
  readonly bounds: readonly number[];
}

/**
 * Halves the literals of all rows: "at least T of these" becomes "at least about T/2 of those".
 *
 * Of three literals the majority counts twice and the parity once. Up to inversion there are four majorities and a single parity for any
 * signs, so each row takes one of four shared signals, and the parities are the columns of the same problem, a third as large. The last one or
 * two literals of weight 1 join by an AND where T is even and by an OR where it is odd.
 *
 * @param order - the columns in the order in which three at a time are put together.
 */
export function reduceByTriples(
  builder: NetlistBuilder,
  inputs: readonly Net[],
  inverted: readonly (readonly boolean[])[],
  thresholds: readonly number[],
  order: readonly number[],
): Reduced {
  const rows = inverted.length;
  const signals: Net[] = [];
  const literals: Term[][] = inverted.map(() => []);
  let columns = order.map((k): Column => ({ net: inputs[k]!, inverted: inverted.map((row) => row[k]!) }));

  /** One shared signal per distinct function, given by its key up to inversion. */
  const shared = (
    pins: readonly Net[],
    keyOf: (row: number) => { readonly key: number; readonly inverted: boolean } | undefined,
    functionOf: (key: number) => (values: readonly number[]) => boolean,
    more: readonly ((values: readonly number[]) => boolean)[],
  ): readonly Net[] => {
    const wanted = Array.from({ length: rows }, (_, row) => keyOf(row));
    const keys = [...new Set(wanted.flatMap((found) => (found === undefined ? [] : [found.key])))];
    const nets = sharedTables(builder, pins, [...keys.map(functionOf), ...more]);
    const first = signals.push(...nets.slice(0, keys.length)) - keys.length;
    wanted.forEach((found, row) => {
      if (found === undefined) return;
      literals[row]!.push({ node: first + keys.indexOf(found.key), shift: 0, negative: found.inverted });
    });
    return nets.slice(keys.length);
  };

  while (columns.length >= 3) {
    const next: Column[] = [];
    for (let at = 0; at + 2 < columns.length; at += 3) {
      const triple = columns.slice(at, at + 3);
      const flips = (row: number): boolean[] => triple.map((column) => column.inverted[row]!);
      const [parity] = shared(
        triple.map(({ net }) => net),
        (row) => {
          const [a, b, c] = flips(row);
          return { key: (a === b ? 0 : 2) + (a === c ? 0 : 1), inverted: a! };
        },
        (key) =>
          ([a, b, c]) =>
            a! + (b! ^ (key >> 1)) + (c! ^ (key & 1)) >= 2,
        [([a, b, c]) => (a! ^ b! ^ c!) === 1],
      );
      next.push({
        net: parity!,
        inverted: Array.from({ length: rows }, (_, row) => flips(row).filter(Boolean).length % 2 === 1),
      });
    }
    columns = [...next, ...columns.slice(columns.length - (columns.length % 3))];
  }
  const odd = (row: number): boolean => thresholds[row]! % 2 !== 0;
  const [first, second] = columns;
  if (first !== undefined && second === undefined) {
    const node = signals.push(first.net) - 1;
    literals.forEach((row, r) => {
      if (odd(r)) row.push({ node, shift: 0, negative: first.inverted[r]! });
    });
  } else if (first !== undefined && second !== undefined) {
    shared(
      [first.net, second.net],
      (row) => {
        // a OR b is the inverse of the AND of the inverses
        const flip = odd(row);
        return {
          key: (first.inverted[row]! !== flip ? 2 : 0) + (second.inverted[row]! !== flip ? 1 : 0),
          inverted: flip,
        };
      },
      (key) =>
        ([a, b]) =>
          (a! ^ (key >> 1)) === 1 && (b! ^ (key & 1)) === 1,
      [],
    );
  }
  return { signals, rows: literals, bounds: thresholds.map((t) => Math.ceil(t / 2)) };
}
