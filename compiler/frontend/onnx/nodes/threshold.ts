import { badAttribute, shapeMismatch } from '../../../diagnostics/catalog/frontend-nodes.ts';
import type { Conversion } from '../conversion.ts';
import { showShape } from '../shapes.ts';
import type { Value } from '../bound.ts';
import { checkFinite } from './checks.ts';
import { quantizerDomains } from './qonnx.ts';
import type { Converter } from './registry.ts';

/** Layouts of FINN, and whether the channels stand last. */
const layouts: ReadonlyMap<string, boolean> = new Map([
  ['NCHW', false],
  ['NCW', false],
  ['NC', false],
  ['NHWC', true],
  ['NWC', true],
]);

/** The axis of the channels: FINN takes axis 1 of [N, C] and of NCHW, and the last axis of every other rank. */
function channelAxis(c: Conversion, rank: number): number {
  const layout = c.attributes.string('data_layout') ?? 'NCHW';
  const last = layouts.get(layout);
  if (last === undefined)
    c.fail(badAttribute(c.where, 'data_layout', layout.slice(0, 80), [...layouts.keys()].join(', ')));
  return rank === 4 && !last ? 1 : rank - 1;
}

/** MultiThreshold(x, thresholds[C, n] or [1, n]). */
function multiThreshold(c: Conversion): void {
  c.expectInputs(2);
  const outScale = c.attributes.float('out_scale') ?? 1;
  const outBias = c.attributes.float('out_bias') ?? 0;
  if (outScale === 0) c.fail(badAttribute(c.where, 'out_scale', '0', 'a number other than 0'));
  const x = c.placed(0);
  const rank = x.dims.length;
  if (rank === 0) c.fail(shapeMismatch(c.where, 'a scalar', 'a tensor with a channel axis'));
  const axis = channelAxis(c, rank);
  const channels = x.dims[axis] ?? 0;
  const thresholds = checkFinite(c, 'thresholds', c.constant(1, 'thresholds'));
  const [rows, count] = thresholds.dims;
  if (thresholds.dims.length !== 2 || (rows !== channels && rows !== 1) || count === 0) {
    c.fail(
      shapeMismatch(
        c.where,
        `thresholds of shape ${showShape(thresholds.dims)}`,
        `[${channels}, n] or [1, n], n at least 1`,
      ),
    );
  }

  const operand = c.emitter.exactConstant(thresholds, c.where);
  const apply = (input: Value): Value =>
    c.emitter.emit(
      'multithreshold',
      [input.operand, operand],
      { out_scale: outScale, out_bias: outBias },
      input,
      c.source(),
    );

  // QIR has the channels last: an image is brought there, and stays so.
  const last = axis === rank - 1 || rows === 1;
  if (!last) c.setValue(0, apply(c.image(0)));
  else c.setValue(0, apply(rows === 1 ? x : c.sourceOrder(x)));
}

export const thresholdConverters: readonly Converter[] = [
  {
    opTypes: ['MultiThreshold'],
    domains: quantizerDomains,
    attributes: ['out_dtype', 'out_scale', 'out_bias', 'data_layout'],
    layout: 'any',
    convert: multiThreshold,
  },
];
