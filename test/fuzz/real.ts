import { createRandom } from '../../compiler/random.ts';
import type { RandomSource } from '../../compiler/hw/index.ts';
import { float32, GraphBuilder } from '../../compiler/qir/index.ts';
import type { Graph, OperandLike, Value } from '../../compiler/qir/index.ts';
import { roundingModes } from '../../compiler/qir/ops/rounding.ts';
import type { LayerRecipe, Levels, Recipe } from './recipe.ts';
import { elementCount } from '../../compiler/qir/types.ts';
import { weightsOf } from './integer.ts';

/** Numbers as float32 constants: one for all channels, or one each. */
export function numbers(count: number, one: () => number): OperandLike {
  return {
    elem: float32,
    shape: count === 1 ? [] : [count],
    data: Array.from({ length: count }, one).map(Math.fround),
  };
}

/** A quantizer of each kind that importers produce, after a batch normalization or none. */
export function addLevels(
  g: GraphBuilder,
  x: Value,
  levels: Levels,
  random: RandomSource,
  spread: number,
): Value {
  const channels = levels.shared ? 1 : (x.type.shape.at(-1) ?? 1);
  const unit = (): number => random.integer(-1000, 1000) / 1000;
  let y = x;
  if (levels.flips) {
    const factor = (): number => random.pick([unit() * 2, unit(), -1, 1e-8, -1e-8, 0]);
    y = g.op(
      'batchnorm',
      [
        y,
        numbers(channels, factor),
        numbers(channels, unit),
        numbers(channels, () => unit() * spread),
        numbers(channels, () => (random.integer(1, 100) / 50) * spread),
      ],
      { epsilon: Math.fround(1e-5) },
    );
  }
  if (levels.partial) y = g.op('relu', [y]);
  const step = numbers(levels.shared ? 1 : channels, () => random.pick([0.25, 0.5, 1, 0.3, 0.1]));
  if (levels.kind === 'bipolar') return g.op('bipolar_quant', [y, numbers(1, () => 1)]);
  if (levels.table === 'channels') {
    const count = 2 ** levels.bits - 1;
    const rows = Array.from({ length: channels }, () =>
      Array.from({ length: count }, () => Math.fround(unit() * 2)).sort((a, b) => a - b),
    );
    return g.op('multithreshold', [y, { elem: float32, data: rows }], {
      out_scale: random.pick([1, 2, 0.5]),
      out_bias: random.pick([0, -1]),
    });
  }
  const [min, max] =
    levels.kind === 'ternary'
      ? [-1, 1]
      : levels.kind === 'uint'
        ? [0, 2 ** levels.bits - 1]
        : [-(2 ** levels.bits), 2 ** levels.bits - 1];
  // activations of all channels share one scale, or no integers could stand for their sums
  const one = levels.shared ? step : numbers(1, () => random.pick([0.25, 0.5, 1, 0.3, 0.1]));
  return g.op('quant', [y, one, numbers(1, () => 0)], {
    min,
    max,
    rounding: random.pick(roundingModes),
    zero_point_first: random.pick([true, false]),
  });
}

/** Weights behind their quantizer, one scale for all or one a row. */
export function addWeights(
  g: GraphBuilder,
  layer: LayerRecipe,
  shape: readonly number[],
  one: boolean,
  random: RandomSource,
): Value {
  const { elem, data } = weightsOf(layer, elementCount(shape.slice(1)));
  const rows = one ? 1 : random.pick([1, layer.outputs]);
  const scales = Array.from({ length: rows }, () => Math.fround(random.pick([1, 0.5, 0.125, 0.3, 0.07])));
  const level = data.map((row, o) => row.map((w) => Math.fround(w * (scales[o % rows] ?? 1))));
  const scale = {
    elem: float32,
    shape: rows === 1 ? [] : [rows, ...shape.slice(1).map(() => 1)],
    data: scales,
  };
  const raw = { elem: float32, shape, data: level.flat() };
  if (elem.kind === 'bipolar') return g.op('bipolar_quant', [raw, scale]);
  const [min, max] = elem.kind === 'uint' ? [0, 63] : [-32, 31];
  return g.op('quant', [raw, scale, numbers(1, () => 0)], { min, max, rounding: 'HALF_EVEN' });
}

/** A network of a recipe in real form: floats and quantizers, as importers produce it. */
export function realNetwork(recipe: Recipe): Graph {
  const random = createRandom(recipe.seed);
  const g = new GraphBuilder('net', { form: 'real' });
  const { rows, inputs, input } = recipe;
  const scale = input.kind === 'fixed' ? {} : { scale: random.pick([1, 0.5, Math.fround(0.1)]) };
  let x = g.input('x', input, rows === 1 ? [inputs] : [rows, inputs], scale);
  if (recipe.entry !== null) x = addLevels(g, x, recipe.entry, random, 1);
  if (rows > 1) x = g.reshape(x, [rows * inputs]);
  recipe.layers.forEach((layer, i) => {
    const own = createRandom(layer.seed + 1);
    const size = x.type.shape[0] ?? 1;
    const last = i === recipe.layers.length - 1;
    // sums that leave share one scale: others would be left to the host
    const sums = last && recipe.head === 'sums';
    x = g.op('matmul', [x, addWeights(g, layer, [layer.outputs, size], sums, own)]);
    if (sums) return;
    if (layer.bias) x = g.op('add', [x, numbers(layer.outputs, () => own.integer(-40, 40) / 8)]);
    if (!last || recipe.head === 'levels') x = addLevels(g, x, layer.levels, own, Math.sqrt(size));
    else if (recipe.head === 'argmax' || recipe.head === 'label') x = g.argmax(x);
    else x = g.topk(x, own.integer(1, Math.min(layer.outputs, 4)), { largest: recipe.head === 'topk' });
  });
  g.output(x);
  return g.build();
}
