/** Layers with their gradients on batches, in plain loops. Rows of a batch lie one behind the other. */

/** Numbers in [0, 1): the same in every run (splitmix32 of a counter). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** Numbers that are trained, by stochastic gradient descent with Nesterov's momentum. */
export class Parameter {
  readonly value: Float32Array;
  readonly gradient: Float32Array;
  readonly #speed: Float32Array;
  readonly #decay: number;

  constructor(value: Float32Array, decay = 0) {
    this.value = value;
    this.gradient = new Float32Array(value.length);
    this.#speed = new Float32Array(value.length);
    this.#decay = decay;
  }

  /** One step against the gradient, which is zero afterwards. */
  step(rate: number, momentum = 0.9): void {
    const { value, gradient } = this;
    for (let i = 0; i < value.length; i++) {
      const slope = gradient[i]! + this.#decay * value[i]!;
      const speed = momentum * this.#speed[i]! + slope;
      this.#speed[i] = speed;
      value[i]! -= rate * (slope + momentum * speed);
      gradient[i] = 0;
    }
  }
}

/** Normal random numbers (the sum of twelve), of standard deviation `spread`. */
export function normal(count: number, spread: number, random: () => number): Float32Array {
  return Float32Array.from({ length: count }, () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += random();
    return spread * sum;
  });
}

/** y = x W^T, W [outputs, inputs]; four outputs at a time, which share what is read of x. */
export function multiply(x: Float32Array, w: Float32Array, inputs: number, outputs: number): Float32Array {
  const rows = x.length / inputs;
  const y = new Float32Array(rows * outputs);
  const whole = outputs - (outputs % 4);
  for (let row = 0; row < rows; row++) {
    const [from, to] = [row * inputs, row * outputs];
    for (let o = 0; o < whole; o += 4) {
      let [k0, k1, k2, k3] = [o * inputs, (o + 1) * inputs, (o + 2) * inputs, (o + 3) * inputs];
      let [a, b, c, d] = [0, 0, 0, 0];
      for (let i = from; i < from + inputs; i++) {
        const v = x[i]!;
        a += v * w[k0++]!;
        b += v * w[k1++]!;
        c += v * w[k2++]!;
        d += v * w[k3++]!;
      }
      y[to + o] = a;
      y[to + o + 1] = b;
      y[to + o + 2] = c;
      y[to + o + 3] = d;
    }
    for (let o = whole; o < outputs; o++) {
      let sum = 0;
      for (let i = 0; i < inputs; i++) sum += x[from + i]! * w[o * inputs + i]!;
      y[to + o] = sum;
    }
  }
  return y;
}

/** [rows, columns] as [columns, rows]. */
function transposed(x: Float32Array, columns: number): Float32Array {
  const rows = x.length / columns;
  const result = new Float32Array(x.length);
  for (let row = 0, i = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, i++) result[column * rows + row] = x[i]!;
  return result;
}

/** Adds the gradient of W to `dw`, and returns that of x. */
export function multiplyBack(
  x: Float32Array,
  w: Float32Array,
  dy: Float32Array,
  dw: Float32Array,
  inputs: number,
  outputs: number,
): Float32Array {
  const rows = x.length / inputs;
  const slopes = multiply(transposed(dy, outputs), transposed(x, inputs), rows, inputs);
  for (let k = 0; k < dw.length; k++) dw[k]! += slopes[k]!;
  return multiply(dy, transposed(w, inputs), outputs, inputs);
}

/** Batch normalization; at the end of training its running statistics are the network's. */
export class BatchNorm {
  readonly gamma: Parameter;
  readonly beta: Parameter;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  static readonly epsilon = 1e-5;
  #normed = new Float32Array(0);
  #scale = new Float32Array(0);

  constructor(channels: number) {
    this.gamma = new Parameter(new Float32Array(channels).fill(1));
    this.beta = new Parameter(new Float32Array(channels));
    this.mean = new Float32Array(channels);
    this.variance = new Float32Array(channels).fill(1);
  }

  get parameters(): readonly Parameter[] {
    return [this.gamma, this.beta];
  }

  forward(x: Float32Array, training: boolean): Float32Array {
    const n = this.mean.length;
    const rows = x.length / n;
    const [mean, variance] = training ? this.#statistics(x) : [this.mean, this.variance];
    this.#scale = variance.map((v) => 1 / Math.sqrt(v + BatchNorm.epsilon));
    this.#normed = new Float32Array(x.length);
    const y = new Float32Array(x.length);
    for (let row = 0, i = 0; row < rows; row++) {
      for (let c = 0; c < n; c++, i++) {
        const z = (x[i]! - mean[c]!) * this.#scale[c]!;
        this.#normed[i] = z;
        y[i] = this.gamma.value[c]! * z + this.beta.value[c]!;
      }
    }
    return y;
  }

  #statistics(x: Float32Array): [Float32Array, Float32Array] {
    const n = this.mean.length;
    const rows = x.length / n;
    const mean = new Float32Array(n);
    const variance = new Float32Array(n);
    for (let i = 0; i < x.length; i++) mean[i % n]! += x[i]! / rows;
    for (let i = 0; i < x.length; i++) variance[i % n]! += (x[i]! - mean[i % n]!) ** 2 / rows;
    for (let c = 0; c < n; c++) {
      this.mean[c]! += 0.1 * (mean[c]! - this.mean[c]!);
      this.variance[c]! += 0.1 * (variance[c]! - this.variance[c]!);
    }
    return [mean, variance];
  }

  backward(dy: Float32Array): Float32Array {
    const n = this.mean.length;
    const rows = dy.length / n;
    const sum = new Float32Array(n);
    const product = new Float32Array(n);
    for (let i = 0; i < dy.length; i++) {
      sum[i % n]! += dy[i]!;
      product[i % n]! += dy[i]! * this.#normed[i]!;
    }
    for (let c = 0; c < n; c++) {
      this.beta.gradient[c]! += sum[c]!;
      this.gamma.gradient[c]! += product[c]!;
    }
    return dy.map((slope, i) => {
      const c = i % n;
      const centred = slope - sum[c]! / rows - (this.#normed[i]! * product[c]!) / rows;
      return this.gamma.value[c]! * this.#scale[c]! * centred;
    });
  }
}

/** A quantizer of activations with the limit `limit`, and its straight-through gradient. */
export class Quantizer {
  readonly bits: number;
  readonly limit: number;
  #x: Float32Array = new Float32Array(0);

  constructor(bits: number, limit = 1) {
    this.bits = bits;
    this.limit = limit;
  }

  forward(x: Float32Array): Float32Array {
    this.#x = x;
    const { bits, limit } = this;
    if (bits === 1) return x.map((v) => (v >= 0 ? limit : -limit));
    const top = 2 ** bits - 1;
    return x.map((v) => (Math.floor((top * Math.min(Math.max(v, 0), limit)) / limit + 0.5) * limit) / top);
  }

  /** One bit: the slope 2 - 2|x| within 1 of the step; more bits: 1 between 0 and the limit. */
  backward(dy: Float32Array): Float32Array {
    return dy.map((slope, i) => {
      const x = this.#x[i]!;
      if (this.bits === 1) return Math.abs(x) < 1 ? slope * (2 - 2 * Math.abs(x)) : 0;
      return x > 0 && x < this.limit ? slope : 0;
    });
  }
}

/** A layer of binary weights, alpha * sgn(w) with alpha the mean of |w| of each filter, and its batch norm. */
export class BinaryLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Parameter;
  readonly norm: BatchNorm;
  #x: Float32Array = new Float32Array(0);
  #binary = new Float32Array(0);

  constructor(inputs: number, outputs: number, random: () => number) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.weights = new Parameter(normal(inputs * outputs, 1 / Math.sqrt(inputs), random));
    this.norm = new BatchNorm(outputs);
  }

  get parameters(): readonly Parameter[] {
    return [this.weights, ...this.norm.parameters];
  }

  forward(x: Float32Array, training: boolean): Float32Array {
    const { inputs, outputs } = this;
    const w = this.weights.value;
    this.#x = x;
    this.#binary = new Float32Array(w.length);
    for (let o = 0; o < outputs; o++) {
      let alpha = 0;
      for (let k = o * inputs; k < (o + 1) * inputs; k++) alpha += Math.abs(w[k]!) / inputs;
      for (let k = o * inputs; k < (o + 1) * inputs; k++) this.#binary[k] = w[k]! >= 0 ? alpha : -alpha;
    }
    return this.norm.forward(multiply(x, this.#binary, inputs, outputs), training);
  }

  backward(dy: Float32Array): Float32Array {
    const { inputs, outputs, weights } = this;
    // the gradient of the binary weights goes to the weights themselves
    return multiplyBack(this.#x, this.#binary, this.norm.backward(dy), weights.gradient, inputs, outputs);
  }
}
