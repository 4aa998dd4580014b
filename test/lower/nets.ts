import type { UnitDefinition } from '../../compiler/hw/index.ts';
import { createRandom } from '../../compiler/random.ts';
import { Diagnostics, DiagnosticError } from '../../compiler/diagnostics/index.ts';
import { compileGraph, type Compilation, type CompileOptions } from '../../compiler/driver.ts';
import { networkOf, type Network } from '../../compiler/lower/layers.ts';
import { bipolar, GraphBuilder, uint } from '../../compiler/qir/index.ts';
import type { Graph } from '../../compiler/qir/index.ts';
import type { CycleModel } from '../../compiler/lower/lower.ts';
import { createEngine } from '../../sim/engine.ts';
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

/** A random graph of tensors of one width: products, levels and sums of two values, some of which are read several times. */
export function randomDag(
  random: ReturnType<typeof createRandom>,
  {
    layers,
    width,
    inputs = random.integer(1, 2),
  }: { readonly layers: number; readonly width: number; readonly inputs?: number },
): Graph {
  const g = new GraphBuilder('dag');
  const values = Array.from({ length: inputs }, (_, i) => g.input(`x${i}`, uint(2), [width]));
  const unread = new Set(values);
  const read = (): (typeof values)[number] => {
    // values that nothing reads yet come first in half of the cases, so that branches meet again
    const value = random.pick(unread.size > 0 && random.integer(0, 1) === 0 ? [...unread] : values);
    unread.delete(value);
    return value;
  };
  for (let i = 0; i < layers || unread.size > 2; i++) {
    const kind = unread.size > 2 ? 'sum' : random.pick(['product', 'levels', 'sum', 'sum']);
    const name = `n${i}`;
    let made: (typeof values)[number];
    if (kind === 'product') {
      const data = Array.from({ length: width }, () =>
        Array.from({ length: width }, () => random.pick([-1, 1])),
      );
      made = g.matmul(read(), { elem: bipolar, data }, { name });
    } else if (kind === 'levels') {
      made = g.threshold(read(), [[random.integer(-2, 2), 3]], { name });
    } else {
      made = g.op('combine', [read(), read()], { coefficients: [1, 1] }, { name });
    }
    values.push(made);
    unread.add(made);
  }
  for (const value of unread) g.output(value);
  return g.build();
}

export function compile(graph: Graph, options: Partial<CompileOptions> = {}): Compilation {
  return compileGraph(graph, { diagnostics: new Diagnostics(), ...options });
}

export function network(graph: Graph, known: ReadonlyMap<string, UnitDefinition> = units): Network {
  return networkOf(graph, known, new Diagnostics());
}

/** The cycle model for designs of these units. */
export function cycleModel(known: ReadonlyMap<string, UnitDefinition>): CycleModel {
  return {
    run: (hw, frames, extra, punctual) =>
      createEngine(hw, extra === undefined ? known : new Map([...known, ...extra])).steady(frames, punctual),
  };
}

/** Code and message of every diagnostic that an action fails with. */
export function codes(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map((d) => `${d.code} ${d.message}`);
    throw error;
  }
  return [];
}

/** Code and message of every diagnostic that a compilation fails with. */
export function problems(graph: Graph, options: Partial<CompileOptions> = {}): string[] {
  return codes(() => compile(graph, options));
}
