import { createRandom } from '../../compiler/random.ts';
import { Diagnostics, DiagnosticError } from '../../compiler/diagnostics/index.ts';
import { compileGraph, type Compilation, type CompileOptions } from '../../compiler/driver.ts';
import { layersOf, type Layer } from '../../compiler/lower/layers.ts';
import { bipolar, GraphBuilder, uint } from '../../compiler/qir/index.ts';
import type { Graph } from '../../compiler/qir/index.ts';
import { units } from '../../templates/registry.ts';

/** A binary network of these layer sizes, 4-bit numbers in and sums out. */
export function binaryMlp(sizes: readonly number[], seed = 1): Graph {
  const random = createRandom(seed);
  const g = new GraphBuilder('mlp');
  const [inputs = 1, ...others] = sizes;
  let x = g.input('x', uint(4), [inputs]);
  let width = inputs;
  others.forEach((outputs, i) => {
    const data = Array.from({ length: outputs }, () =>
      Array.from({ length: width }, () => random.pick([-1, 1])),
    );
    x = g.matmul(x, { elem: bipolar, data }, { name: `fc${i}` });
    if (i < others.length - 1)
      x = g.threshold(
        x,
        Array.from({ length: outputs }, () => random.integer(-3, 3)),
        {
          name: `act${i}`,
          result: bipolar,
        },
      );
    width = outputs;
  });
  g.output(x);
  return g.build();
}

export function compile(graph: Graph, options: Partial<CompileOptions> = {}): Compilation {
  return compileGraph(graph, { diagnostics: new Diagnostics(), ...options });
}

export function layers(graph: Graph): readonly Layer[] {
  return layersOf(graph, units, new Diagnostics());
}

/** Code and message of every diagnostic that a compilation fails with. */
export function problems(graph: Graph, options: Partial<CompileOptions> = {}): string[] {
  try {
    compile(graph, options);
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map((d) => `${d.code} ${d.message}`);
    throw error;
  }
  return [];
}
