import { DiagnosticError } from '../../compiler/diagnostics/index.ts';
import type { RandomSource } from '../../compiler/hw/index.ts';
import type { Attribute, GraphBuilder, Graph, Value } from '../../compiler/qir/index.ts';
import { elementCount } from '../../compiler/qir/types.ts';
import { createRandom } from '../../compiler/random.ts';
import type { ImageRecipe, Step } from './image-recipe.ts';
import type { LayerRecipe, Levels, Recipe } from './recipe.ts';

type Attributes = Readonly<Record<string, Attribute>>;

/** What differs between the two forms of a network: how products, levels, means and sums of branches are written. */
export interface Dialect {
  readonly g: GraphBuilder;
  readonly input: (index: number, input: ImageRecipe['inputs'][number], random: RandomSource) => Value;
  /** A value that products can take: as it is, or after a quantizer. */
  readonly narrow: (x: Value, layer: LayerRecipe, random: RandomSource) => Value;
  /** A product with constant weights of this shape; `op` is conv2d or matmul. */
  readonly product: (
    op: string,
    x: Value,
    layer: LayerRecipe,
    shape: readonly number[],
    attributes: Attributes,
    random: RandomSource,
  ) => Value;
  readonly levels: (x: Value, levels: Levels, random: RandomSource, fan: number) => Value;
  readonly scale: (x: Value, random: RandomSource) => Value;
  readonly table: (x: Value, shared: boolean, random: RandomSource) => Value;
  /** Sums or means of the windows of an image. */
  readonly mean: (x: Value, attributes: Attributes, random: RandomSource) => Value;
  readonly sum: (parts: readonly Value[], random: RandomSource) => Value;
  readonly head: (x: Value, head: Recipe['head'], random: RandomSource) => Value;
}

/** Dimensions of an image; of what is none, the last axis as channels. */
function sizes({ type: { shape } }: Value): { height: number; width: number; channels: number } {
  const [height = 1, width = 1, channels = 1] = shape;
  return { height, width, channels };
}

/** A factor of n, of those up to 4. */
const factorOf = (n: number, random: RandomSource): number =>
  random.pick([1, 2, 3, 4].filter((f) => n % f === 0));

/** Any value as an image. */
function image(d: Dialect, x: Value, random: RandomSource): Value {
  if (x.type.shape.length === 3) return x;
  const count = elementCount(x.type.shape);
  const height = factorOf(count, random);
  const width = factorOf(count / height, random);
  return d.g.reshape(x, [height, width, count / height / width]);
}

/** A value cut and filled up to a shape: an image in, an image out. */
function fit(d: Dialect, x: Value, shape: readonly number[]): Value {
  let y = x;
  const { g } = d;
  shape.forEach((n, axis) => {
    if ((y.type.shape[axis] ?? 1) > n) y = g.op('slice', [y], { axis, start: 0, end: n });
  });
  const [down = 0, along = 0] = shape.map((n, axis) => n - (y.type.shape[axis] ?? 1));
  if (down > 0 || along > 0) {
    const [top, left] = [Math.floor(down / 2), along - Math.floor(along / 2)];
    y = g.op('pad', [y], { pads: [top, left, down - top, along - left] });
  }
  const [channels = 1, wanted = 1] = [y.type.shape[2], shape[2]];
  if (channels === wanted) return y;
  const copies = Array.from({ length: Math.ceil(wanted / channels) }, () => y);
  y = g.concat(copies);
  return y.type.shape[2] === wanted ? y : g.op('slice', [y], { axis: 2, start: 0, end: wanted });
}

/** Attributes of windows that fit the image; without `free`, every window reaches into the image. */
function windows(x: Value, step: Step, free: boolean): { kernel: [number, number]; attributes: Attributes } {
  const { height, width } = sizes(x);
  const axis = (i: 0 | 1, size: number) => {
    const room = free ? size + step.pads[i] + step.pads[i + 2]! : size;
    const kernel = Math.min(step.sides[i], room);
    const most = kernel === 1 ? step.dilations[i] : Math.floor((room - 1) / (kernel - 1));
    const dilation = free ? Math.min(step.dilations[i], most) : 1;
    const pad = (p: number): number => (free ? p : Math.min(p, kernel - 1));
    return { kernel, dilation, before: pad(step.pads[i]), after: pad(step.pads[i + 2]!) };
  };
  const [y, z] = [axis(0, height), axis(1, width)];
  return {
    kernel: [y.kernel, z.kernel],
    attributes: {
      strides: [...step.strides],
      pads: [y.before, z.before, y.after, z.after],
      ...(free && (step.dilations[0] > 1 || step.dilations[1] > 1)
        ? { dilations: [y.dilation, z.dilation] }
        : {}),
    },
  };
}

/** What follows a product of sums over `fan` numbers. */
function after(d: Dialect, x: Value, { layer, after: kind }: Step, random: RandomSource, fan: number): Value {
  if (kind === 'levels') return d.levels(x, layer.levels, random, Math.sqrt(fan));
  return kind === 'scale' ? d.scale(x, random) : x;
}

function convolution(d: Dialect, read: Value, step: Step, groups: number, random: RandomSource): Value {
  const x = d.narrow(read, step.layer, random);
  const { height, width, channels } = sizes(x);
  const whole = step.kind === 'whole';
  const { kernel, attributes } =
    step.kind === 'pointwise' || whole
      ? { kernel: whole ? [height, width] : [1, 1], attributes: {} }
      : windows(x, step, true);
  const multiplier = step.layer.outputs % 3 === 0 ? 2 : 1;
  const outputs = groups > 1 ? groups * multiplier : step.layer.outputs;
  const inputs = channels / groups;
  const [tall = 1, wide = 1] = kernel;
  const y = d.product(
    'conv2d',
    x,
    { ...step.layer, outputs },
    [outputs, tall, wide, inputs],
    groups > 1 ? { ...attributes, groups } : attributes,
    random,
  );
  return after(d, y, step, random, tall * wide * inputs);
}

function join(d: Dialect, values: readonly Value[], x: Value, step: Step, random: RandomSource): Value {
  const others = step.others.map((back) => image(d, recent(values, back), random));
  if (step.kind === 'sum') {
    const parts = [x, ...others.map((other) => fit(d, other, x.type.shape))];
    return after(d, d.sum(parts, random), step, random, parts.length);
  }
  const axis = step.sides[0] === 1 ? 2 : step.sides[0] - 2;
  const parts = others.map((other) =>
    fit(
      d,
      other,
      x.type.shape.map((n, i) => (i === axis ? Math.min(other.type.shape[i] ?? 1, 5) : n)),
    ),
  );
  return d.g.concat([x, ...parts], axis === 2 ? {} : { axis });
}

/** The result of a step. */
function result(d: Dialect, values: readonly Value[], step: Step): Value {
  const { g } = d;
  const random = createRandom(step.layer.seed + 1);
  const read = recent(values, step.from);
  const [a, b] = step.sides;
  const x = step.kind === 'dense' || step.kind === 'reshape' ? read : image(d, read, random);
  const { height, width, channels } = sizes(x);
  const count = elementCount(x.type.shape);
  switch (step.kind) {
    case 'conv':
    case 'pointwise':
    case 'whole':
      return convolution(d, x, step, 1, random);
    case 'depthwise':
      return convolution(d, x, step, channels, random);
    case 'grouped':
      return convolution(d, x, step, factorOf(channels, random), random);
    case 'maxpool': {
      // taps with gaps only without padding: no window may lie in the padding altogether
      const flat = { ...step, pads: [0, 0, 0, 0] as const };
      const { kernel, attributes } = step.dilations[0] > 1 ? windows(x, flat, true) : windows(x, step, false);
      return g.op('maxpool', [x], { kernel, ...attributes });
    }
    case 'mean': {
      const { kernel, attributes } = windows(x, step, false);
      return d.mean(x, { kernel, ...attributes }, random);
    }
    case 'global':
      return step.strides[0] > 1
        ? g.op('maxpool', [x], { kernel: [height, width] })
        : d.mean(x, { kernel: [height, width] }, random);
    case 'pad':
      return g.op('pad', [x], { pads: [...step.pads] });
    case 'upsample':
    case 'dilate':
      return g.op(step.kind, [x], { factors: [a, b] });
    case 'depth_to_space': {
      const block = channels % (b * b) === 0 ? b : 1;
      return g.op('depth_to_space', [x], { block, mode: random.pick(['DCR', 'CRD']) });
    }
    case 'transpose': {
      const perms = [
        [1, 0, 2],
        [2, 0, 1],
        [0, 2, 1],
        [2, 1, 0],
        [1, 2, 0],
      ];
      return g.op('transpose', [x], { perm: random.pick(perms) });
    }
    case 'slice': {
      const axis = random.integer(0, 2);
      const n = x.type.shape[axis] ?? 1;
      const start = random.integer(0, n - 1);
      return g.op('slice', [x], { axis, start, end: random.integer(start + 1, n) });
    }
    case 'reshape': {
      const [p, q] = [factorOf(count, random), factorOf(count, random)];
      const shapes = [[count], [p, count / p], ...(count % (p * q) === 0 ? [[p, q, count / p / q]] : [])];
      return g.reshape(x, random.pick(shapes));
    }
    case 'levels':
      return d.levels(x, step.layer.levels, random, 1);
    case 'scale':
      return d.scale(x, random);
    case 'table':
      return d.table(x, a === 1, random);
    case 'sum':
    case 'concat':
      return join(d, values, x, step, random);
    case 'dense': {
      // over the whole tensor, or over the channels of every pixel
      const flat = a > 1 || x.type.shape.length === 1 ? d.g.reshape(x, [count]) : x;
      const y = d.narrow(flat, step.layer, random);
      const inputs = y.type.shape.at(-1) ?? 1;
      const sums = d.product('matmul', y, step.layer, [step.layer.outputs, inputs], {}, random);
      return after(d, sums, step, random, inputs);
    }
  }
}

/** The value made `back` steps ago. */
function recent(values: readonly Value[], back: number): Value {
  const value = values[values.length - 1 - (back % values.length)];
  if (value === undefined) throw new Error('a network has an input');
  return value;
}

/** Elements of a tensor beyond which a step is left out, so that networks stay quick to simulate. */
export const mostElements = 320;

/**
 * The network of a recipe. A step is left out where types forbid it (a sum of more than 32 bits, a concatenation of numbers with
 * different points) or where its result would be large.
 */
export function imageNetwork(recipe: ImageRecipe, d: Dialect): Graph {
  const random = createRandom(recipe.seed);
  const values = recipe.inputs.map((input, i) => d.input(i, input, random));
  const inputs = [...values];
  for (const step of recipe.steps) {
    try {
      const made = result(d, values, step);
      if (elementCount(made.type.shape) <= mostElements && !values.includes(made)) values.push(made);
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
    }
  }
  const last = recent(values, 0);
  let tail = last;
  // every input is read: those that no step needed join at the end
  const flat = inputs.filter((x) => x !== last).map((x) => d.g.reshape(x, [elementCount(x.type.shape)]));
  if (flat.length > 0) {
    const own = d.levels(
      d.g.reshape(last, [elementCount(last.type.shape)]),
      plainLevels,
      createRandom(recipe.seed + 1),
      1,
    );
    const others = flat.map((x, i) => d.levels(x, plainLevels, createRandom(recipe.seed + 2 + i), 1));
    tail = d.g.concat([own, ...others]);
  }
  const end = d.head(tail, recipe.head, random);
  d.g.output(end);
  const left = new Set([end]);
  for (const back of recipe.exits) {
    const value = recent(values, back);
    if (!left.has(value) && !inputs.includes(value)) d.g.output(value);
    left.add(value);
  }
  return d.g.build();
}

const plainLevels: Levels = {
  kind: 'uint',
  bits: 2,
  partial: false,
  shared: true,
  flips: false,
  table: 'none',
};

/** Weights as a tensor of this shape, from the rows that recipes make. */
export function shaped(rows: readonly (readonly number[])[], shape: readonly number[]): number[] {
  const data = rows.flat();
  if (data.length !== elementCount(shape)) throw new Error('weights of another size');
  return data;
}
