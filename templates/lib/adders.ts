import { rangeBits } from './lanes.ts';

// Sums of many numbers as chains of carry chains.
//
// A processing element adds numbers that are functions of one to six signals (an input with its sign changed, masked, shifted). A bit of a
// carry chain is one LUT whose output is the exclusive or of both operands, and one operand once more as the chain's data; so the other
// operand's function costs nothing if it fits into that LUT. Two things keep synthesis from using that: which operand becomes the data, and
// merging of several additions into one of many operands, whose full adders cost two LUTs a bit. Both are settled by writing
// a + b as ~(~a - b): b is the operand that is not repeated, and the complements between two additions keep them apart. They cost nothing,
// since a LUT takes its inputs in either polarity.

/** A number that is not negative: an expression of `bits` bits that may stand in a concatenation, and its greatest value. */
export interface Summand {
  readonly text: string;
  readonly bits: number;
  readonly most: number;
}

/** Numbers that one chain adds one after the other before chains are added in pairs: more save LUTs, and take longer. */
const CHAIN = 4;

/** The widths of the adders, and how many summands begin a chain. */
export interface AdderPlan {
  readonly bits: readonly number[];
  readonly heads: number;
}

/** The sum of all summands by what adds two of them: chains first, then pairs of sums. */
function fold<T>(summands: readonly T[], add: (a: T, b: T) => T): T | undefined {
  let level: T[] = [];
  for (let i = 0; i < summands.length; i += CHAIN) {
    const [first, ...rest] = summands.slice(i, i + CHAIN);
    if (first !== undefined) level.push(rest.reduce(add, first));
  }
  while (level.length > 1) {
    const next: T[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [a, b] = [level[i], level[i + 1]];
      if (a !== undefined) next.push(b === undefined ? a : add(a, b));
    }
    level = next;
  }
  return level[0];
}

/** What `addChains` makes of `count` numbers up to `most`, without making it. */
export function adderPlan(count: number, most: number, width: number): AdderPlan {
  const bits: number[] = [];
  fold<number>(new Array<number>(count).fill(most), (a, b) => {
    bits.push(Math.min(width, rangeBits(0, a + b)));
    return a + b;
  });
  return { bits, heads: Math.ceil(count / CHAIN) };
}

/** An expression extended with zeros, or cut, to `width` bits. */
function extend({ text, bits }: Summand, width: number): string {
  return bits >= width ? text : `{${width - bits}'d0, ${text}}`;
}

/**
 * Statements that add the summands, modulo 2^width; every summand has at most `width` bits. Gives back the sum as one summand.
 */
export function addChains(
  summands: readonly Summand[],
  width: number,
): { readonly lines: readonly string[]; readonly sum: Summand } {
  const lines: string[] = [];
  const sum = fold(summands, (a, b) => {
    const most = a.most + b.most;
    const bits = Math.min(width, rangeBits(0, most));
    const name = `n${lines.length}`;
    lines.push(`wire [${bits - 1}:0] ${name} = ~${extend(a, bits)} - ${extend(b, bits)};`);
    return { text: `(~${name})`, bits, most };
  });
  return { lines, sum: sum ?? { text: "1'b0", bits: 1, most: 0 } };
}

/** The sum as an expression of `width` bits. */
export function extendedSum(sum: Summand, width: number): string {
  return extend(sum, width);
}
