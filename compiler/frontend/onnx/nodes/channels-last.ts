import { shapeMismatch } from '../../../diagnostics/catalog/frontend-nodes.ts';
import { dimsOf } from '../bound.ts';
import type { QuantizedConst } from '../bound.ts';
import { padRank, transposed } from '../constants.ts';
import type { Conversion, Good } from '../conversion.ts';
import { showShape } from '../shapes.ts';
import { conv } from './convolution.ts';
import { batchNormalization } from './normalization.ts';
import { maxPool } from './pooling.ts';
import type { Converter } from './registry.ts';

/** A bound name with its ONNX axes permuted. */
function permuted(c: Conversion, bound: Good, perm: readonly number[], suffix: string): Good {
  switch (bound.kind) {
    case 'const':
      return { kind: 'const', tensor: transposed(bound.tensor, perm) };
    case 'quantized': {
      const { weight } = bound;
      const parameters = weight.parameters.map((p) => transposed(padRank(p, perm.length), perm));
      const turned: QuantizedConst = { ...weight, x: transposed(weight.x, perm), parameters };
      return { kind: 'quantized', weight: turned };
    }
    case 'value':
      return { kind: 'value', value: c.emitter.transpose(bound.value, perm, c.source([], suffix)) };
  }
}

/**
 * The wrappers of QONNX's channels_last domain: the standard operator with the channels of its image (and of the weights of Conv) as the
 * last axis. Read as the standard operator between two permutations, which leave no trace.
 *
 * @param turnedInputs how many of the inputs have their channels last
 */
function channelsLast(convert: (c: Conversion) => void, turnedInputs: number): (c: Conversion) => void {
  return (c) => {
    const rank = c.dims(0).length;
    const toFirst = [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
    const toLast = [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
    if (rank < 2) c.fail(shapeMismatch(c.where, showShape(c.dims(0)), 'an image with its channels last'));
    const inputs = Array.from({ length: c.inputCount }, (_, i) => {
      const bound = i < turnedInputs ? c.real(i) : c.optional(i);
      if (bound === undefined || i >= turnedInputs) return bound;
      if (dimsOf(bound).length !== rank) {
        const found = `${showShape(dimsOf(bound))} with ${showShape(c.dims(0))}`;
        c.fail(shapeMismatch(c.where, found, 'as many axes in both'));
      }
      return permuted(c, bound, toFirst, '_first');
    });
    const inner = c.withInputs(inputs);
    convert(inner);
    inner.results.forEach((result, i) => {
      if (result) c.set(i, permuted(c, result, toLast, '_last'));
    });
  };
}

const domains = ['qonnx.custom_op.channels_last'] as const;

export const channelsLastConverters: readonly Converter[] = [
  {
    opTypes: ['Conv'],
    domains,
    attributes: ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides'],
    convert: channelsLast(conv, 2),
  },
  {
    opTypes: ['MaxPool'],
    domains,
    attributes: ['auto_pad', 'ceil_mode', 'dilations', 'kernel_shape', 'pads', 'storage_order', 'strides'],
    convert: channelsLast(maxPool, 1),
  },
  {
    opTypes: ['BatchNormalization'],
    domains,
    attributes: ['epsilon', 'momentum', 'training_mode'],
    convert: channelsLast(batchNormalization, 1),
  },
];
