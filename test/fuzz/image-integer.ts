import { GraphBuilder } from '../../compiler/qir/index.ts';
import type { Graph, Value } from '../../compiler/qir/index.ts';
import { bitWidth, fitInteger, int, valueRange } from '../../compiler/qir/types.ts';
import type { RandomSource } from '../../compiler/hw/index.ts';
import { imageNetwork, shaped, type Dialect } from './image-network.ts';
import type { ImageRecipe } from './image-recipe.ts';
import { addHead, addLevels, addTable, weightsOf } from './integer.ts';
import type { LayerRecipe } from './recipe.ts';

/** Widest numbers that products take: wider ones get levels first. */
const widest = 9;

/** Widest numbers that a table takes. */
const widestIndex = 6;

class IntegerDialect implements Dialect {
  readonly g = new GraphBuilder('net');
  #count = 0;

  #name(what: string): string {
    return `${what}${this.#count++}`;
  }

  readonly input: Dialect['input'] = (index, [elem, ...shape]) => this.g.input(`x${index}`, elem, shape);

  readonly narrow: Dialect['narrow'] = (x, layer, random) =>
    bitWidth(x.type.elem) <= widest ? x : this.#levelsOnly(x, layer, random);

  #levelsOnly(x: Value, { levels }: LayerRecipe, random: RandomSource): Value {
    return addLevels(this.g, x, { ...levels, table: 'none' }, random, this.#name('narrow'));
  }

  readonly product: Dialect['product'] = (op, x, layer, shape, attributes, random) => {
    const [outputs = 1, ...rest] = shape;
    const { elem, data } = weightsOf(
      { ...layer, outputs },
      rest.reduce((a, b) => a * b, 1),
    );
    const bias = Array.from({ length: outputs }, () => random.integer(-20, 20));
    const { min, max } = valueRange(x.type.elem);
    const pad = op === 'conv2d' && 'pads' in attributes && layer.seed % 4 === 0;
    return this.g.op(
      op,
      [
        x,
        { elem, shape, data: shaped(data, shape) },
        ...(layer.bias ? [{ elem: fitInteger(-20, 20), data: bias }] : []),
      ],
      pad ? { ...attributes, pad_value: random.pick([min, max, -1, 3]) } : attributes,
      { name: this.#name('sum') },
    );
  };

  readonly levels: Dialect['levels'] = (x, levels, random) =>
    addLevels(this.g, x, levels, random, this.#name('level'));

  readonly scale: Dialect['scale'] = (x, random) => {
    const channels = random.pick([1, x.type.shape.at(-1) ?? 1]);
    const shift = random.integer(0, 24);
    const { min, max } = valueRange(x.type.elem);
    const span = Math.max(1, max - min);
    const bits = random.integer(1, 8);
    const signed = random.pick([true, false]);
    // the range of x becomes about that of the levels, or twice it
    const middle = Math.max(1, Math.round((2 ** (bits + shift) / span) * random.pick([0.5, 1, 2])));
    const m = Array.from({ length: channels }, () =>
      random.pick([middle, Math.ceil(middle * (random.integer(50, 150) / 100)), -middle, 0]),
    );
    const most = Math.min(2 ** 40, 2 ** (bits + shift));
    const b = Array.from({ length: channels }, () => random.integer(-most, most));
    const bounds = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
    const fits = (n: number): boolean => Math.abs(n) < 2 ** 31;
    return this.g.op(
      'requantize',
      [
        x,
        { elem: int(32), data: m.map((n) => (fits(n) ? n : 1)) },
        { elem: int(32), data: b.map((n) => (fits(n) ? n : 0)) },
      ],
      { shift, min: bounds[0] ?? 0, max: bounds[1] ?? 1 },
      { name: this.#name('scaled') },
    );
  };

  readonly table: Dialect['table'] = (x, shared, random) => {
    const small =
      bitWidth(x.type.elem) <= widestIndex
        ? x
        : addLevels(
            this.g,
            x,
            { kind: 'uint', bits: 3, partial: false, shared: true, flips: false, table: 'none' },
            random,
            this.#name('narrow'),
          );
    return addTable(this.g, small, shared, random, this.#name('table'));
  };

  readonly mean: Dialect['mean'] = (x, attributes, random) => {
    const name = this.#name('pool');
    const pad = random.pick([0, 0, 1, -2]);
    const taps = this.g.op('windows', [x], pad === 0 ? attributes : { ...attributes, pad_value: pad });
    return this.g.op(random.pick(['reduce_sum', 'reduce_max']), [taps], {}, { name });
  };

  readonly sum: Dialect['sum'] = (parts, random) => {
    const factor = () => random.pick([1, 1, 1, -1, 2, 3, -5, 0, 64]);
    const channels = parts[0]?.type.shape.at(-1) ?? 1;
    const perChannel = random.integer(0, 2) === 0;
    const coefficients = perChannel
      ? parts.map(() => Array.from({ length: channels }, factor))
      : parts.map(factor);
    const bias = { elem: int(8), data: Array.from({ length: channels }, () => random.integer(-128, 127)) };
    return this.g.combine(parts, coefficients, {
      name: this.#name('join'),
      ...(random.integer(0, 2) === 0 ? { bias } : {}),
    });
  };

  readonly head: Dialect['head'] = (x, head, random) =>
    head === 'levels'
      ? addLevels(
          this.g,
          x,
          { kind: 'int', bits: 2, partial: false, shared: true, flips: false, table: 'none' },
          random,
          'last',
        )
      : addHead(this.g, x, head, random);
}

/** The network of a recipe in integer form. */
export function integerImages(recipe: ImageRecipe): Graph {
  return imageNetwork(recipe, new IntegerDialect());
}
