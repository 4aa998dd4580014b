import { withoutDeadNodes } from './graph-edit.ts';
import { Integerizer } from './integerize/integerizer.ts';
import type { Pass } from './pass.ts';

/**
 * Turns real form into integer form, exactly.
 *
 * Layers compute on the integer levels of their quantized operands. What stands between a layer and the next quantizer (scales,
 * biases, batch normalization, activations) is never rewritten: it is evaluated, in the source format's float32 arithmetic, at the
 * integers that the layer can produce, and the integers at which the level changes are the thresholds. Ties, rounding modes and tiny
 * scales are thereby right by construction.
 */
export const integerize: Pass = {
  name: 'integerize',
  doc: 'Turns real form into integer form: layers on integers, and thresholds for everything between them.',
  requires: ['real-form', 'constants-folded'],
  establishes: ['integer-form', 'no-dead-nodes'],
  invalidates: ['real-form'],
  run: (graph, context) => {
    const integer = new Integerizer(graph, context.diagnostics).run();
    return integer === undefined ? graph : withoutDeadNodes(integer);
  },
};
