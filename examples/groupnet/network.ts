import { groupBlocks, groupSizes, type GroupNet, type Norm } from 'qcc/groupnet';
import {
  BatchNorm,
  BinaryLayer,
  generator,
  multiply,
  multiplyBack,
  normal,
  Parameter,
  Quantizer,
} from './layers.ts';

/** What is trained. */
export interface Plan {
  readonly seed: number;
  /** Branches of each group. */
  readonly k: number;
  /** Bits of the activations between binary layers. */
  readonly bits: number;
  readonly width: number;
  readonly groups: number;
}

const [PIXELS, CLASSES] = [784, 10];
/** The last quantizer has 8 bits up to this number. */
const LAST_LIMIT = 4;

/** Two binary layers with a quantizer between them, as the groups of an AlexNet have them; nothing goes round them. */
class Block {
  readonly layers: readonly [BinaryLayer, BinaryLayer];
  readonly #between: Quantizer;

  constructor(width: number, bits: number, random: () => number) {
    this.layers = [new BinaryLayer(width, width, random), new BinaryLayer(width, width, random)];
    this.#between = new Quantizer(bits);
  }

  forward(x: Float32Array, training: boolean): Float32Array {
    const [first, second] = this.layers;
    return second.forward(this.#between.forward(first.forward(x, training)), training);
  }

  backward(dy: Float32Array): Float32Array {
    const [first, second] = this.layers;
    return first.backward(this.#between.backward(second.backward(dy)));
  }
}

/** K blocks side by side behind one quantizer, added with factors that are trained. */
class GroupOfBlocks {
  readonly blocks: readonly Block[];
  readonly lambdas: Parameter;
  readonly #quantizer: Quantizer;
  #results: readonly Float32Array[] = [];

  constructor({ k, bits, width }: Plan, random: () => number) {
    this.blocks = Array.from({ length: k }, () => new Block(width, bits, random));
    this.lambdas = new Parameter(new Float32Array(k).fill(1 / k));
    this.#quantizer = new Quantizer(bits);
  }

  forward(x: Float32Array, training: boolean): Float32Array {
    const levels = this.#quantizer.forward(x);
    this.#results = this.blocks.map((block) => block.forward(levels, training));
    const y = new Float32Array(x.length);
    this.#results.forEach((h, k) => {
      for (let i = 0; i < y.length; i++) y[i]! += this.lambdas.value[k]! * h[i]!;
    });
    return y;
  }

  backward(dy: Float32Array): Float32Array {
    const dx = new Float32Array(dy.length);
    this.blocks.forEach((block, k) => {
      const lambda = this.lambdas.value[k]!;
      let slope = 0;
      for (let i = 0; i < dy.length; i++) slope += dy[i]! * this.#results[k]![i]!;
      this.lambdas.gradient[k]! += slope;
      block.backward(dy.map((v) => v * lambda)).forEach((v, i) => (dx[i]! += v));
    });
    return this.#quantizer.backward(dx);
  }
}

/** The network in training: pixels, a layer of real weights, groups of binary blocks, a layer of real weights. */
export class Network {
  readonly plan: Plan;
  /** [pixels, width]: most pixels are 0, and their rows are left out. */
  readonly #first: Parameter;
  readonly #norm: BatchNorm;
  readonly #groups: readonly GroupOfBlocks[];
  readonly #quantizer = new Quantizer(8, LAST_LIMIT);
  readonly #last: Parameter;
  readonly #bias: Parameter;
  readonly #parameters: readonly Parameter[];

  constructor(plan: Plan) {
    this.plan = plan;
    const random = generator(plan.seed);
    const decay = 1e-4;
    this.#first = new Parameter(normal(PIXELS * plan.width, 0.05, random), decay);
    this.#norm = new BatchNorm(plan.width);
    this.#groups = Array.from({ length: plan.groups }, () => new GroupOfBlocks(plan, random));
    this.#last = new Parameter(normal(CLASSES * plan.width, 0.1, random), decay);
    this.#bias = new Parameter(new Float32Array(CLASSES));
    const inside = this.#groups.flatMap(({ lambdas, blocks }) => [
      lambdas,
      ...blocks.flatMap(({ layers }) => layers.flatMap((layer) => layer.parameters)),
    ]);
    this.#parameters = [this.#first, ...this.#norm.parameters, ...inside, this.#last, this.#bias];
  }

  /**
   * One step on a batch.
   *
   * @param pixels [rows, 784], 0 to 255
   * @returns the sum of the rows' losses
   */
  train(pixels: Uint8Array, labels: ArrayLike<number>, rate: number): number {
    const { width } = this.plan;
    const rows = labels.length;
    let y = this.#norm.forward(this.#project(pixels), true);
    for (const group of this.#groups) y = group.forward(y, true);
    const levels = this.#quantizer.forward(y);
    const scores = this.#scores(levels);
    const slopes = new Float32Array(scores.length);
    let loss = 0;
    for (let row = 0; row < rows; row++) {
      const at = row * CLASSES;
      const most = scores.subarray(at, at + CLASSES).reduce((a, b) => Math.max(a, b));
      let sum = 0;
      for (let o = 0; o < CLASSES; o++) sum += Math.exp(scores[at + o]! - most);
      for (let o = 0; o < CLASSES; o++) {
        const share = Math.exp(scores[at + o]! - most) / sum;
        if (o === labels[row]) loss -= Math.log(share);
        slopes[at + o] = (share - (o === labels[row] ? 1 : 0)) / rows;
        this.#bias.gradient[o]! += slopes[at + o]!;
      }
    }
    let dy = multiplyBack(levels, this.#last.value, slopes, this.#last.gradient, width, CLASSES);
    dy = this.#quantizer.backward(dy);
    for (const group of this.#groups.toReversed()) dy = group.backward(dy);
    this.#projectBack(pixels, this.#norm.backward(dy));
    for (const parameter of this.#parameters) parameter.step(rate);
    return loss;
  }

  /** x W of pixels / 255. */
  #project(pixels: Uint8Array): Float32Array {
    const { width } = this.plan;
    const w = this.#first.value;
    const y = new Float32Array((pixels.length / PIXELS) * width);
    for (let p = 0; p < pixels.length; p++) {
      if (pixels[p] === 0) continue;
      const x = pixels[p]! / 255;
      const to = Math.floor(p / PIXELS) * width;
      const from = (p % PIXELS) * width;
      for (let o = 0; o < width; o++) y[to + o]! += x * w[from + o]!;
    }
    return y;
  }

  #projectBack(pixels: Uint8Array, dy: Float32Array): void {
    const { width } = this.plan;
    const dw = this.#first.gradient;
    for (let p = 0; p < pixels.length; p++) {
      if (pixels[p] === 0) continue;
      const x = pixels[p]! / 255;
      const from = Math.floor(p / PIXELS) * width;
      const to = (p % PIXELS) * width;
      for (let o = 0; o < width; o++) dw[to + o]! += x * dy[from + o]!;
    }
  }

  #scores(levels: Float32Array): Float32Array {
    const scores = multiply(levels, this.#last.value, this.plan.width, CLASSES);
    return scores.map((score, i) => score + this.#bias.value[i % CLASSES]!);
  }

  /** The trained network as qcc takes it; its first and last weights rounded to 8 bits. */
  finished(name: string): GroupNet {
    const { k, bits, width, groups } = this.plan;
    const first = new Float32Array(PIXELS * width);
    for (let i = 0; i < first.length; i++)
      first[(i % width) * PIXELS + Math.floor(i / width)] = this.#first.value[i]!;
    const scales = Array.from({ length: width }, (_, o) =>
      stepOf(first.subarray(o * PIXELS, (o + 1) * PIXELS)),
    );
    const last = stepOf(this.#last.value);
    const networks = Array.from({ length: k }, (_, branch) =>
      this.#groups.map(({ blocks }) => ({
        layers: (blocks[branch]?.layers ?? []).map((layer) => ({
          shape: [width, width],
          bases: [{ weights: layer.weights.value }],
          norm: normOf(layer.norm),
        })),
        skip: 'none' as const,
      })),
    );
    const lambdas = this.#groups.map((group) => Array.from(group.lambdas.value));
    return {
      name,
      input: { shape: [PIXELS], scale: { numerator: 1, denominator: 255 } },
      activation: { bits },
      padding: 'zero',
      first: {
        shape: [width, PIXELS],
        levels: first.map((w, i) => Math.round(w / scales[Math.floor(i / PIXELS)]!)),
        scale: scales,
        norm: normOf(this.#norm),
      },
      groups: groupBlocks(networks, groupSizes('v1', groups), lambdas),
      last: {
        activation: { bits: 8, limit: LAST_LIMIT },
        shape: [CLASSES, width],
        levels: this.#last.value.map((w) => Math.round(w / last)),
        scale: last,
        bias: this.#bias.value,
      },
    };
  }
}

/** The step of 8-bit weights: the greatest is 127. */
function stepOf(weights: Float32Array): number {
  return weights.reduce((most, w) => Math.max(most, Math.abs(w)), 1e-12) / 127;
}

function normOf({ gamma, beta, mean, variance }: BatchNorm): Norm {
  return { gamma: gamma.value, beta: beta.value, mean, variance, epsilon: BatchNorm.epsilon };
}
