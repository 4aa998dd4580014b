import { badGroups, resizeDiffers } from '../../../diagnostics/catalog/frontend-convolution.ts';
import { badAttribute, operandCount, shapeMismatch } from '../../../diagnostics/catalog/frontend-nodes.ts';
import type { Value } from '../bound.ts';
import type { Conversion } from '../conversion.ts';
import { showShape } from '../shapes.ts';
import { heightAndWidth } from '../window.ts';
import type { Converter } from './registry.ts';

/** Where an output pixel looks in the input, before rounding: rules of Resize by name. */
const coordinates: ReadonlyMap<string, (i: number, scale: number, from: number, to: number) => number> =
  new Map([
    ['asymmetric', (i: number, scale: number) => i / scale],
    ['half_pixel', (i: number, scale: number) => (i + 0.5) / scale - 0.5],
    [
      'pytorch_half_pixel',
      (i: number, scale: number, _: number, to: number) => (to > 1 ? (i + 0.5) / scale - 0.5 : 0),
    ],
    [
      'align_corners',
      (i: number, _: number, from: number, to: number) => (to > 1 ? (i * (from - 1)) / (to - 1) : 0),
    ],
    ['tf_half_pixel_for_nn', (i: number, scale: number) => (i + 0.5) / scale],
    ['half_pixel_symmetric', (i: number, scale: number) => (i + 0.5) / scale - 0.5],
  ]);

/** Which pixel a place between two takes: rules of Resize by name. */
const nearest: ReadonlyMap<string, (x: number) => number> = new Map([
  ['round_prefer_floor', (x: number) => Math.ceil(x - 0.5)],
  ['round_prefer_ceil', (x: number) => Math.floor(x + 0.5)],
  ['floor', Math.floor],
  ['ceil', Math.ceil],
]);

interface Rule {
  readonly coordinate: string;
  readonly rounding: string;
}

/** The whole number of repetitions along one axis, where the rule takes the pixel floor(i / factor) at every place. */
function repetitions(c: Conversion, from: number, scale: number, rule: Rule): number {
  const to = Math.floor(from * scale);
  const factor = to / from;
  if (!Number.isInteger(factor) || factor < 1 || !(to < 2 ** 24) || scale !== factor) {
    const found = `${from} pixels to ${to} (a scale of ${scale})`;
    c.fail(resizeDiffers(c.where, found, 'a whole number of pixels for each'));
  }
  const place = coordinates.get(rule.coordinate);
  const round = nearest.get(rule.rounding);
  if (place === undefined) {
    const known = [...coordinates.keys()].join(', ');
    c.fail(badAttribute(c.where, 'coordinate_transformation_mode', rule.coordinate.slice(0, 80), known));
  }
  if (round === undefined)
    c.fail(badAttribute(c.where, 'nearest_mode', rule.rounding.slice(0, 80), [...nearest.keys()].join(', ')));
  c.spend(to, [to]);
  for (let i = 0; i < to; i++) {
    const taken = Math.min(Math.max(round(place(i, factor, from, to)), 0), from - 1);
    if (taken === Math.floor(i / factor)) continue;
    const found = `${rule.coordinate} with ${rule.rounding}: pixel ${i} of ${to} is pixel ${taken} of ${from}`;
    c.fail(resizeDiffers(c.where, found, `pixel ${Math.floor(i / factor)}`));
  }
  return factor;
}

function emitUpsample(c: Conversion, x: Value, scales: readonly number[], rule: Rule): void {
  const rank = x.dims.length;
  if (scales.length !== rank)
    c.fail(shapeMismatch(c.where, `${scales.length} scales for ${showShape(x.dims)}`, `${rank} scales`));
  const [batch, channels, ...spatial] = scales;
  if (batch !== 1 || channels !== 1)
    c.fail(
      resizeDiffers(c.where, `scales [${scales.slice(0, 16).join(', ')}]`, 'scale 1 of batch and channels'),
    );
  const factors = spatial.map((scale, i) => repetitions(c, x.dims[i + 2] ?? 1, scale, rule));
  if (factors.every((n) => n === 1)) {
    c.setValue(0, x);
    return;
  }
  const dims = x.dims.map((n, i) => n * (factors[i - 2] ?? 1));
  const attributes = { factors: heightAndWidth(factors, 1) };
  c.setValue(0, c.emitter.emit('upsample', [x.operand], attributes, { ...x, dims }, c.source()));
}

function modeNearest(c: Conversion): void {
  const mode = c.attributes.string('mode') ?? 'nearest';
  if (mode !== 'nearest') c.fail(resizeDiffers(c.where, `mode ${mode.slice(0, 80)}`, 'mode nearest'));
}

const downLeft: Rule = { coordinate: 'asymmetric', rounding: 'floor' };

/** Upsample (opset 7: scales as an attribute; 9: as an input), and Resize of opset 10. */
function upsample(c: Conversion): void {
  c.expectInputs(1, 2);
  modeNearest(c);
  const scales = c.optional(1) ? [...c.constant(1, 'scales').data] : c.attributes.floats('scales');
  if (scales === undefined) c.fail(badAttribute(c.where, 'scales', 'nothing', 'one number an axis'));
  emitUpsample(c, c.image(0), scales, downLeft);
}

/** Resize from opset 11 on: roi, scales and sizes as inputs, of which only one of the last two counts. */
function resize(c: Conversion): void {
  if (c.opset < 11) {
    upsample(c);
    return;
  }
  c.expectInputs(1, 4);
  modeNearest(c);
  if (c.attributes.flag('antialias', false)) c.fail(resizeDiffers(c.where, 'antialias 1', 'antialias 0'));
  const policy = c.attributes.string('keep_aspect_ratio_policy') ?? 'stretch';
  if (policy !== 'stretch')
    c.fail(resizeDiffers(c.where, `keep_aspect_ratio_policy ${policy.slice(0, 80)}`, 'stretch'));
  const x = c.image(0);
  const rank = x.dims.length;
  const given = c.optionalConstant(2, 'scales');
  const scales = given && given.data.length > 0 ? [...given.data] : undefined;
  const sizes = c.optional(3) ? c.integers(3, 'sizes') : undefined;
  if ((scales === undefined) === (sizes === undefined))
    c.fail(
      operandCount(c.where, scales ? 'both scales and sizes' : 'neither scales nor sizes', 'one of them'),
    );
  const axes = c.attributes.ints('axes')?.map((axis) => c.axis(axis, rank)) ?? x.dims.map((_, axis) => axis);
  const listed = scales ?? sizes ?? [];
  if (listed.length !== axes.length || new Set(axes).size !== axes.length)
    c.fail(shapeMismatch(c.where, `${listed.length} numbers for ${axes.length} axes`, 'one number an axis'));
  const all = x.dims.map((n, axis) => {
    const at = axes.indexOf(axis);
    if (at < 0) return 1;
    return scales ? (scales[at] ?? 1) : (sizes?.[at] ?? n) / n;
  });
  emitUpsample(c, x, all, {
    coordinate: c.attributes.string('coordinate_transformation_mode') ?? 'half_pixel',
    rounding: c.attributes.string('nearest_mode') ?? 'round_prefer_floor',
  });
}

/** DepthToSpace: channels become blocks of pixels. */
function depthToSpace(c: Conversion): void {
  c.expectInputs(1);
  const x = c.image(0);
  const [, channels = 1, height = 1, width = 1] = x.dims;
  if (x.dims.length !== 4) c.fail(shapeMismatch(c.where, showShape(x.dims), 'an image [1, C, H, W]'));
  const block = c.attributes.int('blocksize') ?? 0;
  const mode = c.attributes.string('mode') ?? 'DCR';
  if (mode !== 'DCR' && mode !== 'CRD')
    c.fail(badAttribute(c.where, 'mode', mode.slice(0, 80), 'DCR or CRD'));
  if (!(block >= 1 && block < 2 ** 14))
    c.fail(badAttribute(c.where, 'blocksize', `${block}`, 'an integer of at least 1'));
  if (channels % (block * block) !== 0)
    c.fail(
      badGroups(c.where, `${channels} channels`, `a multiple of ${block * block}, the pixels of a block`),
    );
  const dims = [1, channels / (block * block), height * block, width * block];
  c.setValue(0, c.emitter.emit('depth_to_space', [x.operand], { block, mode }, { ...x, dims }, c.source()));
}

export const resizeConverters: readonly Converter[] = [
  {
    opTypes: ['Upsample'],
    domains: [''],
    since: 7,
    attributes: ['mode', 'scales'],
    layout: 'image',
    convert: upsample,
  },
  {
    opTypes: ['Resize'],
    domains: [''],
    since: 10,
    attributes: [
      'antialias',
      'axes',
      'coordinate_transformation_mode',
      'cubic_coeff_a',
      'exclude_outside',
      'extrapolation_value',
      'keep_aspect_ratio_policy',
      'mode',
      'nearest_mode',
    ],
    layout: 'image',
    convert: resize,
  },
  {
    opTypes: ['DepthToSpace'],
    domains: [''],
    attributes: ['blocksize', 'mode'],
    layout: 'image',
    convert: depthToSpace,
  },
];
