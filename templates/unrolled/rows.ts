import { bitWidth } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { adderDelay } from '../../compiler/hw/stages.ts';
import { encodeElement } from '../../compiler/hw/pack.ts';
import { analyse, mvuParams } from '../mvu/analysis.ts';
import type { Step, StepText } from './steps.ts';
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
  /** What makes the result, `y<index>` of the element's width, of what is handed over, `h<index>_q`. */
  readonly result: readonly Step[];
}

/** Thresholds that some sums from `low` to `high` reach and others do not. */
export function openLevels(levels: ArrayLike<number>, low: number, high: number): number[] {
  return Array.from(levels).filter((t) => t > low && t <= high);
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
    const common = { index, weights };
    const step = (text: string, delay: number): Step => ({
      wires: [{ name: `y${index}`, bits: yBits, text }],
      delay,
    });
    const fixed = (text: string): Row => ({ ...common, handed: nothing, bits: 0, result: [step(text, 0)] });
    const sum = (constant: number): { readonly handed: Handed; readonly bits: number } => {
      const signed = low + constant < 0;
      return { handed: { kind: 'sum', constant, signed }, bits: bitsFor(low + constant, high + constant) };
    };
    if (analysis.count === 0) {
      const offset = analysis.offset[index] ?? 0;
      const { handed, bits } = sum(Math.floor(offset / analysis.scale));
      const signed = handed.kind === 'sum' && handed.signed;
      const parity = `1'b${Math.abs(offset % 2)}`;
      if (analysis.scale === 2 && yBits === 1) return fixed(parity);
      const text =
        analysis.scale === 1
          ? extended(h, bits, yBits, signed)
          : `{${extended(h, bits, yBits - 1, signed)}, ${parity}}`;
      return { ...common, handed, bits, result: [step(text, 0)] };
    }
    const levels = Array.from(
      { length: analysis.count },
      (__, j) => analysis.thresholds[index * analysis.count + j] ?? 0,
    );
    const met = levels.filter((t) => t <= low).length;
    const open = openLevels(levels, low, high);
    const start = y.kind === 'bipolar' ? met : encodeElement(y, base + met);
    if (open.length === 0) return fixed(literal(start, yBits));
    const [only = 0] = open;
    if (open.length === 1) {
      const handed: Handed = { kind: 'reach', bound: only };
      const plain = yBits === 1 && start === 0;
      const text = plain ? h : `${literal(start, yBits)} + ${extended(h, 1, yBits, false)}`;
      return { ...common, handed, bits: 1, result: [step(text, plain ? 0 : 1)] };
    }
    const uniform = uniformLevels(open);
    if (uniform !== undefined) {
      const { handed, bits } = sum(-uniform.origin);
      const signed = handed.kind === 'sum' && handed.signed;
      return { ...common, handed, bits, result: uniformResult(index, bits, signed, uniform, start, yBits) };
    }
    const { handed, bits } = sum(0);
    const signed = handed.kind === 'sum' && handed.signed;
    const left = signed ? `$signed(${h})` : h;
    const compared = open.map((t, j): Step => {
      const text = `${left} >= ${literal(t, bits, signed)}`;
      return { wires: [{ name: `c${index}_${j}`, bits: 1, text }], delay: adderDelay(bits) };
    });
    const counted = countOf(index, open.length, yBits);
    const text = [literal(start, yBits), ...counted.parts].join(' + ');
    const last = step(text, adderDelay(yBits) + (counted.parts.length > 1 ? 1 : 0));
    return { ...common, handed, bits, result: [...compared, ...counted.steps, last] };
  });
}

/** How many of the bits `c<index>_<j>` are set: steps, and one or two expressions of `bits` bits to add up. */
function countOf(
  index: number,
  count: number,
  bits: number,
): { readonly steps: readonly Step[]; readonly parts: readonly string[] } {
  const steps: Step[] = [];
  const define = (text: string, delay: number): string => {
    const name = `n${index}_${steps.length}`;
    steps.push({ wires: [{ name, bits, text }], delay });
    return name;
  };
  // six bits are counted by a LUT for each bit of the result
  const groups = Array.from({ length: Math.ceil(count / 6) }, (_, g) =>
    Array.from({ length: Math.min(6, count - 6 * g) }, (__, j) =>
      extended(`c${index}_${6 * g + j}`, 1, bits, false),
    ),
  );
  const parts = groups.map((group) => (group.length === 1 ? group[0]! : define(group.join(' + '), 1)));
  while (parts.length > 2) {
    const three = parts.splice(0, 3);
    parts.push(define(three.join(' + '), adderDelay(bits) + 1));
  }
  return { steps, parts };
}

/** Levels that stand 2^shift apart are a shift, cut off at both ends. */
function uniformResult(
  index: number,
  bits: number,
  signed: boolean,
  { shift, even, skipped, count }: UniformLevels,
  start: number,
  yBits: number,
): readonly Step[] {
  const h = `h${index}_q`;
  const k = `k${index}`;
  const wide = bits - shift;
  const whole = `${h}[${bits - 1}:${shift}]`;
  // a tie goes to the even level
  const lowest = `${h}[${shift}] & (|${h}[${shift - 1}:0])`;
  const value = !even ? whole : wide === 1 ? lowest : `{${h}[${bits - 1}:${shift + 1}], ${lowest}}`;
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
  return [
    { wires: [{ name: k, bits: wide, text: value }], delay: even ? 2 : 0 },
    // the comparisons stand beside the addition, and a multiplexer behind both
    {
      wires: [{ name: `y${index}`, bits: yBits, text: [...tests, inner].join(' ') }],
      delay: tests.length === 0 && offset === 0 ? 0 : 1 + adderDelay(Math.max(wide, yBits)),
    },
  ];
}

/** The results of all rows as a text. */
export function resultText(rows: readonly Row[]): StepText {
  return {
    inputs: rows.flatMap(({ index, bits }) => (bits === 0 ? [] : [{ name: `h${index}_q`, bits }])),
    steps: rows.flatMap(({ result }) => result),
    outputs: rows.map(({ index }) => `y${index}`),
    whole: false,
  };
}
