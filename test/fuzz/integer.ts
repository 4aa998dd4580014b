import { createRandom } from '../../compiler/random.ts';
import type { RandomSource } from '../../compiler/hw/index.ts';
import { GraphBuilder } from '../../compiler/qir/index.ts';
import type { Graph, Value } from '../../compiler/qir/index.ts';
import {
  bipolar,
  fitInteger,
  int,
  ternary,
  uint,
  valueRange,
  type ElementType,
} from '../../compiler/qir/types.ts';
import type { LayerRecipe, Levels, Recipe } from './recipe.ts';

/** Rows of weights; a `sparse` matrix has whole rows and columns of zeros. */
export function weightsOf(layer: LayerRecipe, inputs: number): { elem: ElementType; data: number[][] } {
  const random = createRandom(layer.seed);
  const { bits, outputs } = layer;
  const make: Record<LayerRecipe['weights'], { elem: ElementType; one: () => number }> = {
    bipolar: { elem: bipolar, one: () => random.pick([-1, 1]) },
    ternary: { elem: ternary, one: () => random.integer(-1, 1) },
    int: { elem: int(bits), one: () => random.integer(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) },
    uint: { elem: uint(bits), one: () => random.integer(0, 2 ** bits - 1) },
    sparse: { elem: int(bits), one: () => random.pick([0, 0, 0, 1, -(2 ** (bits - 1))]) },
  };
  const { elem, one } = make[layer.weights];
  const dead = random.integer(0, outputs - 1);
  const data = Array.from({ length: outputs }, (_, o) =>
    Array.from({ length: inputs }, () => (layer.weights === 'sparse' && o === dead ? 0 : one())),
  );
  return { elem, data };
}

function resultOf({ kind, bits }: Levels): { elem: ElementType; base: number; most: number } {
  switch (kind) {
    case 'bipolar':
      return { elem: bipolar, base: -1, most: 1 };
    case 'ternary':
      return { elem: ternary, base: -1, most: 2 };
    case 'uint':
      return { elem: uint(bits), base: 0, most: 2 ** bits - 1 };
    case 'int':
      return { elem: int(bits + 1), base: -(2 ** bits), most: 2 ** (bits + 1) - 1 };
  }
}

/** A threshold within the middle of the range mostly, and at its ends and beyond now and then. */
function thresholdIn(random: RandomSource, { min, max }: { min: number; max: number }): number {
  const middle = (min + max) / 2;
  const spread = Math.max(2, (max - min) / 8);
  const anywhere = random.integer(0, 9) === 0;
  const wish = anywhere
    ? random.pick([min, min - 1, max, max + 1, random.integer(min, max)])
    : Math.round(middle + spread * (random.integer(-100, 100) / 100));
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, wish));
}

export function addLevels(
  g: GraphBuilder,
  x: Value,
  levels: Levels,
  random: RandomSource,
  name: string,
): Value {
  const { elem, base, most } = resultOf(levels);
  const range = valueRange(x.type.elem);
  const channels = levels.shared ? 1 : (x.type.shape.at(-1) ?? 1);
  const count = levels.partial && levels.kind !== 'bipolar' ? random.integer(1, most) : most;
  const rows = Array.from({ length: channels }, () =>
    Array.from({ length: count }, () => thresholdIn(random, range)).sort((a, b) => a - b),
  );
  const flip = levels.flips
    ? { flip: { elem: uint(1), data: rows.map(() => random.integer(0, 1)) } }
    : undefined;
  const y = g.threshold(x, { data: rows }, { name, result: elem, base, ...flip });
  return levels.table === 'none' ? y : addTable(g, y, levels.table === 'shared', random, `${name}_table`);
}

export function addTable(
  g: GraphBuilder,
  x: Value,
  shared: boolean,
  random: RandomSource,
  name: string,
): Value {
  const { min, max } = valueRange(x.type.elem);
  const channels = shared ? 1 : (x.type.shape.at(-1) ?? 1);
  const data = Array.from({ length: channels }, () =>
    Array.from({ length: max - min + 1 }, () => random.integer(-5, 6)),
  );
  return g.lookup(x, { elem: int(4), data }, { name, offset: min, result: int(4) });
}

/** What the last layer's sums end in. */
export function addHead(g: GraphBuilder, x: Value, head: Recipe['head'], random: RandomSource): Value {
  const size = x.type.shape.at(-1) ?? 1;
  switch (head) {
    case 'argmax':
      return g.argmax(x, { name: 'class' });
    case 'label': {
      const found = g.argmax(x, { name: 'found' });
      return addTable(g, found, true, random, 'label');
    }
    case 'topk':
    case 'least':
      return g.topk(x, random.integer(1, Math.min(size, 4)), { name: 'best', largest: head === 'topk' });
    default:
      return x;
  }
}

/** The network of a recipe in integer form. */
export function integerNetwork(recipe: Recipe): Graph {
  const random = createRandom(recipe.seed);
  const g = new GraphBuilder('net');
  const { rows, inputs } = recipe;
  let x = g.input('x', recipe.input, rows === 1 ? [inputs] : [rows, inputs]);
  if (recipe.entry !== null) x = addLevels(g, x, recipe.entry, random, 'entry');
  if (rows > 1) x = g.reshape(x, [rows * inputs], { name: 'flat' });
  recipe.layers.forEach((layer, i) => {
    const { elem, data } = weightsOf(layer, x.type.shape[0] ?? 1);
    const own = createRandom(layer.seed + 1);
    const bias = Array.from({ length: layer.outputs }, () => own.integer(-20, 20));
    const last = i === recipe.layers.length - 1;
    x = g.matmul(
      x,
      { elem, data },
      { name: `sum${i}`, ...(layer.bias ? { bias: { elem: fitInteger(-20, 20), data: bias } } : {}) },
    );
    if (!last || recipe.head === 'levels') x = addLevels(g, x, layer.levels, own, `level${i}`);
    else x = addHead(g, x, recipe.head, own);
  });
  g.output(x);
  return g.build();
}
