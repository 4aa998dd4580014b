import fc from 'fast-check';
import { value, type Boundary, type Graph, type Operand } from '../../compiler/qir/graph.ts';
import { roundingModes } from '../../compiler/qir/ops/rounding.ts';
import { bipolar, int, uint, type ElementType } from '../../compiler/qir/types.ts';
import { GraphWriter } from './random-mlp.ts';

/**
 * Draws numbers from a seed, so that one seed makes one graph: branches and shapes depend on what was drawn before.
 */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A real number from 0 to 1 (xorshift). */
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 2 ** 32;
  }

  /** An integer from min to max. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  one<T>(...choices: readonly T[]): T {
    const choice = choices[this.integer(0, choices.length - 1)];
    if (choice === undefined) throw new Error('nothing to choose from');
    return choice;
  }

  chance(p: number): boolean {
    return this.next() < p;
  }

  float(min: number, max: number): number {
    return Math.fround(min + this.next() * (max - min));
  }

  many(count: number, one: () => number): number[] {
    return Array.from({ length: count }, one);
  }
}

/** What leads up to a value: its operand, and whether a quantizer gave it levels. */
interface Wire {
  readonly x: Operand;
  readonly shape: readonly number[];
  readonly quantized: boolean;
}

/** Writes a real-form graph of images that branches and joins. */
class Writer {
  readonly g: GraphWriter;
  readonly dice: Dice;

  constructor(dice: Dice, elem: ElementType, shape: readonly number[], boundary: Boundary) {
    this.dice = dice;
    this.g = new GraphWriter(elem, shape, boundary);
  }

  op(op: string, wire: Wire, rest: readonly Operand[] = [], attributes = {}, quantized = false): Wire {
    const x = this.g.node(op, [wire.x, ...rest], attributes);
    return { x, shape: this.g.shapeOf(x), quantized };
  }

  channels(wire: Wire): number {
    return wire.shape.at(-1) ?? 1;
  }

  scale(): number {
    const { dice } = this;
    return dice.chance(0.6) ? 2 ** dice.integer(-4, 1) : dice.one(0.1, 0.3, 0.75, dice.float(0.05, 1));
  }

  /** One number, or one for each channel. */
  perChannel(wire: Wire, one: () => number): Operand {
    return this.g.number(...this.dice.many(this.dice.chance(0.5) ? 1 : this.channels(wire), one));
  }

  quantize(wire: Wire, fixed?: number): Wire {
    const { dice, g } = this;
    const scale = fixed ?? this.scale();
    if (dice.chance(0.25)) return this.op('bipolar_quant', wire, [g.number(scale)], {}, true);
    const [min = 0, max = 1] = dice.one([-1, 1], [0, 3], [-4, 3], [0, 15], [-8, 7], [-128, 127], [0, 255]);
    const zero = dice.one(0, 0, 0, 1, -2, 5);
    const attributes = { min, max, rounding: dice.one(...roundingModes), zero_point_first: dice.chance(0.5) };
    return this.op('quant', wire, [g.number(scale), g.number(zero)], attributes, true);
  }

  /** Elementwise operations between a layer and its quantizer. */
  tail(wire: Wire): Wire {
    const { dice } = this;
    const steps: (() => Wire)[] = [
      () => this.op('add', wire, [this.perChannel(wire, () => dice.one(dice.float(-2, 2), 0.5, -1))]),
      () => this.op('mul', wire, [this.perChannel(wire, () => dice.one(dice.float(-2, 2), 0.5, -0.25))]),
      () => this.op('relu', wire),
      () => this.op('clip', wire, [], { min: -1, max: 3 }),
      () => this.op('leaky_relu', wire, [], { alpha: dice.one(0.1, 0.25) }),
      () => this.op('prelu', wire, [this.perChannel(wire, () => dice.one(0.25, 0.5, -0.5))]),
      () => this.op('sigmoid', wire),
      () => this.op('tanh', wire),
      () => {
        const [s, b, m] = [0, 1, 2].map(() => this.perChannel(wire, () => dice.float(-2, 2)));
        const v = this.perChannel(wire, () => dice.float(0.1, 3));
        return this.op('batchnorm', wire, [s!, b!, m!, v], { epsilon: 1e-3 });
      },
    ];
    return dice.one(...steps)();
  }

  window(size: readonly number[], dilated: boolean) {
    const { dice } = this;
    const [height = 1, width = 1] = size;
    const kernel = [dice.integer(1, Math.min(3, height)), dice.integer(1, Math.min(3, width))];
    const fits = dilated && kernel.every((k, i) => (k - 1) * 2 < (size[i] ?? 1));
    return {
      kernel,
      strides: [dice.integer(1, 2), dice.integer(1, 3)],
      pads: kernel
        .flatMap(() => kernel.map((k) => dice.integer(0, k - 1)))
        .map((p, i) => Math.min(p, kernel[i % 2]! - 1)),
      ...(fits && dice.chance(0.3) ? { dilations: [2, 2] } : {}),
    };
  }

  weights(shape: readonly number[]): Operand {
    const { dice, g } = this;
    const count = shape.reduce((a, b) => a * b, 1);
    const values = dice.many(count, () => dice.float(-2, 2));
    const perOutput = dice.chance(0.3);
    const scales = dice.many(perOutput ? (shape[0] ?? 1) : 1, () => this.scale());
    const s = g.constant(scales, perOutput ? shape.map((n, i) => (i === 0 ? n : 1)) : []);
    const raw = g.constant(values, shape);
    if (dice.chance(0.3)) return g.node('bipolar_quant', [raw, s]);
    const range = dice.chance(0.3) ? { min: -1, max: 1 } : { min: -8, max: 7 };
    return g.node('quant', [raw, s, g.number(0)], { ...range, rounding: 'HALF_EVEN' });
  }

  convolve(wire: Wire): Wire {
    const { dice } = this;
    const channels = this.channels(wire);
    const { kernel, ...attributes } = this.window(wire.shape, true);
    const divisors = [1, 1, 2, channels].filter((n) => channels % n === 0);
    const groups = dice.one(...divisors);
    const outputs = groups * dice.integer(1, groups > 1 ? 2 : 3);
    const w = this.weights([outputs, ...kernel, channels / groups]);
    return this.op('conv2d', wire, [w], groups === 1 ? attributes : { ...attributes, groups });
  }

  pool(wire: Wire): Wire {
    const { dice } = this;
    const { dilations, ...attributes } = this.window(wire.shape, wire.shape.length === 3);
    if (dice.chance(0.5))
      return this.op(
        'maxpool',
        wire,
        [],
        dilations === undefined ? attributes : { ...attributes, dilations, pads: [0, 0, 0, 0] },
        wire.quantized,
      );
    if (dice.chance(0.3))
      return this.op('avgpool', wire, [], { kernel: wire.shape.slice(0, 2) }, wire.quantized);
    return this.op(
      'avgpool',
      wire,
      [],
      { ...attributes, count_include_pad: dice.chance(0.5) },
      wire.quantized,
    );
  }

  /** What only moves elements. */
  move(wire: Wire): Wire {
    const { dice } = this;
    const [height = 1, width = 1, channels = 1] = wire.shape;
    const q = wire.quantized;
    const steps: (() => Wire)[] = [
      () => this.op('pad', wire, [], { pads: [0, 1, 1, 0] }, q),
      () => this.op('upsample', wire, [], { factors: [1, 2] }, q),
      () => this.op('dilate', wire, [], { factors: [2, 1] }, q),
      () => this.op('transpose', wire, [], { perm: [1, 0, 2] }, q),
      () => this.op('transpose', wire, [], { perm: [2, 0, 1] }, q),
      () => this.op('slice', wire, [], { axis: 2, start: 0, end: Math.max(1, channels - 1) }, q),
      () => this.op('slice', wire, [], { axis: 0, start: height > 1 ? 1 : 0, end: height }, q),
      () => this.op('reshape', wire, [], { shape: [width, height, channels] }, q),
    ];
    if (channels % 4 === 0)
      steps.push(() => this.op('depth_to_space', wire, [], { block: 2, mode: dice.one('DCR', 'CRD') }, q));
    return dice.one(...steps)();
  }

  /** Two branches from one value that meet again. */
  branch(wire: Wire): Wire {
    const { dice, g } = this;
    const own = (w: Wire) => (dice.chance(0.8) ? this.quantize(w) : w);
    const left = own(wire);
    const right = own(dice.chance(0.5) ? this.tail(wire) : wire);
    const quantized = left.quantized && right.quantized;
    const op = dice.one('add', 'sub', 'concat');
    const x = g.node(op, [left.x, right.x], op === 'concat' && dice.chance(0.3) ? { axis: 0 } : {});
    return { x, shape: g.shapeOf(x), quantized };
  }
}

/** The real-form graph that a seed makes: layers, pools, moves and branches on images, with quantizers in between. */
export function cnnOf(seed: number): Graph {
  const dice = new Dice(seed);
  const [elem, boundary] = dice.one<[ElementType, Boundary]>(
    [uint(8), { scale: { numerator: 1, denominator: 255 } }],
    [uint(4), {}],
    [int(6), { scale: { numerator: 0.25, denominator: 1 }, zeroPoint: 3 }],
    [bipolar, {}],
  );
  const shape = [dice.integer(1, 5), dice.integer(2, 6), dice.integer(1, 4)];
  const writer = new Writer(dice, elem, shape, boundary);
  let wire: Wire = { x: value('x'), shape, quantized: true };
  const outputs: Operand[] = [];
  for (let layers = dice.integer(1, 4); layers > 0; layers--) {
    const step = dice.next();
    if (step < 0.45) wire = writer.convolve(wire);
    else if (step < 0.6) wire = writer.pool(wire);
    else if (step < 0.8) wire = writer.move(wire);
    else wire = writer.branch(wire);
    if (dice.chance(0.3)) wire = writer.move(wire);
    if (dice.chance(0.5)) wire = writer.tail(wire);
    if (dice.chance(0.2)) wire = writer.pool(wire);
    if (layers > 1 || dice.chance(0.7)) wire = writer.quantize(wire);
    if (dice.chance(0.15)) outputs.push(wire.x);
    if (dice.chance(0.1)) wire = writer.tail(wire);
  }
  const { g } = writer;
  if (dice.chance(0.3)) {
    const count = wire.shape.reduce((a, b) => a * b, 1);
    const flat = g.node(
      'reshape',
      [dice.chance(0.5) ? g.node('transpose', [wire.x], { perm: [2, 0, 1] }) : wire.x],
      {
        shape: [count],
      },
    );
    const sums = g.node('matmul', [flat, writer.weights([dice.integer(1, 4), count])]);
    wire = { x: dice.chance(0.4) ? g.node('argmax', [sums]) : sums, shape: [1], quantized: false };
  }
  return g.graph(wire.x, ...outputs.filter((o) => o.name !== wire.x.name));
}

/** Random convolutional and branched networks. */
export const randomCnn: fc.Arbitrary<Graph> = fc.integer({ min: 1, max: 2 ** 31 - 1 }).map(cnnOf);
