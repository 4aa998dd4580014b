import {
  badConstant,
  operandCount,
  shapeMismatch,
  unsupportedUse,
} from '../../../diagnostics/catalog/frontend-nodes.ts';
import { firstBad, withDims } from '../constants.ts';
import type { Conversion } from '../conversion.ts';
import { inSourceOrder } from '../placed.ts';
import { showShape } from '../shapes.ts';
import { checkFinite } from './checks.ts';
import type { Converter } from './registry.ts';

const parameterNames = ['scale', 'bias', 'mean', 'variance'] as const;

/** Batch normalization with fixed statistics; axis 1 holds the channels. */
export function batchNormalization(c: Conversion): void {
  c.expectInputs(5);
  if (c.attributes.flag('training_mode', false)) {
    c.fail(unsupportedUse(c.where, 'training_mode 1', 'a model exported for inference'));
  }
  if (!c.attributes.flag('spatial', true))
    c.fail(unsupportedUse(c.where, 'spatial 0', 'one parameter a channel'));
  for (let i = 1; i < c.node.outputs.length; i++) {
    if (c.outputUsed(i))
      c.fail(operandCount(c.where, `output ${i} (training statistics) is used`, 'one output'));
  }
  const epsilon = c.attributes.float('epsilon') ?? Math.fround(1e-5);
  const x = c.placed(0);
  const channels = x.dims[1];
  if (channels === undefined) c.fail(shapeMismatch(c.where, showShape(x.dims), 'a channel axis 1'));

  const parameters = parameterNames.map((what, i) => {
    const tensor = checkFinite(c, what, c.constant(i + 1, what));
    if (tensor.dims.length !== 1 || tensor.data.length !== channels) {
      c.fail(
        shapeMismatch(c.where, `${what} of shape ${showShape(tensor.dims)}`, `[${channels}], one a channel`),
      );
    }
    return tensor;
  });
  const variance = parameters[3];
  const bad = variance && firstBad(variance, (v) => v < 0 || !(v + epsilon > 0));
  if (bad !== undefined) c.fail(badConstant(c.where, 'variance', bad, 'a positive variance plus epsilon'));

  // [1, C, 1, ...] is a vector of channels: computed as such, so that an Unsqueeze before and a Squeeze after leave no trace.
  const vector = x.dims[0] === 1 && x.dims.slice(2).every((n) => n === 1);
  const flat = vector ? c.emitter.reshape(x, inSourceOrder([1, channels]), c.source([], '_flat')) : x;
  const trailing = vector ? [] : x.dims.slice(2).map(() => 1);
  const operands = parameters.map((p) =>
    c.emitter.parameter(withDims(p, [channels, ...trailing]), flat, c.where),
  );
  const y = c.emitter.emit('batchnorm', [flat.operand, ...operands], { epsilon }, flat, c.source());
  c.setValue(0, vector ? c.emitter.reshape(y, x, c.source([], '_shape')) : y);
}

export const normalizationConverters: readonly Converter[] = [
  {
    opTypes: ['BatchNormalization'],
    domains: [''],
    since: 7,
    attributes: ['epsilon', 'momentum', 'spatial', 'training_mode'],
    layout: 'any',
    convert: batchNormalization,
  },
];
