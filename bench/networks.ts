import { bipolar, GraphBuilder, int } from '../compiler/qir/index.ts';
import type { Graph } from '../compiler/qir/index.ts';

/** Numbers in [0, 1) from a linear congruential generator: the same network in every run. */
function generator(): () => number {
  let seed = 12345;
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

/** A binary network of these layer sizes with random weights, and thresholds near the middle; bits in, sums out. */
export function randomNetwork(name: string, sizes: readonly number[]): Graph {
  const next = generator();
  const builder = new GraphBuilder(name);
  let x = builder.input('x', bipolar, [sizes[0] ?? 1]);
  for (let layer = 0; layer + 1 < sizes.length; layer++) {
    const [inputs = 1, outputs = 1] = sizes.slice(layer, layer + 2);
    const data = Int8Array.from({ length: inputs * outputs }, () => (next() < 0.5 ? -1 : 1));
    const spread = 2 * Math.sqrt(inputs);
    x = builder.matmul(x, { elem: bipolar, shape: [outputs, inputs], data }, { name: `matmul${layer}` });
    if (layer + 2 === sizes.length) break;
    const thresholds = Int32Array.from({ length: outputs }, () => Math.round((next() - 0.5) * spread));
    const t = { elem: int(13), shape: [outputs, 1], data: thresholds };
    x = builder.threshold(x, t, { result: bipolar, name: `threshold${layer}` });
  }
  builder.output(x);
  return builder.build();
}
