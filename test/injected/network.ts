import { createRandom, randomValues } from '../../compiler/random.ts';
import { bipolar, GraphBuilder, int, uint } from '../../compiler/qir/index.ts';
import type { Graph } from '../../compiler/qir/index.ts';
import { elementCount } from '../../compiler/qir/types.ts';

/**
 * A network with every kind of layer in the middle: convolution with windows, thresholds, a branch that is brought to levels by a
 * multiplier and meets the other one, and products behind them.
 */
export function branched(): Graph {
  const random = createRandom(7);
  const g = new GraphBuilder('branched');
  const weights = (...shape: number[]) => ({
    elem: bipolar,
    shape,
    data: randomValues(bipolar, elementCount(shape), random),
  });
  const x = g.input('x', uint(4), [6, 6, 2]);
  const conv = g.conv2d(x, weights(4, 3, 3, 2), { name: 'conv', pads: [1, 1, 1, 1] });
  const levels = g.threshold(
    conv,
    Array.from({ length: 4 }, () => [-12, -3, 4].map((t) => t + random.integer(-3, 3))),
    { name: 'levels' },
  );
  const point = g.conv2d(x, weights(4, 1, 1, 2), { name: 'point' });
  const scaled = g.op(
    'requantize',
    [point, { elem: int(12), data: [700, 900, 1100, 1300] }, { elem: int(14), data: [0, 99, -99, 4000] }],
    { shift: 11, min: -7, max: 7 },
    { name: 'scaled' },
  );
  const sum = g.combine([levels, scaled], [3, 1], { name: 'join' });
  const pooled = g.maxpool(sum, [2, 2], { name: 'pooled', strides: [2, 2] });
  g.output(g.matmul(g.reshape(pooled, [36]), weights(5, 36), { name: 'last' }));
  return g.build();
}
