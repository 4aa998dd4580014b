import { bitWidth, isSigned } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { encodeElement } from '../../compiler/hw/pack.ts';
import { analyse, mvuParams } from '../mvu/analysis.ts';
import { compress } from '../mvu/popcount.ts';

/** One output: how its sum H (see templates/mvu/analysis.ts) is made, and how the result follows from it. */
export interface Row {
  readonly index: number;
  /** Bits of H; signed if its range goes below zero. */
  readonly bits: number;
  readonly msb: number;
  readonly signed: boolean;
  /** Statements that define `sum` from `x`. */
  readonly body: readonly string[];
  /** Statements that stand before `result`. */
  readonly wires: readonly string[];
  /** The result, an expression in `h<index>_q` of the element's width. */
  readonly result: string;
}

function bitsFor(min: number, max: number): number {
  let bits = 1;
  if (min >= 0) while (max >= 2 ** bits) bits++;
  else while (min < -(2 ** (bits - 1)) || max >= 2 ** (bits - 1)) bits++;
  return bits;
}

/** Digits of the canonical signed-digit form: no two neighbours are non-zero, so the fewest adders. */
export function signedDigits(
  value: number,
): readonly { readonly shift: number; readonly negative: boolean }[] {
  const digits: { shift: number; negative: boolean }[] = [];
  for (let rest = value, shift = 0; rest !== 0; shift++) {
    if (rest % 2 !== 0) {
      const digit = ((rest % 4) + 4) % 4 === 3 ? -1 : 1;
      digits.push({ shift, negative: digit < 0 });
      rest -= digit;
    }
    rest /= 2;
  }
  return digits;
}

/** Weights of -1, 0, +1: the popcount of the input's bits, inverted where the weight is negative. */
function planes(weights: readonly number[], xBits: number, topInverted: boolean, width: number): string[] {
  const lines: string[] = [];
  const vectors: { name: string; bits: number }[] = [];
  for (let b = 0; b < xBits && b < width; b++) {
    const flip = topInverted && b === xBits - 1;
    const picked = weights.flatMap((w, k) =>
      w === 0 ? [] : [`${w < 0 !== flip ? '~' : ''}x[${k * xBits + b}]`],
    );
    if (picked.length === 0) continue;
    lines.push(`wire [${picked.length - 1}:0] p${b} = {${picked.reverse().join(', ')}};`);
    vectors.push({ name: `p${b}`, bits: picked.length });
  }
  const { lines: adders, rows } = compress(vectors, width);
  return [...lines, ...adders, `assign sum = ${rows.length === 0 ? `${width}'d0` : rows.join(' + ')};`];
}

/** Input k, extended or cut to `width` bits. */
function extended(k: number, xBits: number, signed: boolean, width: number): string {
  const bits = Math.min(width, xBits);
  const low = k * xBits;
  const slice = bits === 1 ? `x[${low}]` : `x[${low + bits - 1}:${low}]`;
  if (width <= xBits) return slice;
  return `{{${width - xBits}{${signed ? `x[${low + xBits - 1}]` : "1'b0"}}}, ${slice}}`;
}

/** Any other weights: shifted inputs added and subtracted, by the digits of the weight. */
function products(weights: readonly number[], xBits: number, signed: boolean, width: number): string[] {
  const lines: string[] = [];
  const terms: string[] = [];
  weights.forEach((weight, k) => {
    const digits = signedDigits(weight).filter(({ shift }) => shift < width);
    if (digits.length === 0) return;
    // no wider than the least shift leaves of it: a bit that no term takes would be an unused wire
    const needed = width - Math.min(...digits.map(({ shift }) => shift));
    lines.push(`wire [${needed - 1}:0] x${k} = ${extended(k, xBits, signed, needed)};`);
    for (const { shift, negative } of digits) {
      const slice = width - shift === needed ? `x${k}` : `x${k}[${width - 1 - shift}:0]`;
      const term = shift === 0 ? slice : `{${slice}, ${shift}'d0}`;
      terms.push(`${negative ? '-' : '+'} ${term}`);
    }
  });
  return [...lines, `assign sum = ${[`${width}'d0`, ...terms].join(' ')};`];
}

/** The constant `value` as a literal of `bits` bits, two's complement. */
function literal(value: number, bits: number, signed: boolean): string {
  const wrapped = ((value % 2 ** bits) + 2 ** bits) % 2 ** bits;
  return `${bits}'${signed ? 's' : ''}d${wrapped}`;
}

/** All rows of an instance. */
export function rowsOf(node: HwNode): readonly Row[] {
  const { inputs, outputs, x, y, base } = mvuParams(node);
  const analysis = analyse(node);
  const data = node.consts['weights']?.data ?? [];
  const yBits = bitWidth(y);
  return Array.from({ length: outputs }, (_, n) => {
    const sign = analysis.negated[n] === 1 ? -1 : 1;
    const weights = Array.from({ length: inputs }, (__, k) => sign * (data[n * inputs + k] ?? 0));
    const low = analysis.low[n] ?? 0;
    const high = analysis.high[n] ?? 0;
    const signed = low < 0;
    const bits = bitsFor(low, high);
    const topInverted = analysis.form === 'planes' && isSigned(x);
    const signedX = analysis.form === 'products' && isSigned(x);
    const body =
      analysis.form === 'planes'
        ? planes(weights, analysis.xBits, topInverted, bits)
        : products(weights, analysis.xBits, signedX, bits);
    const levels = Array.from(
      { length: analysis.count },
      (__, j) => analysis.thresholds[n * analysis.count + j] ?? 0,
    );
    const met = levels.filter((t) => t <= low).length;
    const open = levels.filter((t) => t > low && t <= high);
    const h = `h${n}_q`;
    const wires: string[] = [];
    let result: string;
    if (analysis.count === 0) {
      const offset = analysis.offset[n] ?? 0;
      wires.push(`wire [${yBits - 1}:0] e${n} = ${widened(h, bits, yBits, signed)};`);
      const scaled = analysis.scale === 1 ? `e${n}` : `(e${n} << 1)`;
      result = offset === 0 ? scaled : `${scaled} + ${literal(offset, yBits, false)}`;
    } else if (y.kind === 'bipolar') {
      result = open.length === 0 ? `1'd${met}` : `${h} >= ${literal(open[0] ?? 0, bits, signed)}`;
    } else {
      const start = literal(encodeElement(y, base + met), yBits, false);
      const pad = yBits > 1 ? `${yBits - 1}'d0, ` : '';
      const counts = open.map((t) => `{${pad}${h} >= ${literal(t, bits, signed)}}`);
      result = [start, ...counts].join(' + ');
    }
    return { index: n, bits, msb: bits - 1, signed, body, wires, result };
  });
}

/** A wire of `bits` bits extended or cut to `width`. */
function widened(name: string, bits: number, width: number, signed: boolean): string {
  if (width === bits) return name;
  if (width < bits) return `${name}[${width - 1}:0]`;
  return `{{${width - bits}{${signed ? `${name}[${bits - 1}]` : "1'b0"}}}, ${name}}`;
}
