import { bitWidth } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { encodeElement } from '../../compiler/hw/pack.ts';
import { analyse, mvuParams } from '../mvu/analysis.ts';
import { bitsFor, extended, literal } from './text.ts';
import { uniformLevels } from './uniform.ts';
import type { UniformLevels } from './uniform.ts';

/** What a row hands from the sums to the results: nothing, one bit, or `H + constant`, H being the sum of templates/mvu/analysis.ts. */
export type Handed =
  | { readonly kind: 'nothing' }
  /** Whether H reaches a bound. */
  | { readonly kind: 'reach'; readonly bound: number }
  | { readonly kind: 'sum'; readonly constant: number; readonly signed: boolean };

/** One output: what is handed over, and how the result follows from it. */
export interface Row {
  readonly index: number;
  readonly handed: Handed;
  /** Bits handed over. */
  readonly bits: number;
  /** Weights, negated where the output is flipped. */
  readonly weights: readonly number[];
  /** Statements that stand before `result`. */
  readonly wires: readonly string[];
  /** The result, an expression in `h<index>_q` of the element's width. */
  readonly result: string;
}

const nothing: Handed = { kind: 'nothing' };

/** All rows of an instance. */
export function rowsOf(node: HwNode): readonly Row[] {
  const { inputs, outputs, y, base } = mvuParams(node);
  const analysis = analyse(node);
  const data = node.consts['weights']?.data ?? [];
  const yBits = bitWidth(y);
  return Array.from({ length: outputs }, (_, index): Row => {
    const sign = analysis.negated[index] === 1 ? -1 : 1;
    const weights = Array.from({ length: inputs }, (__, k) => sign * (data[index * inputs + k] ?? 0));
    const low = analysis.low[index] ?? 0;
    const high = analysis.high[index] ?? 0;
    const h = `h${index}_q`;
    const common = { index, weights, wires: [] };
    const sum = (constant: number): { readonly handed: Handed; readonly bits: number } => {
      const signed = low + constant < 0;
      return { handed: { kind: 'sum', constant, signed }, bits: bitsFor(low + constant, high + constant) };
    };
    if (analysis.count === 0) {
      const offset = analysis.offset[index] ?? 0;
      const { handed, bits } = sum(Math.floor(offset / analysis.scale));
      const signed = handed.kind === 'sum' && handed.signed;
      if (analysis.scale === 1) return { ...common, handed, bits, result: extended(h, bits, yBits, signed) };
      const parity = `1'b${Math.abs(offset % 2)}`;
      if (yBits === 1) return { ...common, handed: nothing, bits: 0, result: parity };
      return { ...common, handed, bits, result: `{${extended(h, bits, yBits - 1, signed)}, ${parity}}` };
    }
    const levels = Array.from(
      { length: analysis.count },
      (__, j) => analysis.thresholds[index * analysis.count + j] ?? 0,
    );
    const met = levels.filter((t) => t <= low).length;
    const open = levels.filter((t) => t > low && t <= high);
    const start = y.kind === 'bipolar' ? met : encodeElement(y, base + met);
    if (open.length === 0) return { ...common, handed: nothing, bits: 0, result: literal(start, yBits) };
    const [only = 0] = open;
    if (open.length === 1) {
      const handed: Handed = { kind: 'reach', bound: only };
      const result =
        yBits === 1 && start === 0 ? h : `${literal(start, yBits)} + ${extended(h, 1, yBits, false)}`;
      return { ...common, handed, bits: 1, result };
    }
    const uniform = uniformLevels(open);
    if (uniform !== undefined) {
      const { handed, bits } = sum(-uniform.origin);
      const signed = handed.kind === 'sum' && handed.signed;
      return { ...common, handed, bits, ...uniformResult(index, bits, signed, uniform, start, yBits) };
    }
    const { handed, bits } = sum(0);
    const signed = handed.kind === 'sum' && handed.signed;
    const left = signed ? `$signed(${h})` : h;
    const counts = open.map((t) => extended(`(${left} >= ${literal(t, bits, signed)})`, 1, yBits, false));
    return { ...common, handed, bits, result: [literal(start, yBits), ...counts].join(' + ') };
  });
}

/** Levels that stand 2^shift apart are a shift, cut off at both ends. */
function uniformResult(
  index: number,
  bits: number,
  signed: boolean,
  { shift, even, skipped, count }: UniformLevels,
  start: number,
  yBits: number,
): { readonly wires: readonly string[]; readonly result: string } {
  const h = `h${index}_q`;
  const k = `k${index}`;
  const wide = bits - shift;
  const wires: string[] = [];
  const whole = `${h}[${bits - 1}:${shift}]`;
  // a tie goes to the even level
  const lowest = `${h}[${shift}] & (|${h}[${shift - 1}:0])`;
  const value = !even ? whole : wide === 1 ? lowest : `{${h}[${bits - 1}:${shift + 1}], ${lowest}}`;
  wires.push(`wire [${wide - 1}:0] ${k} = ${value};`);
  const type = signed ? '$signed' : '';
  const number = type === '' ? k : `$signed(${k})`;
  const most = skipped + count;
  // comparisons that the width decides are left out
  const reach = signed ? 2 ** (wide - 1) - 1 : 2 ** wide - 1;
  const tests: string[] = [];
  const under =
    signed && skipped === 0 ? `${k}[${wide - 1}]` : `(${number} < ${literal(skipped, wide, signed)})`;
  if (signed || skipped > 0) tests.push(`${under} ? ${literal(start, yBits)} :`);
  const plain = signed ? `${k}[${wide - 2}:0]` : k;
  const field = Math.log2(most + 1);
  if (most < reach) {
    // above it is tested after below, so that what is negative does not count
    const over =
      Number.isInteger(field) && skipped === 0
        ? `|${k}[${wide - (signed ? 2 : 1)}:${field}]`
        : `${signed ? plain : k} > ${literal(most, signed ? wide - 1 : wide)}`;
    tests.push(`(${over}) ? ${literal(start + count, yBits)} :`);
  }
  const offset = start - skipped;
  const cut = extended(k, wide, yBits, signed);
  const inner = offset === 0 ? cut : `${cut} + ${literal(offset, yBits)}`;
  return { wires: [...wires, `wire unused_${k} = &{1'b0, ${k}};`], result: [...tests, inner].join(' ') };
}
