import { GraphBuilder, int, uint, type Graph, type Value } from '../../qir/index.ts';
import { bipolar, sameElement } from '../../qir/types.ts';
import { factorsOf, filtersOf, levelOf, levelUnit, lineOf, normOf, signsOf } from './arithmetic.ts';
import { roundHalfUp } from '../weights/matrix.ts';
import { checkGroupNet } from './check.ts';
import { narrowed, scaleAccumulate, type FixedPoint, type RealSum, type Term } from './fixed-point.ts';
import { quantizer, type Meaning } from './fold.ts';
import type { Activation, BinaryLayer, Block, Group, GroupNet, GroupNetOutput, Norm } from './network.ts';

/** What runs between blocks: levels for the layers, and what goes round them. */
interface Stream {
  readonly levels: Value;
  /** The integers that skips carry, and the real number that one of them counts. */
  readonly round: Value;
  readonly unit: number;
}

/**
 * The integer form of a trained Group-Net: every base a product of its own with binary weights, a combine node with one integer coefficient for
 * each base (and channel, where alpha or batch norm differ by channel) where they meet, thresholds behind the sums.
 *
 * Rounded are the coefficients A_j = rnd(a_j * 2^S) and biases of those sums, and with `stream` what goes round the blocks; the graph is what
 * hardware computes, bit by bit. Where all scales are powers of two nothing is rounded, and it computes what `evaluateGroupNet` does.
 *
 * @throws DiagnosticError for arrays that do not fit, numbers that are not finite, settings out of range
 */
export function buildGroupNet(net: GroupNet, options: { readonly output?: GroupNetOutput } = {}): Graph {
  checkGroupNet(net);
  return new NetBuilder(net).build(options.output ?? 'class');
}

class NetBuilder {
  readonly #net: GroupNet;
  readonly #g: GraphBuilder;

  constructor(net: GroupNet) {
    this.#net = net;
    this.#g = new GraphBuilder(net.name);
  }

  build(output: GroupNetOutput): Graph {
    const { input, groups, last } = this.#net;
    const pixels = this.#g.input('pixels', uint(8), input.shape, { scale: input.scale });
    let stream = this.#first(pixels);
    groups.forEach((group, i) => {
      const activation = i + 1 < groups.length ? this.#net.activation : last.activation;
      const sum = this.#group(group, stream, `g${i}`);
      stream = this.#stream(sum, activation, `g${i}`);
    });
    const { value, scale } = this.#last(stream.levels);
    this.#g.output(
      output === 'class' ? this.#g.argmax(value, { name: 'class' }) : value,
      output === 'class' ? {} : { scale },
    );
    return this.#g.build();
  }

  #first(pixels: Value): Stream {
    const { first, input, activation, stream } = this.#net;
    const g = this.#g;
    const weights = { elem: int(8), shape: first.shape, data: first.levels };
    const sums = this.#product(pixels, weights, first, 0, 'first_k0');
    const scale =
      typeof input.scale === 'number' ? input.scale : input.scale.numerator / input.scale.denominator;
    const units = Float64Array.from(
      { length: filtersOf(first) },
      (_, o) => scale * (first.scale[first.scale.length === 1 ? 0 : o] ?? 0),
    );
    if (stream === undefined) {
      const meanings = normed(units, first.norm);
      const levels = this.#pool(quantizer(g, sums, meanings, activation, 'first'));
      return { levels, round: levels, unit: levelUnit(activation) };
    }
    return this.#stream(behindNorm([{ value: sums, factors: units }], first.norm), activation, 'first', (x) =>
      this.#pool(x),
    );
  }

  #pool(x: Value): Value {
    const { pool } = this.#net.first;
    if (pool === undefined) return x;
    const { kernel, stride, pad } = pool;
    const options = { strides: [stride, stride] as const, pads: [pad, pad, pad, pad] as const };
    return this.#g.maxpool(x, [kernel, kernel], { ...options, name: 'first_pool' });
  }

  /** The sum of a group's branches. */
  #group({ branches }: Group, x: Stream, name: string): RealSum {
    const parts = branches.map(({ lambda, blocks }, i) => {
      let stream = x;
      let sum: RealSum = { terms: [], constants: [] };
      blocks.forEach((block, j) => {
        const own = `${name}_b${i}_${j}`;
        sum = this.#block(block, stream, own);
        if (j + 1 < blocks.length) stream = this.#stream(sum, this.#net.activation, own);
      });
      return scaled(sum, lambda);
    });
    return joined(parts);
  }

  /** The sum in which a block ends. */
  #block({ layers, skip }: Block, x: Stream, name: string): RealSum {
    let levels = x.levels;
    let sum: RealSum = { terms: [], constants: [] };
    layers.forEach((layer, i) => {
      const own = `${name}_l${i}`;
      const terms = this.#bases(layer, levels, own);
      if (i + 1 === layers.length) sum = behindNorm(terms, layer.norm);
      else levels = this.#inner(terms, layer, own);
    });
    if (skip === 'none') return sum;
    if (skip === 'identity') {
      const channels = sum.terms[0]?.factors.length ?? 1;
      const round = { value: x.round, factors: new Float64Array(channels).fill(x.unit) };
      return joined([sum, { terms: [round], constants: [] }]);
    }
    return joined([sum, behindNorm(this.#bases(skip, x.levels, `${name}_skip`), skip.norm)]);
  }

  /** A layer with a quantizer directly behind it: its norm goes into the thresholds. */
  #inner(terms: readonly Term[], layer: BinaryLayer, name: string): Value {
    const { activation } = this.#net;
    const [only] = terms;
    if (terms.length === 1 && only !== undefined)
      return quantizer(this.#g, only.value, normed(only.factors, layer.norm), activation, name);
    const { value, fraction } = scaleAccumulate(this.#g, { terms, constants: [] }, `${name}_sum`);
    const units = new Float64Array(filtersOf(layer)).fill(2 ** -fraction);
    return quantizer(this.#g, value, normed(units, layer.norm), activation, name);
  }

  /** The products of a layer's bases. */
  #bases(layer: BinaryLayer, x: Value, name: string): Term[] {
    const unit = levelUnit(this.#net.activation);
    return layer.bases.map((base, i) => {
      const weights = { elem: bipolar, shape: layer.shape, data: signsOf(base) };
      const value = this.#product(x, weights, layer, this.#padding(x), `${name}_k${i}`);
      return { value, factors: factorsOf(base, filtersOf(layer)).map((factor) => factor * unit) };
    });
  }

  /** The level of what padding holds. */
  #padding(x: Value): number {
    if (this.#net.padding === 'zero') return 0;
    return sameElement(x.type.elem, bipolar) ? 1 : levelOf(1, this.#net.activation);
  }

  #product(
    x: Value,
    weights: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
    { stride = 1, pad = 0 }: Pick<BinaryLayer, 'stride' | 'pad'>,
    padValue: number,
    name: string,
  ): Value {
    if (weights.shape.length === 2) return this.#g.matmul(x, weights, { name });
    const padding = pad === 0 ? {} : { pads: [pad, pad, pad, pad] as const, padValue };
    return this.#g.conv2d(x, weights, { strides: [stride, stride], ...padding, name });
  }

  /** What follows a sum: its levels, and what goes round the next block. */
  #stream(sum: RealSum, activation: Activation, name: string, behind = (x: Value): Value => x): Stream {
    const g = this.#g;
    const { stream } = this.#net;
    const total = scaleAccumulate(g, sum, `${name}_sum`);
    const kept = stream === undefined ? total : narrowed(g, total, stream, `${name}_stream`);
    const round = behind(kept.value);
    const levels = quantizer(g, round, [real(kept)], activation, name);
    return stream === undefined
      ? { levels, round: levels, unit: levelUnit(activation) }
      : { levels, round, unit: 2 ** -kept.fraction };
  }

  #last(levels: Value): { readonly value: Value; readonly scale: number } {
    const { last } = this.#net;
    const { shape } = levels.type;
    const [height = 1, width = 1] = shape.length === 3 ? shape : [];
    const channels = shape.at(-1) ?? 1;
    const x =
      shape.length === 3
        ? this.#g.op(
            'reduce_sum',
            [this.#g.reshape(levels, [height * width, channels])],
            {},
            { name: 'pooled' },
          )
        : levels;
    const scale = (last.scale * levelUnit(last.activation)) / (height * width);
    const bias =
      last.bias === undefined ? {} : { bias: Array.from(last.bias, (b) => roundHalfUp(b / scale)) };
    const weights = { elem: int(8), shape: last.shape, data: last.levels };
    return { value: this.#g.matmul(x, weights, { name: 'scores', ...bias }), scale };
  }
}

/** What integers of these units mean behind a norm, channel by channel. */
function normed(units: Float64Array, norm: Norm): Meaning[] {
  return Array.from(units, (unit, c) => {
    const of = normOf(norm, c);
    return { real: (sum) => of(sum * unit), falls: (norm.gamma[c] ?? 0) * unit < 0 };
  });
}

function real({ fraction }: FixedPoint): Meaning {
  return { real: (sum) => sum * 2 ** -fraction, falls: false };
}

/** Terms behind a norm, as a sum of terms and constants again. */
function behindNorm(terms: readonly Term[], norm: Norm): RealSum {
  const lines = Array.from(terms[0]?.factors ?? [], (_, c) => lineOf(norm, c));
  const slope = (c: number): number => lines[c]?.slope ?? 0;
  return {
    terms: terms.map(({ value, factors }) => ({ value, factors: factors.map((f, c) => f * slope(c)) })),
    constants: [Float64Array.from(lines, ({ offset }) => offset)],
  };
}

function scaled({ terms, constants }: RealSum, lambda: number): RealSum {
  return {
    terms: terms.map(({ value, factors }) => ({ value, factors: factors.map((f) => f * lambda) })),
    constants: constants.map((constant) => constant.map((offset) => offset * lambda)),
  };
}

function joined(sums: readonly RealSum[]): RealSum {
  return { terms: sums.flatMap(({ terms }) => terms), constants: sums.flatMap(({ constants }) => constants) };
}
