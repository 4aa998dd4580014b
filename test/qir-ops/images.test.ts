import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ops } from '../../compiler/qir/ops/index.ts';
import { carriedLattice, latticeTensor } from '../../compiler/qir/ops/lattice.ts';
import { multiply, rational, rationalOf, roundToFloat32 } from '../../compiler/qir/rational.ts';
import {
  bipolar,
  elementCount,
  holds,
  int,
  isInteger,
  sameElement,
  ternary,
  uint,
  type ElementType,
  type Tensor,
} from '../../compiler/qir/types.ts';
import { anyElement } from '../qir/arbitrary.ts';
import { numbers, real, run, whole } from './run.ts';

/** Reads an image, or what stands around it. */
function pixel(x: Tensor, row: number, column: number, channel: number, around: number): number {
  const [height = 0, width = 0, channels = 0] = x.type.shape;
  if (row < 0 || column < 0 || row >= height || column >= width) return around;
  return x.data[(row * width + column) * channels + channel]!;
}

interface Slide {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly dilations: readonly [number, number];
}

/** The top left corners of all windows that lie in the padded image, found by trying every place. */
function corners(x: Tensor, { kernel, strides, pads, dilations }: Slide): [number, number][][] {
  const [height = 0, width = 0] = x.type.shape;
  const along = (size: number, before: number, after: number, axis: 0 | 1): number[] => {
    const starts: number[] = [];
    for (let start = -before; start < size + after; start += strides[axis]) {
      const last = start + (kernel[axis] - 1) * dilations[axis];
      if (last < size + after) starts.push(start);
    }
    return starts;
  };
  return along(height, pads[0], pads[2], 0).map((row) =>
    along(width, pads[1], pads[3], 1).map((column): [number, number] => [row, column]),
  );
}

/** Every pixel that a window looks at, tap by tap. */
function taps(corner: readonly [number, number], { kernel, dilations }: Slide): [number, number][] {
  const all: [number, number][] = [];
  for (let ky = 0; ky < kernel[0]; ky++) {
    for (let kx = 0; kx < kernel[1]; kx++)
      all.push([corner[0] + ky * dilations[0], corner[1] + kx * dilations[1]]);
  }
  return all;
}

const small = (min: number, max: number) => fc.integer({ min, max });
const anySlide: fc.Arbitrary<Slide> = fc.record({
  kernel: fc.tuple(small(1, 4), small(1, 4)),
  strides: fc.tuple(small(1, 3), small(1, 3)),
  pads: fc.tuple(small(0, 3), small(0, 3), small(0, 3), small(0, 3)),
  dilations: fc.tuple(small(1, 3), small(1, 3)),
});
const anyElem = fc.constantFrom<ElementType>(bipolar, ternary, uint(1), uint(4), int(3), int(8), {
  kind: 'pow2',
  lo: 1,
  hi: 3,
});

function anyTensorOf(elem: ElementType, shape: readonly number[]): fc.Arbitrary<Tensor> {
  const count = elementCount(shape);
  return fc
    .array(anyElement(elem), { minLength: count, maxLength: count })
    .map((values) => whole(elem, values, shape));
}
const anyImage = fc
  .tuple(anyElem, small(1, 6), small(1, 6), small(1, 3))
  .chain(([elem, ...shape]) => anyTensorOf(elem, shape));

const attributesOf = ({ kernel, strides, pads, dilations }: Slide): Record<string, readonly number[]> => ({
  kernel,
  strides,
  pads,
  dilations,
});
const without = (slide: Slide, key: keyof Slide): Record<string, readonly number[]> => {
  const { [key]: _dropped, ...rest } = attributesOf(slide);
  return rest;
};
/** Whether a window fits at all. */
const fits = (x: Tensor, slide: Slide): boolean => (corners(x, slide)[0]?.length ?? 0) > 0;
const inside = (x: Tensor, [row, column]: readonly [number, number]): boolean =>
  !Number.isNaN(pixel(x, row, column, 0, NaN));
const holdsAll = (tensor: Tensor): boolean =>
  Array.from(tensor.data).every((value) => !isInteger(tensor.type.elem) || holds(tensor.type.elem, value));

/** A lattice tensor with the integers of `x` as levels. */
function onLattice(x: Tensor, scales: readonly number[], scaleShape: readonly number[]): Tensor {
  return latticeTensor(x.type.shape, {
    levels: Int32Array.from(x.data),
    scales: scales.map(rationalOf),
    scaleShape,
  });
}

/** Integer sums of a convolution by the definition. */
function convolution(
  x: Tensor,
  w: Tensor,
  slide: Slide,
  groups: number,
  around: number,
  bias: readonly number[],
): number[] {
  const [kernels = 0, height = 0, width = 0, inputs = 0] = w.type.shape;
  return corners(x, slide)
    .flat()
    .flatMap((corner) =>
      Array.from({ length: kernels }, (_, o) => {
        const first = Math.floor(o / (kernels / groups)) * inputs;
        let sum = bias[o] ?? 0;
        for (let i = 0; i < inputs; i++) {
          taps(corner, slide).forEach(([row, column], t) => {
            const weight = w.data[((o * height + Math.floor(t / width)) * width + (t % width)) * inputs + i]!;
            sum += weight * pixel(x, row, column, first + i, around);
          });
        }
        return sum;
      }),
    );
}

const anyConvolution = fc
  .tuple(anySlide, anyElem, anyElem, small(1, 3), small(1, 2), small(1, 2), small(1, 6), small(1, 6))
  .chain(([slide, xElem, wElem, groups, inputs, perGroup, height, width]) =>
    fc.record({
      slide: fc.constant(slide),
      groups: fc.constant(groups),
      x: anyTensorOf(xElem, [height, width, groups * inputs]),
      w: anyTensorOf(wElem, [groups * perGroup, ...slide.kernel, inputs]),
      around: small(-9, 9),
      bias: fc.array(small(-20, 20), { minLength: groups * perGroup, maxLength: groups * perGroup }),
    }),
  )
  .filter(({ x, slide }) => fits(x, slide));

describe('conv2d', () => {
  it('of integers is the sum over every window, group by group, in a type that holds it', () => {
    fc.assert(
      fc.property(anyConvolution, ({ slide, groups, x, w, around, bias }) => {
        const y = run('conv2d', [x, w, whole(int(8), bias)], {
          ...without(slide, 'kernel'),
          groups,
          pad_value: around,
        });
        expect(numbers(y)).toEqual(convolution(x, w, slide, groups, around, bias).map((n) => n + 0));
        expect(holdsAll(y)).toBe(true);
      }),
    );
  });

  it('of quantized tensors rounds the exact sum of levels once, with a scale for each kernel', () => {
    const scale = fc.float({ noNaN: true, min: Math.fround(1e-3), max: 3 });
    fc.assert(
      fc.property(anyConvolution, scale, fc.array(scale, { minLength: 6, maxLength: 6 }), (c, s, scales) => {
        const kernels = c.w.type.shape[0]!;
        const each = scales.slice(0, kernels);
        const x = onLattice(c.x, [s], []);
        const w = onLattice(c.w, each, [kernels, 1, 1, 1]);
        const y = run('conv2d', [x, w], { ...without(c.slide, 'kernel'), groups: c.groups });
        const sums = convolution(c.x, c.w, c.slide, c.groups, 0, []);
        const exact = sums.map((sum, i) => {
          const product = multiply(rationalOf(s), rationalOf(each[i % kernels]!));
          return roundToFloat32(multiply(product, rational(BigInt(sum), 1n))) + 0;
        });
        expect(numbers(y)).toEqual(exact);
      }),
    );
  });

  it('of large levels is exact where doubles are not', () => {
    const big = fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(fc.array(fc.tuple(big, big), { minLength: 1, maxLength: 9 }), (pairs) => {
        const n = pairs.length;
        const x = onLattice(
          whole(
            int(32),
            pairs.map(([a]) => a),
            [1, n, 1],
          ),
          [0.5],
          [],
        );
        const w = onLattice(
          whole(
            int(32),
            pairs.map(([, b]) => b),
            [1, 1, n, 1],
          ),
          [0.25],
          [],
        );
        const sum = pairs.reduce((total, [a, b]) => total + BigInt(a) * BigInt(b), 0n);
        expect(numbers(run('conv2d', [x, w]))).toEqual([roundToFloat32(rational(sum, 8n)) + 0]);
      }),
    );
  });

  it('of plain numbers sums in more than double precision', () => {
    const x = real([2 ** 24, 1, 2 ** -60, 3], [2, 2, 1]);
    expect(numbers(run('conv2d', [x, real([1, 1, 1, 0], [1, 2, 2, 1])]))).toEqual([2 ** 24 + 2]);
  });

  it('of a bipolar image counts padding as nothing', () => {
    const x = whole(bipolar, [1, 1, 1, 1], [2, 2, 1]);
    const w = whole(bipolar, new Array<number>(9).fill(1), [1, 3, 3, 1]);
    const y = run('conv2d', [x, w], { pads: [1, 1, 1, 1] });
    expect(numbers(y)).toEqual([4, 4, 4, 4]);
  });
});

describe('windows', () => {
  it('are every tap of every window, in a type that also holds the padding', () => {
    fc.assert(
      fc.property(anyImage, anySlide, small(-9, 9), (x, slide, around) => {
        fc.pre(fits(x, slide));
        const y = run('windows', [x], { ...attributesOf(slide), pad_value: around });
        const channels = x.type.shape[2]!;
        const all = corners(x, slide);
        expect(y.type.shape).toEqual([
          all.length,
          all[0]!.length,
          slide.kernel[0] * slide.kernel[1],
          channels,
        ]);
        const expected = all
          .flat()
          .flatMap((corner) => taps(corner, slide))
          .flatMap(([row, column]) =>
            Array.from({ length: channels }, (_, c) => pixel(x, row, column, c, around)),
          );
        expect(numbers(y)).toEqual(expected.map((n) => n + 0));
        expect(holdsAll(y)).toBe(true);
        if (slide.pads.every((n) => n === 0)) expect(sameElement(y.type.elem, x.type.elem)).toBe(true);
      }),
    );
  });

  it('of a padded bipolar image are ternary', () => {
    const x = whole(bipolar, [1], [1, 1, 1]);
    expect(run('windows', [x], { kernel: [1, 2], pads: [0, 1, 0, 0] }).type.elem).toEqual(ternary);
  });

  it('and then matmul are conv2d; windows and then depthwise are conv2d of one channel a group', () => {
    fc.assert(
      fc.property(anyConvolution, ({ slide, x, w, groups, around }) => {
        fc.pre(groups === 1);
        const [kernels = 1, , , inputs = 1] = w.type.shape;
        const count = slide.kernel[0] * slide.kernel[1];
        const windows = run('windows', [x], { ...attributesOf(slide), pad_value: around });
        const [rows = 1, columns = 1] = windows.type.shape;
        const flat = run('reshape', [windows], { shape: [rows, columns, count * inputs] });
        const matrix = run('reshape', [w], { shape: [kernels, count * inputs] });
        const options = { ...without(slide, 'kernel'), pad_value: around };
        expect(numbers(run('matmul', [flat, matrix]))).toEqual(numbers(run('conv2d', [x, w], options)));
        // [inputs] kernels of one channel each, made of the first kernel
        const one = Array.from({ length: count * inputs }, (_, i) => w.data[i]!);
        const turned = run('transpose', [whole(w.type.elem, one, [count, inputs])], { perm: [1, 0] });
        const kernelsOfOne = run('reshape', [turned], { shape: [inputs, ...slide.kernel, 1] });
        expect(numbers(run('depthwise', [windows, whole(w.type.elem, one, [count, inputs])]))).toEqual(
          numbers(run('conv2d', [x, kernelsOfOne], { ...options, groups: inputs })),
        );
      }),
    );
  });
});

describe('pools', () => {
  const pooled = fc
    .tuple(anyImage, anySlide)
    .filter(([x, slide]) => fits(x, slide))
    .filter(([x, slide]) =>
      corners(x, slide)
        .flat()
        .every((at) => taps(at, slide).some((p) => inside(x, p))),
    );

  it('maxpool is the greatest of the taps inside the image', () => {
    fc.assert(
      fc.property(pooled, fc.boolean(), ([x, slide], negative) => {
        const { pads } = slide;
        const reach = [0, 1].map((axis) => (slide.kernel[axis]! - 1) * slide.dilations[axis]!);
        fc.pre(pads.every((n, i) => n <= reach[i % 2]!));
        const best = (t: Tensor): number[] =>
          corners(t, slide)
            .flat()
            .flatMap((at) =>
              Array.from({ length: t.type.shape[2]! }, (_, c) =>
                Math.max(...taps(at, slide).map(([row, column]) => pixel(t, row, column, c, -Infinity))),
              ),
            );
        expect(numbers(run('maxpool', [x], attributesOf(slide)))).toEqual(best(x).map((n) => n + 0));
        const quantized = onLattice(x, [negative ? -0.3 : 0.3].map(Math.fround), []);
        const y = run('maxpool', [quantized], attributesOf(slide));
        expect(numbers(y)).toEqual(best(quantized).map((n) => n + 0));
        expect(numbers({ ...y, data: carriedLattice(y)!.levels })).toEqual(
          best({ ...x, data: Int32Array.from(x.data, (n) => (negative ? -n : n)) }).map(
            (n) => (negative ? -n : n) + 0,
          ),
        );
      }),
    );
  });

  it('maxpool tells levels apart whose float32 numbers are the same', () => {
    const x = onLattice(whole(int(32), [2 ** 30, 2 ** 30 + 1], [1, 2, 1]), [1], []);
    const y = run('maxpool', [x], { kernel: [1, 2] });
    expect(Array.from(carriedLattice(y)!.levels)).toEqual([2 ** 30 + 1]);
  });

  it('avgpool is the mean, and of quantized tensors exact', () => {
    fc.assert(
      fc.property(pooled, fc.boolean(), ([x, { dilations: _d, ...free }], all) => {
        const slide: Slide = { ...free, dilations: [1, 1] };
        fc.pre(slide.pads.every((n, i) => n < slide.kernel[(i % 2) as 0 | 1]) && fits(x, slide));
        const s = Math.fround(0.1);
        const counts = new Set<number>();
        const expected = corners(x, slide)
          .flat()
          .flatMap((at) => {
            const seen = taps(at, slide).filter((p) => all || inside(x, p));
            counts.add(seen.length);
            return Array.from({ length: x.type.shape[2]! }, (_, c) => {
              const sum = seen.reduce((total, [row, column]) => total + pixel(x, row, column, c, 0), 0);
              return roundToFloat32(multiply(rationalOf(s), rational(BigInt(sum), BigInt(seen.length)))) + 0;
            });
          });
        const attributes = { ...without(slide, 'dilations'), count_include_pad: all };
        const y = run('avgpool', [onLattice(x, [s], [])], attributes);
        expect(numbers(y)).toEqual(expected);
        expect(carriedLattice(y) !== undefined).toBe(counts.size === 1);
        const plain = run('avgpool', [real(Array.from(x.data), x.type.shape)], attributes);
        expect(plain.data.length).toBe(expected.length);
        plain.data.forEach((mean, i) => expect(Math.abs(mean * s - expected[i]!)).toBeLessThan(1e-5));
      }),
    );
  });
});

describe('reduce_max and reduce_sum', () => {
  it('run over the taps', () => {
    fc.assert(
      fc.property(anyImage, (x) => {
        const [rows = 0, count = 0, channels = 0] = x.type.shape;
        const columns = Array.from({ length: rows * channels }, (_, i) =>
          Array.from({ length: count }, (__, t) => pixel(x, Math.floor(i / channels), t, i % channels, NaN)),
        );
        const greatest = run('reduce_max', [x]);
        const sum = run('reduce_sum', [x]);
        expect(numbers(greatest)).toEqual(columns.map((list) => Math.max(...list) + 0));
        expect(numbers(sum)).toEqual(columns.map((list) => list.reduce((a, b) => a + b, 0) + 0));
        expect(sum.type.shape).toEqual([rows, channels]);
        expect(holdsAll(greatest) && holdsAll(sum)).toBe(true);
      }),
    );
  });
});

describe('ops of images', () => {
  it.each([...ops.keys()].filter((name) => ops.get(name)!.moves))(
    '%s says which elements it takes',
    (name) => {
      const attributes: Record<string, Record<string, number | string | number[]>> = {
        windows: { kernel: [2, 1], pads: [1, 0, 0, 0] },
        slice: { axis: 1, start: 0, end: 1 },
        pad: { pads: [0, 1, 2, 3], value: 5 },
        upsample: { factors: [2, 3] },
        dilate: { factors: [3, 2] },
        depth_to_space: { block: 2, mode: 'CRD' },
        transpose: { perm: [2, 0, 1] },
      };
      const x = whole(
        int(8),
        Array.from({ length: 24 }, (_, i) => i - 9),
        [2, 3, 4],
      );
      const { index, fill } = ops.get(name)!.moves!(x.type.shape, attributes[name]!);
      const y = run(name, [x], attributes[name]);
      expect(numbers(y)).toEqual(Array.from(index, (at) => (at < 0 ? fill : x.data[at]!)));
      const quantized = onLattice(x, [0.5, 0.25, 2, 1], [4]);
      if (!ops.get(name)!.forms.includes('real')) return;
      const moved = run(name, [quantized], attributes[name]);
      expect(numbers(moved)).toEqual(Array.from(index, (at) => (at < 0 ? fill : quantized.data[at]!)));
      const lattice = carriedLattice(moved);
      if (name === 'pad') expect(lattice).toBeUndefined();
      else expect(numbers(latticeTensor(moved.type.shape, lattice!))).toEqual(numbers(moved));
    },
  );
});
