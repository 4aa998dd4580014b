import { GraphBuilder, Value } from '../../compiler/qir/index.ts';
import type { Graph, OperandLike } from '../../compiler/qir/index.ts';
import type { RandomSource } from '../../compiler/hw/index.ts';
import { imageNetwork, type Dialect } from './image-network.ts';
import type { ImageRecipe } from './image-recipe.ts';
import { addLevels, addWeights, numbers } from './real.ts';
import type { Levels } from './recipe.ts';

const quantizers: ReadonlySet<string> = new Set(['quant', 'bipolar_quant', 'multithreshold']);
const moves: ReadonlySet<string> = new Set([
  'reshape',
  'concat',
  'pad',
  'slice',
  'transpose',
  'upsample',
  'dilate',
  'depth_to_space',
  'maxpool',
  'avgpool',
]);

/** A builder that knows which values no quantizer gave levels. */
class RealBuilder extends GraphBuilder {
  readonly #sums = new Set<Value>();

  isSum(x: Value): boolean {
    return this.#sums.has(x);
  }

  #track(op: string, operands: readonly OperandLike[], made: Value): Value {
    const sum = operands.some((x) => x instanceof Value && this.#sums.has(x));
    if (!quantizers.has(op) && (sum || !moves.has(op))) this.#sums.add(made);
    return made;
  }

  override op(...call: Parameters<GraphBuilder['op']>): Value {
    return this.#track(call[0], call[1], super.op(...call));
  }

  override reshape(...call: Parameters<GraphBuilder['reshape']>): Value {
    return this.#track('reshape', [call[0]], super.reshape(...call));
  }

  override concat(...call: Parameters<GraphBuilder['concat']>): Value {
    return this.#track('concat', call[0], super.concat(...call));
  }
}

/** Levels on one scale for all channels, which products and sums of branches can take. */
const plain = (random: RandomSource): Levels => ({
  kind: random.pick(['bipolar', 'ternary', 'uint', 'int']),
  bits: random.integer(2, 4),
  partial: false,
  shared: true,
  flips: false,
  table: 'none',
});

class RealDialect implements Dialect {
  readonly g = new RealBuilder('net', { form: 'real' });

  readonly input: Dialect['input'] = (index, [elem, ...shape], random) =>
    this.g.input(
      `x${index}`,
      elem,
      shape,
      elem.kind === 'fixed' ? {} : { scale: random.pick([1, 0.5, Math.fround(0.1)]) },
    );

  readonly narrow: Dialect['narrow'] = (x, _layer, random) =>
    this.g.isSum(x) ? addLevels(this.g, x, plain(random), random, 1) : x;

  readonly product: Dialect['product'] = (op, x, layer, shape, attributes, random) => {
    const one = random.integer(0, 1) === 0;
    const y = this.g.op(op, [x, addWeights(this.g, layer, shape, one, random)], attributes);
    if (!layer.bias) return y;
    return this.g.op('add', [y, numbers(shape[0] ?? 1, () => random.integer(-40, 40) / 8)]);
  };

  readonly levels: Dialect['levels'] = (x, levels, random, fan) =>
    addLevels(this.g, this.#activate(x, random), levels, random, fan);

  /** Functions that stand between a layer and its quantizer, or none. */
  #activate(x: Value, random: RandomSource): Value {
    const { g } = this;
    const channels = x.type.shape.at(-1) ?? 1;
    switch (random.integer(0, 15)) {
      case 0:
        return g.op('clip', [x], { min: -1, max: 3 });
      case 1:
        return g.op('leaky_relu', [x], { alpha: random.pick([0.125, Math.fround(0.1)]) });
      case 2:
        return g.op('prelu', [x, numbers(channels, () => random.integer(-8, 8) / 8)]);
      case 3:
        return g.op('sigmoid', [x]);
      case 4:
        return g.op('tanh', [x]);
      case 5:
        return g.op('mul', [x, numbers(channels, () => random.integer(-20, 20) / 10)]);
      default:
        return x;
    }
  }

  readonly scale: Dialect['scale'] = (x, random) => {
    const [min, max] = random.pick<readonly [number, number]>([
      [-128, 127],
      [0, 255],
      [0, 63],
    ]);
    const scale = numbers(1, () => random.pick([0.25, 0.125, 0.1, 0.5, 1]));
    const zero = numbers(1, () => random.pick([0, 0, 3, -5]));
    const rounding = random.pick(['HALF_EVEN', 'FLOOR']);
    return this.g.op('quant', [x, scale, zero], { min, max, rounding });
  };

  readonly table: Dialect['table'] = (x, _shared, random) =>
    addLevels(this.g, this.g.op(random.pick(['tanh', 'sigmoid']), [x]), plain(random), random, 1);

  readonly mean: Dialect['mean'] = (x, attributes, random) =>
    this.g.op('avgpool', [x], { ...attributes, count_include_pad: random.integer(0, 1) === 0 });

  readonly sum: Dialect['sum'] = (parts, random) => {
    const [first, ...others] = parts.map((x) =>
      this.g.isSum(x) ? addLevels(this.g, x, plain(random), random, 1) : x,
    );
    if (first === undefined) throw new Error('nothing to add');
    return others.reduce((sum, x) => this.g.op(random.pick(['add', 'add', 'sub']), [sum, x]), first);
  };

  readonly head: Dialect['head'] = (x, head, random) => {
    const { g } = this;
    if (head === 'sums') return x;
    if (head === 'levels') return addLevels(g, x, plain(random), random, 1);
    if (head === 'argmax' || head === 'label') return g.argmax(x);
    return g.topk(x, random.integer(1, Math.min(x.type.shape.at(-1) ?? 1, 4)), { largest: head === 'topk' });
  };
}

/** The network of a recipe in real form. */
export function realImages(recipe: ImageRecipe): Graph {
  return imageNetwork(recipe, new RealDialect());
}
