import fc from 'fast-check';
import { Diagnostics } from '../compiler/diagnostics/index.ts';
import { compileGraph } from '../compiler/driver.ts';
import type { Graph } from '../compiler/qir/index.ts';
import { imageSubjectOf, subjectOf } from '../test/fuzz/check.ts';
import { imageRecipe } from '../test/fuzz/image-recipe.ts';
import { recipe } from '../test/fuzz/recipe.ts';
import type { Network } from './models.ts';

/** Networks of the fuzzer's generators, the same ones in every run; those that no unit takes are passed over. */
export function drawnNetworks(count: number): readonly Network[] {
  const images = fc.sample(imageRecipe(10, 12), { seed: 2, numRuns: 3 * count });
  const dense = fc.sample(recipe(40), { seed: 3, numRuns: 3 * count });
  const graphs = images.flatMap((image, i): Graph[] => {
    const matrices = dense[i];
    const drawn =
      i % 3 === 2 && matrices !== undefined
        ? subjectOf('integer', matrices)
        : imageSubjectOf('integer', image);
    if (drawn === null) return [];
    try {
      // a network that computes next to nothing says nothing; operations do not depend on what is estimated
      const { plan } = compileGraph(drawn.graph, { diagnostics: new Diagnostics() });
      return plan.reduce((total, { operations }) => total + operations, 0) >= 200 ? [drawn.graph] : [];
    } catch {
      return [];
    }
  });
  return graphs
    .slice(0, count)
    .map((graph, i) => ({ name: `random${i}`, needs: [], load: () => Promise.resolve(graph) }));
}
