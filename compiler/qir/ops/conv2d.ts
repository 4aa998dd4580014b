import type { Attribute } from '../graph.ts';
import type { OpDefinition, OperandInfo, TypeProblem } from '../op.ts';
import {
  allocate,
  elementCount,
  float32,
  isInteger,
  valueRange,
  type Tensor,
  type TensorType,
} from '../types.ts';
import { invariant } from '../../diagnostics/index.ts';
import { asDoubles, dot, overallRange, rowRanges } from './accumulate.ts';
import { getNumberOr, integerAttribute } from './attributes.ts';
import {
  checkedShape,
  imageShape,
  isPadded,
  slide,
  slideAttributes,
  windowPixels,
  type Geometry,
} from './geometry.ts';
import { realProducts } from './products.ts';
import { agree, operand } from './real.ts';
import { printShape } from './shapes.ts';
import { biasProblem, sumType } from './sums.ts';

type Attributes = Readonly<Record<string, Attribute>>;

/** Convolution of an image. */
export const conv2d: OpDefinition = {
  name: 'conv2d',
  forms: ['real', 'integer'],
  summary: 'Convolution of an image with constant kernels (cross-correlation, as networks have it).',
  meaning:
    'y[oy, ox, o] = bias[o] + sum over ky, kx, i of w[o, ky, kx, i] * x[oy * sy + ky * dy - top, ox * sx + kx * dx - left, g * I + i], ' +
    'where w is [O, KH, KW, I], I = C / groups, g = floor(o / (O / groups)), strides [sy, sx], dilations [dy, dx]; outside the ' +
    'image x is pad_value. OH = floor((H + top + bottom - (KH - 1) * dy - 1) / sy) + 1, OW likewise. Integers: exact. Real form: ' +
    'padding is 0, the exact sum is rounded to float32 once; quantized operands count with their exact values, level * scale',
  operands: [
    { name: 'x', doc: 'An image [H, W, C].', kind: 'any' },
    {
      name: 'w',
      doc: 'Kernels [O, KH, KW, C / groups]: a constant; in real form also a quantized constant.',
      kind: 'any',
    },
    { name: 'bias', doc: 'Integers [O] (integer form only).', kind: 'const', optional: true },
  ],
  attributes: {
    ...slideAttributes,
    groups: integerAttribute('Number of groups; a kernel sees only the channels of its own. 1 if absent.', {
      least: 1,
      optional: true,
    }),
    pad_value: integerAttribute('What padded positions hold (integer form only); 0 if absent.', {
      optional: true,
    }),
  },
  type: (operands, attributes, declared) => {
    const x = operand(operands, 0).type;
    const w = operand(operands, 1).type;
    const geometry = geometryOf(x.shape, w.shape, attributes);
    if ('message' in geometry) return geometry;
    const shape = checkedShape([geometry.y.out, geometry.x.out, w.shape[0] ?? 1]);
    if ('message' in shape) return shape;
    const real = declared?.elem.kind === 'float32' || !isInteger(x.elem) || !isInteger(w.elem);
    if (!real) return integerType(operands, attributes, geometry, shape, declared);
    if (operands[2] !== undefined) {
      return {
        message: 'a real conv2d has no bias operand',
        found: 'three operands',
        expected: 'an add after the conv2d',
      };
    }
    if (getNumberOr(attributes, 'pad_value', 0) !== 0) {
      return {
        message: 'a real conv2d is padded with 0',
        found: `pad_value ${getNumberOr(attributes, 'pad_value', 0)}`,
        expected: 'a pad before the conv2d',
      };
    }
    return agree({ elem: float32, shape }, declared);
  },
  evaluate: (operands, attributes, result) => {
    const w = operand(operands, 1);
    if (!isInteger(result.elem)) {
      const { x, sum } = realProducts(operand(operands, 0), w);
      const data = new Float32Array(elementCount(result.shape));
      convolve(x, operand(operands, 0).type.shape, w, attributes, 0, data, sum);
      return { type: result, data };
    }
    const x = Float64Array.from(operand(operands, 0).data);
    const weights = asDoubles(w.data);
    const bias = operands[2]?.data;
    const count = weights.length / (w.type.shape[0] ?? 1);
    const data = allocate(result.elem, elementCount(result.shape));
    const fill = getNumberOr(attributes, 'pad_value', 0);
    convolve(
      x,
      operand(operands, 0).type.shape,
      w,
      attributes,
      fill,
      data,
      (window, at, o) => dot(window, at, weights, o * count, count) + (bias?.[o] ?? 0),
    );
    return { type: result, data };
  },
};

function geometryOf(
  x: readonly number[],
  w: readonly number[],
  attributes: Attributes,
): Geometry | TypeProblem {
  const image = imageShape(x);
  if ('message' in image) return image;
  const groups = getNumberOr(attributes, 'groups', 1);
  const [out = 1, height = 1, width = 1, inputs = 1] = w;
  if (image.channels % groups !== 0 || (w.length === 4 && out % groups !== 0)) {
    return {
      message: 'the groups do not divide the channels',
      found: `${groups} groups of ${image.channels} channels and ${out} kernels`,
      expected: 'numbers of channels and kernels that are multiples of groups',
    };
  }
  if (w.length !== 4 || inputs * groups !== image.channels) {
    return {
      message: 'the kernels do not fit the image',
      found: `${printShape(w)} over ${printShape(x)}${groups === 1 ? '' : ` in ${groups} groups`}`,
      expected: `kernels [out, height, width, ${image.channels / groups}]`,
    };
  }
  return slide(x, height, width, attributes);
}

function integerType(
  operands: readonly OperandInfo[],
  attributes: Attributes,
  geometry: Geometry,
  shape: readonly number[],
  declared: TensorType | undefined,
): TensorType | TypeProblem {
  const w = operand(operands, 1).tensor;
  const bias = operands[2];
  if (w === undefined) {
    return { message: 'the weights are not constant', found: 'a value', expected: 'a constant' };
  }
  const problem = biasProblem(bias, shape[2] ?? 1);
  if (problem !== undefined) return problem;
  const own = valueRange(operand(operands, 0).type.elem);
  const fill = getNumberOr(attributes, 'pad_value', 0);
  const range = isPadded(geometry) ? { min: Math.min(own.min, fill), max: Math.max(own.max, fill) } : own;
  return sumType(overallRange(rowRanges(w, range, bias?.tensor)), shape, declared);
}

/**
 * Computes every element of a convolution. Each window is copied, group by group, into one vector in the order of the weights,
 * and `sum` makes the result of kernel `o` of the vector from `at` on.
 */
function convolve(
  x: Float64Array,
  shape: readonly number[],
  w: Tensor,
  attributes: Attributes,
  fill: number,
  result: { [index: number]: number },
  sum: (window: Float64Array, at: number, o: number) => number,
): void {
  const geometry = geometryOf(shape, w.type.shape, attributes);
  invariant(!('message' in geometry), 'conv2d was typed before');
  const [kernels = 1, height = 1, width = 1, inputs = 1] = w.type.shape;
  const groups = getNumberOr(attributes, 'groups', 1);
  const { channels } = geometry;
  const [taps, perGroup] = [height * width, kernels / groups];
  const pixels = windowPixels(geometry);
  const window = new Float64Array(taps * channels);
  const size = taps * inputs;
  for (let first = 0, y = 0; first < pixels.length; first += taps, y += kernels) {
    for (let t = 0; t < taps; t++) {
      const pixel = pixels[first + t] ?? -1;
      for (let g = 0; g < groups; g++) {
        const to = g * size + t * inputs;
        const from = pixel * channels + g * inputs;
        for (let i = 0; i < inputs; i++) window[to + i] = pixel < 0 ? fill : (x[from + i] ?? 0);
      }
    }
    for (let g = 0; g < groups; g++) {
      for (let o = g * perGroup; o < (g + 1) * perGroup; o++) result[y + o] = sum(window, g * size, o);
    }
  }
}
