import { encodeElement } from '../../compiler/hw/pack.ts';
import { bitWidth, holds, isSigned, sameElement, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';

/** What comes in, what goes out, and the constant that goes out where nothing comes in. */
export interface Conversion {
  readonly x: ElementType;
  readonly y: ElementType;
  readonly fill: number;
}

/** Whether every value of `x` is one of `y` with the same meaning, and the constant, if it is used, is one too. */
export function convertible({ x, y, fill }: Conversion, filled: boolean): boolean {
  if (filled && !holds(y, fill)) return false;
  if (sameElement(x, y)) return true;
  if (x.kind === 'pow2' || y.kind === 'pow2' || y.kind === 'bipolar') return false;
  if ((x.kind === 'fixed' ? x.frac : 0) !== (y.kind === 'fixed' ? y.frac : 0)) return false;
  const [from, to] = [valueRange(x), valueRange(y)];
  return from.min >= to.min && from.max <= to.max;
}

/** How words of the result come out of the register, which holds a word of the input. */
export interface Output {
  /** What the bits of an element are set to for the fill value. */
  readonly clear: number;
  /** An element of the result in terms of the names of word and flag; undefined where it is the element of the input. */
  readonly element: string | undefined;
  /** Whether the fill value cannot be told by the bits of the register alone. */
  readonly flag: boolean;
}

/** See `Output`. Each bit of the result is a bit of the input, or its inverse (bipolar), or constant; the fill value uses the same paths if it can. */
export function outputOf(
  { x, y, fill }: Conversion,
  filled: boolean,
  word = 'word_q',
  blank = 'blank_q',
): Output {
  const [from, to] = [bitWidth(x), bitWidth(y)];
  const wanted = BigInt(filled ? encodeElement(y, fill) : 0);
  const wide = x.kind === 'bipolar' && y.kind !== 'bipolar';
  const bit = (value: bigint, j: number): boolean => ((value >> BigInt(j)) & 1n) === 1n;
  const clear = wide ? (bit(wanted, to - 1) ? 0 : 1) : Number(wanted % 2n ** BigInt(from));
  if (sameElement(x, y)) return { clear, element: undefined, flag: false };
  const bitOf = (j: number): string => `${word}[lane*${from}${j === 0 ? '' : `+${j}`}]`;
  let flag = false;
  const bits = Array.from({ length: to }, (_, j) => {
    const sign = !wide && j >= from && isSigned(x);
    const path = wide
      ? j === 0
        ? "1'b1"
        : `~${bitOf(0)}`
      : j < from
        ? bitOf(j)
        : sign
          ? bitOf(from - 1)
          : "1'b0";
    const cleared = wide ? j === 0 || clear === 0 : bit(BigInt(clear), sign ? from - 1 : j);
    if (!filled || cleared === bit(wanted, j)) return path;
    flag = true;
    return `(${blank} ? 1'b${bit(wanted, j) ? 1 : 0} : ${path})`;
  });
  return { clear, element: `{${bits.toReversed().join(', ')}}`, flag };
}
