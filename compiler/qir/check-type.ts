import type { ElementType } from './types.ts';

/** The characters of a name: names end up in Verilog, in files and in shells. */
const namePattern = /^[A-Za-z0-9_]+$/;

/** Whether `name` can name a graph, a value or a constant. */
export function isName(name: string): boolean {
  return namePattern.test(name);
}

function whole(n: number, min: number, max: number): boolean {
  return Number.isInteger(n) && n >= min && n <= max;
}

/** What an element type ought to be, if it is out of range; undefined if it is good. */
export function elementProblem(elem: ElementType): string | undefined {
  switch (elem.kind) {
    case 'uint':
    case 'int':
      return whole(elem.bits, 1, 32) ? undefined : `${elem.kind}1 to ${elem.kind}32`;
    case 'fixed':
      return whole(elem.bits, 1, 32) && whole(elem.frac, -128, 128)
        ? undefined
        : 'fixed<W,F> with W from 1 to 32 and F from -128 to 128';
    case 'pow2':
      return whole(elem.lo, 0, 30) && whole(elem.hi, elem.lo, 30)
        ? undefined
        : 'pow2<lo,hi> with 0 <= lo <= hi <= 30';
    default:
      return undefined;
  }
}

/** Whether the dimensions are from 1 on and the tensor small enough to be indexed. */
export function goodShape(shape: readonly number[]): boolean {
  let count = 1;
  for (const n of shape) {
    if (!whole(n, 1, 0x7fffffff)) return false;
    count *= n;
    if (count > 0x7fffffff) return false;
  }
  return true;
}
