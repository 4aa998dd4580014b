import { extended, wires } from '../lib/lanes.ts';
import type { Plan } from './plan.ts';

/** The expressions of `names` joined pairwise by a function or operator: a tree of least depth. */
export function tree(names: readonly string[], join: (a: string, b: string) => string): string {
  if (names.length === 1) return names[0] ?? '';
  const half = Math.ceil(names.length / 2);
  return join(tree(names.slice(0, half), join), tree(names.slice(half), join));
}

/** Verilog that makes `term` of `accBits` bits from one tap's input `x` and weight `w` of a lane; no products. */
export function termLines({ analysis, spec }: Plan): string[] {
  const { form, accBits, negatives, zeros, weightBits, weightSigned } = analysis;
  const { bits, signed } = wires(spec.x);
  const isBit = spec.x.kind === 'bipolar';
  const range = `[${accBits - 1}:0]`;
  if (form === 'max') return [`wire ${range} term = x;`];
  if (form === 'masks') {
    const masked = `w & {${weightBits}{x}}`;
    const width = isBit ? weightBits + 1 : weightBits;
    return [
      `wire [${width - 1}:0] masked = ${isBit ? `{${masked}, 1'b0}` : masked};`,
      `wire ${range} term = ${extended('masked', width, accBits, weightSigned)};`,
    ];
  }
  const negative = !negatives ? '' : weightBits === 1 ? 'w' : 'w[0]';
  const present = !zeros ? '' : weightBits === 1 ? 'w' : 'w[1]';
  if (isBit) {
    const inverted = negatives ? `x ^ ${negative}` : 'x';
    const bit = zeros ? `(${inverted}) & ${present}` : inverted;
    const fill = accBits > 2 ? `${accBits - 2}'d0, ` : '';
    return [`wire used = ${bit};`, `wire ${range} term = {${fill}used, 1'b0};`];
  }
  const lines = [`wire ${range} wide = ${extended('x', bits, accBits, signed)};`];
  const inverted = negatives ? `wide ^ {${accBits}{${negative}}}` : 'wide';
  lines.push(`wire ${range} term = ${zeros ? `(${inverted}) & {${accBits}{${present}}}` : inverted};`);
  return lines;
}

/** Verilog that makes `product` of `termBits` bits from one tap's input `x` and weight `w` of a lane. */
export function productLines({ analysis, spec }: Plan): string[] {
  const { termBits, weightBits, weightSigned } = analysis;
  const { bits, signed } = wires(spec.x);
  const range = `signed [${termBits - 1}:0]`;
  return [
    `wire ${range} a = ${extended('x', bits, termBits, signed)};`,
    `wire ${range} b = ${extended('w', weightBits, termBits, weightSigned)};`,
    `wire ${range} product = a * b;`,
  ];
}
