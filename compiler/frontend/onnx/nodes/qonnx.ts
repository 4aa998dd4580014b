import {
  badAttribute,
  badBitWidth,
  badZeroPoint,
  shapeMismatch,
  unsupportedUse,
} from '../../../diagnostics/catalog/frontend-nodes.ts';
import type { Attribute } from '../../../qir/graph.ts';
import type { QuantizedConst } from '../bound.ts';
import { padRank, uniform } from '../constants.ts';
import type { Conversion } from '../conversion.ts';
import type { ConstTensor } from '../tensors.ts';
import { checkBroadcasts, checkedBits, checkedScale, checkedZeroPoint, checkFinite } from './checks.ts';
import type { Converter } from './registry.ts';

/** Domains that carry the QONNX operators, all with the same meaning. */
export const quantizerDomains = [
  'qonnx.custom_op.general',
  'finn.custom_op.general',
  'onnx.brevitas',
] as const;

/** Spellings of rounding modes in models, and what QIR calls them. */
const roundingNames: ReadonlyMap<string, string> = new Map([
  ['ROUND', 'HALF_EVEN'],
  ['HALF_EVEN', 'HALF_EVEN'],
  ['CEIL', 'CEIL'],
  ['FLOOR', 'FLOOR'],
  ['UP', 'UP'],
  ['DOWN', 'DOWN'],
  ['ROUND_TO_ZERO', 'DOWN'],
  ['HALF_UP', 'HALF_UP'],
  ['HALF_DOWN', 'HALF_DOWN'],
]);

function rounding(c: Conversion, fallback: string): string {
  const given = c.attributes.string('rounding_mode') ?? fallback;
  const mode = roundingNames.get(given.toUpperCase());
  if (mode === undefined)
    c.fail(badAttribute(c.where, 'rounding_mode', given.slice(0, 80), [...roundingNames.keys()].join(', ')));
  return mode;
}

/** Integer limits of a QONNX quantizer; `narrow` leaves out the least (signed) or the greatest (unsigned) level. */
function limits(
  bits: number,
  signed: boolean,
  narrow: boolean,
): { readonly min: number; readonly max: number } {
  if (signed) return { min: -(2 ** (bits - 1)) + (narrow ? 1 : 0), max: 2 ** (bits - 1) - 1 };
  return { min: 0, max: 2 ** bits - 1 - (narrow ? 1 : 0) };
}

/** Emits a quantizer of a value, or keeps a quantized constant for its user. */
export function applyQuantizer(
  c: Conversion,
  op: QuantizedConst['op'],
  parameters: readonly ConstTensor[],
  attributes: Readonly<Record<string, Attribute>>,
): void {
  const bound = c.real(0);
  if (bound.kind === 'const') {
    const x = checkFinite(c, 'quantized constant', bound.tensor);
    const rank = x.dims.length;
    const padded = parameters.map((p) =>
      p.data.length === 1 ? { ...p, dims: x.dims.map(() => 1) } : padRank(p, rank),
    );
    c.set(0, {
      kind: 'quantized',
      weight: { op, attributes, x, parameters: padded, origin: [c.node.label] },
    });
    return;
  }
  const x = c.placed(0);
  const operands = parameters.map((p) => c.emitter.parameter(p, x, c.where));
  c.setValue(0, c.emitter.emit(op, [x.operand, ...operands], attributes, x, c.source()));
}

/** Quant(x, scale, zero point, bits). */
function quant(c: Conversion): void {
  c.expectInputs(4);
  const dims = c.dims(0);
  const scale = checkedScale(c, c.constant(1, 'scale'));
  const zeroPoint = checkedZeroPoint(c, c.constant(2, 'zero point'));
  const bits = checkedBits(c, 3);
  checkBroadcasts(c, 'scale', scale, dims);
  checkBroadcasts(c, 'zero point', zeroPoint, dims);
  const signed = c.attributes.flag('signed', true);
  const narrow = c.attributes.flag('narrow', false);
  const mode = rounding(c, 'ROUND');
  if (signed && bits === 1) {
    // QONNX defines one signed bit as the sign of x / scale + zero point; with a zero point that is no level grid any more.
    const bad = zeroPoint.data.find((z) => z !== 0);
    if (bad !== undefined) c.fail(badZeroPoint(c.where, `${bad}`, '0 for a signed quantizer of 1 bit'));
    applyQuantizer(c, 'bipolar_quant', [scale], {});
    return;
  }
  const { min, max } = limits(bits, signed, narrow);
  if (min >= max) c.fail(badBitWidth(c.where, `${bits} with narrow range: only one level is left`));
  // QIR holds level - zero point in 32 bits, signed.
  if (zeroPoint.data.some((z) => min - z < -(2 ** 31) || max - z >= 2 ** 31)) {
    c.fail(
      badBitWidth(
        c.where,
        `${bits} bits with levels ${min}..${max} less the zero point: beyond 32 bits signed`,
      ),
    );
  }
  applyQuantizer(c, 'quant', [scale, zeroPoint], { min, max, rounding: mode, zero_point_first: true });
}

/** BipolarQuant(x, scale). */
function bipolarQuant(c: Conversion): void {
  c.expectInputs(2);
  const scale = checkedScale(c, c.constant(1, 'scale'));
  checkBroadcasts(c, 'scale', scale, c.dims(0));
  applyQuantizer(c, 'bipolar_quant', [scale], {});
}

/** A parameter of Trunc, which must be the same for all elements. */
function perTensor(c: Conversion, what: string, tensor: ConstTensor): ConstTensor {
  const value = uniform(tensor);
  if (value === undefined)
    c.fail(unsupportedUse(c.where, `a Trunc with a ${what} per channel`, `one ${what} for the tensor`));
  return { ...tensor, dims: [], data: tensor.data.slice(0, 1) };
}

/**
 * Trunc, version 1: (x, scale, zero point, in bits, out bits); version 2: (x, scale, zero point, in bits, out scale, out bits).
 * The number of inputs tells them apart, since opset entries are often missing.
 */
function trunc(c: Conversion): void {
  c.expectInputs(5, 6);
  const version = c.inputCount === 5 ? 1 : 2;
  const scale = perTensor(c, 'scale', checkedScale(c, c.constant(1, 'scale')));
  const zeroPoint = perTensor(c, 'zero point', checkedZeroPoint(c, c.constant(2, 'zero point')));
  const inBits = checkedBits(c, 3);
  const outBits = checkedBits(c, version === 1 ? 4 : 5);
  if (outBits > inBits) c.fail(badBitWidth(c.where, `${outBits} output bits of ${inBits} input bits`));
  const common = { in_bits: inBits, out_bits: outBits, rounding: rounding(c, 'FLOOR'), version };
  if (version === 1) {
    applyQuantizer(c, 'trunc', [scale, zeroPoint], common);
    return;
  }
  const outScale = perTensor(c, 'output scale', checkedScale(c, c.constant(4, 'output scale')));
  const signed = c.attributes.flag('signed', true);
  const narrow = c.attributes.flag('narrow', false);
  const { min, max } = limits(outBits, signed, narrow);
  if (min >= max) c.fail(badBitWidth(c.where, `${outBits} output bits: only one level is left`));
  if (c.dims(0).includes(0)) c.fail(shapeMismatch(c.where, 'an empty tensor', 'elements'));
  applyQuantizer(c, 'trunc', [scale, zeroPoint, outScale], { ...common, signed, narrow });
}

export const qonnxConverters: readonly Converter[] = [
  {
    opTypes: ['Quant', 'IntQuant'],
    domains: quantizerDomains,
    attributes: ['signed', 'narrow', 'rounding_mode'],
    layout: 'any',
    convert: quant,
  },
  {
    opTypes: ['BipolarQuant'],
    domains: quantizerDomains,
    attributes: [],
    layout: 'any',
    convert: bipolarQuant,
  },
  {
    opTypes: ['Trunc'],
    domains: quantizerDomains,
    attributes: ['rounding_mode', 'signed', 'narrow'],
    layout: 'any',
    convert: trunc,
  },
];
