import type { Frames, NdArray } from '../data/index.ts';
import { badOption } from '../diagnostics/catalog/command.ts';
import { noCalibration } from '../diagnostics/catalog/quantize.ts';
import { fail } from '../diagnostics/index.ts';
import type { Graph } from '../qir/graph.ts';
import type { Tensor } from '../qir/types.ts';
import type { Context } from './command.ts';

/** A float network ready to be quantized, and the data that it was given. */
export interface Prepared {
  /** In real form; its inputs carry integers. */
  readonly graph: Graph;
  readonly arrays: readonly NdArray[];
  /** The first frames of the data, at most as many as were asked for. */
  readonly frames: readonly Frames[];
  readonly samples: readonly Readonly<Record<string, Tensor>>[];
  /** Whether real numbers are rounded to the inputs' integers by the host. */
  readonly rounds: boolean;
}

/**
 * Reads the data for each input of a float network, and decides by them what the inputs carry.
 *
 * @param option by which the data were given, for messages
 */
export async function prepare(
  source: Graph,
  specs: readonly string[],
  count: number,
  option: string,
  { diagnostics, progress }: Context,
): Promise<Prepared> {
  const [{ runPipeline }, { decideInputs, samplesOf }, data, { pairInputs, quantizedByHost }] =
    await Promise.all([
      import('../pipeline.ts'),
      import('../quantize/index.ts'),
      import('../data/index.ts'),
      import('./sim-outcome.ts'),
    ]);
  const prepared = runPipeline(source, { diagnostics, stopAfter: 'remove-dead' });
  progress.phase('read the data');
  const pairs = pairInputs(prepared, specs, option);
  const arrays = await Promise.all(pairs.map(([, spec]) => data.readArray(spec)));
  if (arrays.some(({ shape }) => shape.length > 0 && shape[0] === 0)) fail(noCalibration());
  const graph = decideInputs(prepared, arrays, diagnostics);
  const rounds = quantizedByHost(graph);
  const frames = graph.inputs.map((input, i) => {
    const array = arrays[i];
    if (array === undefined) return fail(badOption(option, 'nothing', `data for input ${input.name}`));
    const what = `${option} ${specs[i] ?? ''}`;
    return data.toFrames(array, input, { what, quantize: rounds, limit: count });
  });
  return { graph, arrays, frames, samples: samplesOf(graph, frames, count), rounds };
}
