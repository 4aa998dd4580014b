import * as say from '../../../diagnostics/catalog/frontend-tflite.ts';
import { fail } from '../../../diagnostics/index.ts';
import type { Conversion } from '../conversion.ts';

/** How a window slides; pairs are [vertical, horizontal]. */
export interface Sliding {
  readonly kernel: readonly [number, number];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** 0: SAME, 1: VALID */
  readonly padding: number;
}

/** Strides or dilations, which must be positive. */
export function stridesOf(conversion: Conversion, given: readonly [number, number], what: string): number[] {
  if (given.some((n) => n < 1)) {
    fail(say.unsupportedOption(conversion.where, what, given.join(' x '), 'positive integers'));
  }
  return [...given];
}

/**
 * Output size and pads [top, left, bottom, right] as the kernels define them: SAME gives ceil(input / stride) positions, VALID those
 * whose window lies inside; an odd number of padded rows has the extra one at the end.
 */
export function slide(
  conversion: Conversion,
  input: readonly [number, number, number],
  { kernel, strides, dilations, padding }: Sliding,
): { readonly size: readonly [number, number]; readonly pads: number[] } {
  const { where } = conversion;
  if (padding !== 0 && padding !== 1) {
    fail(say.unsupportedOption(where, 'padding', String(padding), 'SAME (0) or VALID (1)'));
  }
  const axis = (i: 0 | 1): { out: number; before: number; after: number } => {
    const [size, stride] = [input[i], strides[i] ?? 1];
    const extent = (kernel[i] - 1) * (dilations[i] ?? 1) + 1;
    const out = Math.ceil((padding === 0 ? size : size - extent + 1) / stride);
    if (out < 1) {
      const found = `a window of ${extent} positions over ${size}`;
      fail(say.operandsMismatch(where, found, 'a window no larger than the image'));
    }
    const total = Math.max(0, (out - 1) * stride + extent - size);
    const before = Math.floor(total / 2);
    return { out, before, after: total - before };
  };
  const [y, x] = [axis(0), axis(1)];
  return { size: [y.out, x.out], pads: [y.before, x.before, y.after, x.after] };
}
