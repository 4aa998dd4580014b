import { realFormDiffers } from './diagnostics/catalog/driver.ts';
import { invariant, type Diagnostic } from './diagnostics/index.ts';
import { frameTensor, type Frames } from './data/index.ts';
import { createEvaluator, toReal } from './qir/evaluate.ts';
import type { Graph } from './qir/graph.ts';
import { isInteger, type Tensor } from './qir/types.ts';
import type { Check } from './report/index.ts';

/** Frames on which the real form is evaluated: its arithmetic is exact in fractions, and slow. */
const mostFrames = 16;

/**
 * Holds the graph as it was imported, evaluated in the arithmetic of its source format, against the integer graph: the integers that leave
 * must stand, by the output's scale, for exactly the numbers that the source computes at the same place.
 *
 * @param source - real form.
 * @param integer - what the passes made of it.
 * @param inputs - frames for each input, in order.
 * @param outputs - what the integer graph gives at that output for these frames, [frames][elements].
 * @param index - which output.
 * @returns undefined where the source has no value of the output's name (the passes made it out of several), or is integer form itself.
 */
export function checkRealForm(
  source: Graph,
  integer: Graph,
  inputs: readonly Frames[],
  outputs: ArrayLike<number>,
  index = 0,
): { readonly check: Check; readonly difference?: Diagnostic } | undefined {
  const output = integer.outputs[index];
  const made = integer.nodes.find((node) => node.name === output?.value);
  const same = source.nodes.find((node) => node.name === output?.value);
  if (source.form !== 'real' || output === undefined || made === undefined || same === undefined)
    return undefined;
  if (same.type.shape.join() !== made.type.shape.join()) return undefined;

  const evaluator = createEvaluator(source);
  const frames = Math.min(mostFrames, inputs[0]?.count ?? 0);
  const elements = outputs.length / (inputs[0]?.count ?? 1);
  let difference: Diagnostic | undefined;
  for (let frame = 0; frame < frames && difference === undefined; frame++) {
    const values = new Map<string, Tensor>();
    source.inputs.forEach((input, i) => {
      const given = inputs[i];
      invariant(given !== undefined, `there are frames for input ${input.name}`);
      values.set(input.name, frameTensor(given, frame, input));
    });
    const real = evaluator.run(values, { taps: [same.name] }).get(same.name);
    invariant(real !== undefined, 'the evaluator yields its taps');
    const data = Int32Array.from({ length: elements }, (_, e) => outputs[frame * elements + e] ?? 0);
    const expected = isInteger(real.type.elem)
      ? data
      : toReal({ type: made.type, data }, output.boundary).data;
    const at = real.data.findIndex((x, e) => x !== expected[e]);
    if (at >= 0) difference = realFormDiffers(same, frame, at, Number(real.data[at]), Number(expected[at]));
  }
  const levels = ['real form', 'integer form'];
  const equal = difference === undefined;
  const count = frames * elements;
  const text = `${levels.join(equal ? ' = ' : ' is not ')} on ${frames} frame${frames === 1 ? '' : 's'}, ${count.toLocaleString('en-US')} values at %${same.name}`;
  const check: Check = { levels, compared: 'values', frames, count, equal, text };
  return { check, ...(difference !== undefined && { difference }) };
}
