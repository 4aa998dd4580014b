import { expect, test } from 'vitest';
import { randomCnv } from '../../bench/networks.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { lower } from '../../compiler/lower/lower.ts';
import { runPipeline } from '../../compiler/pipeline.ts';
import type { Graph } from '../../compiler/qir/index.ts';
import { createRandom } from '../../compiler/random.ts';
import { units } from '../../templates/registry.ts';
import { cycleModel, randomDag } from './nets.ts';

/** Runs of the cycle model that lowering asks for, and the frames in all of them. */
function asked(graph: Graph, cycles: number): { readonly runs: number; readonly frames: number } {
  const diagnostics = new Diagnostics();
  const integer = runPipeline(graph, { diagnostics });
  const model = cycleModel(units);
  let [runs, frames] = [0, 0];
  const counting: typeof model = {
    run: (...request) => {
      const run = model.run(...request);
      runs++;
      frames += run?.frames ?? 1;
      return run;
    },
  };
  lower(integer, units, { clockMhz: 100, fps: 1e8 / cycles, style: 'folded' }, 'n', counting, diagnostics);
  return { runs, frames };
}

// What a build of a large network takes is mostly these runs. They are the same on every machine; a change that makes them more should know.
test('FIFOs of CNV are sized by so many runs of the cycle model', () => {
  expect(asked(randomCnv('cnv'), 9130)).toEqual({ runs: 59, frames: 273 });
});

test('FIFOs of a network with branches are sized by so many runs of the cycle model', () => {
  const graph = randomDag(createRandom(5), { layers: 24, width: 16, inputs: 1 });
  expect(asked(graph, 300)).toEqual({ runs: 114, frames: 3012 });
});
