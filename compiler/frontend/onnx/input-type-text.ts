import { inputTypeSyntax } from '../../diagnostics/catalog/frontend-inputs.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Boundary } from '../../qir/graph.ts';
import { bipolar, fixed, int, ternary, uint, valueRange } from '../../qir/types.ts';
import type { ElementType } from '../../qir/types.ts';

/** What travels at a graph input, and what it stands for. */
export interface InputType {
  readonly elem: ElementType;
  readonly boundary: Boundary;
}

const number = String.raw`\d+(?:\.\d*)?(?:[eE][+-]?\d+)?`;
const grammar = new RegExp(
  String.raw`^(?<elem>[a-z]+(?:\d+|<\s*\d+\s*,\s*-?\d+\s*>)?)(?:\s*\*\s*(?<num>${number})(?:\s*/\s*(?<den>${number}))?)?(?:\s*,\s*zp\s*=\s*(?<zp>-?\d+))?$`,
);

/** Reads the element type alone; undefined if it is none. */
function elementType(text: string): ElementType | undefined {
  if (text === 'bipolar') return bipolar;
  if (text === 'ternary') return ternary;
  const whole = /^(u?int)(\d+)$/.exec(text);
  if (whole) {
    const bits = Number(whole[2]);
    if (bits < 1 || bits > 32) return undefined;
    return whole[1] === 'int' ? int(bits) : uint(bits);
  }
  const point = /^fixed<\s*(\d+)\s*,\s*(-?\d+)\s*>$/.exec(text);
  if (!point) return undefined;
  const [bits, frac] = [Number(point[1]), Number(point[2])];
  return bits >= 1 && bits <= 32 && frac >= 0 && frac <= 64 ? fixed(bits, frac) : undefined;
}

/**
 * Reads an input type as the user writes it: an element type, then optionally `*` and a scale (a decimal or a quotient), then
 * optionally `,zp=` and an integer. real = (integer - zp) * scale; the scale of `fixed<W,F>` is 2^-F unless given.
 *
 * @example
 * parseInputType('uint8*1/255')      // { elem: uint8, boundary: { scale: { numerator: 1, denominator: 255 } } }
 * parseInputType('int8*0.02,zp=-3')
 * parseInputType('fixed<16,10>')
 * @throws DiagnosticError QCC2300
 */
export function parseInputType(text: string): InputType {
  const trimmed = text.trim();
  const match = trimmed.length <= 200 ? grammar.exec(trimmed)?.groups : undefined;
  if (!match) fail(inputTypeSyntax(text, 'text that does not follow the syntax'));
  const name = match['elem'] ?? '';
  const elem = elementType(name);
  if (elem === undefined) fail(inputTypeSyntax(text, `the element type ${name}`));
  const boundary: { scale?: Boundary['scale'] & object; zeroPoint?: number } = {};
  if (match['num'] !== undefined) {
    const scale = { numerator: Number(match['num']), denominator: Number(match['den'] ?? '1') };
    const value = Math.fround(scale.numerator / scale.denominator);
    if (!(value > 0 && value < Infinity))
      fail(inputTypeSyntax(text, `a scale of ${scale.numerator}/${scale.denominator}`));
    boundary.scale = scale;
  }
  if (match['zp'] !== undefined) {
    const zeroPoint = Number(match['zp']);
    const { min, max } = valueRange(elem);
    if (zeroPoint < min || zeroPoint > max)
      fail(inputTypeSyntax(text, `the zero point ${zeroPoint}, outside ${min}..${max}`));
    if (zeroPoint !== 0) boundary.zeroPoint = zeroPoint;
  }
  return { elem, boundary };
}

/** The element type of a FINN datatype annotation, or undefined for floats and types that say too little. */
export function finnElementType(name: string): ElementType | undefined {
  if (name === 'BIPOLAR') return bipolar;
  if (name === 'TERNARY') return ternary;
  if (name === 'BINARY') return uint(1);
  const whole = /^(U?INT)(\d{1,2})$/.exec(name);
  if (whole) return elementType(`${(whole[1] ?? '').toLowerCase()}${whole[2] ?? ''}`);
  // FIXED<bits, integer bits>
  const point = /^FIXED<\s*(\d{1,2})\s*,\s*(\d{1,2})\s*>$/.exec(name);
  return point ? elementType(`fixed<${Number(point[1])},${Number(point[1]) - Number(point[2])}>`) : undefined;
}
