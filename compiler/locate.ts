import { createEngine } from '../sim/index.ts';
import { units } from '../templates/registry.ts';
import { frameTensor, type Frames } from './data/index.ts';
import { valueMismatch } from './diagnostics/catalog/sim.ts';
import { invariant, type Diagnostic } from './diagnostics/index.ts';
import type { Compilation } from './driver.ts';
import { beatOfElement, beats } from './hw/index.ts';
import { beatBytes, unpackBeats } from './hw/pack.ts';
import { createEvaluator } from './qir/evaluate.ts';
import { elementCount, type Tensor } from './qir/types.ts';

/**
 * The first channel, in the order of the graph, on which the cycle model carries another tensor than the evaluator computes for the value
 * that the channel stands for. A difference that shows at the outputs is named by this where it arises.
 *
 * @param inputs frames for each input, in order
 * @param frame the frame to look at
 * @returns undefined where every channel agrees with its value: the difference is behind the last of them
 */
export function firstWrongChannel(
  { integer, hw }: Compilation,
  inputs: readonly Frames[],
  frame: number,
): Diagnostic | undefined {
  const given = new Map<string, Tensor>();
  const data = integer.inputs.map((input, i) => {
    const frames = inputs[i];
    invariant(frames !== undefined, `there are frames for input ${input.name}`);
    given.set(input.name, frameTensor(frames, frame, input));
    return frames.data.subarray(0, (frame + 1) * elementCount(input.type.shape));
  });
  const values = createEvaluator(integer).run(given, { taps: 'all' });
  const { log } = createEngine(hw, units).run({ inputs: data, trace: 'handshakes' });
  for (const node of hw.nodes) {
    const meant = node.value === '' ? undefined : values.get(node.value);
    const at = hw.channels.findIndex(({ from }) => from.node === node.name);
    const channel = hw.channels[at];
    const logged = log?.[at];
    if (meant === undefined || channel === undefined || logged === undefined) continue;
    const { stream, name } = channel;
    const first = frame * beats(stream);
    const bytes = beatBytes(stream);
    const found = unpackBeats(stream, logged.data.slice(first * bytes, (first + beats(stream)) * bytes));
    const element = meant.data.findIndex((x, i) => x !== found[i]);
    if (element < 0) continue;
    return valueMismatch(
      `channel ${name} (value %${node.value}, instance ${node.name})`,
      frame,
      element,
      `, cycle ${logged.cycles[first + beatOfElement(stream, element)]}`,
      { name: 'reference', value: String(meant.data[element]) },
      { name: 'cycle', value: String(found[element]) },
    );
  }
  return undefined;
}
