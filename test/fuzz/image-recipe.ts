import fc from 'fast-check';
import type { ElementType } from '../../compiler/qir/types.ts';
import { folding, inputType, layer, type FoldingRecipe, type LayerRecipe, type Recipe } from './recipe.ts';

// As in recipe.ts, a recipe says what a network is like and shrinks well: dropping a step leaves a network, because steps speak of
// values by how recent they are, and sizes are cut to what the value at hand has room for.

/** What a step does to a value; see image-steps.ts. */
export const stepKinds = [
  'conv',
  'pointwise',
  'whole',
  'depthwise',
  'grouped',
  'maxpool',
  'mean',
  'global',
  'pad',
  'upsample',
  'dilate',
  'depth_to_space',
  'transpose',
  'slice',
  'reshape',
  'levels',
  'scale',
  'table',
  'sum',
  'sum',
  'concat',
  'concat',
  'dense',
] as const;
export type StepKind = (typeof stepKinds)[number];

export interface Step {
  readonly kind: StepKind;
  /** The value it reads: 0 is the latest one. */
  readonly from: number;
  /** What joins add to it. */
  readonly others: readonly number[];
  /** Kernel, factors, block, axes: whatever has sides. */
  readonly sides: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  /** Weights, and the levels that follow where `after` says so. */
  readonly layer: LayerRecipe;
  /** What follows its sums: levels, a multiplier with a shift, or nothing. */
  readonly after: 'levels' | 'scale' | 'none';
}

export interface ImageRecipe {
  /** Element type, height, width, channels of each input. */
  readonly inputs: readonly (readonly [ElementType, number, number, number])[];
  readonly steps: readonly Step[];
  readonly head: Recipe['head'];
  /** Values besides the last one that leave the network, counted like `from`. */
  readonly exits: readonly number[];
  readonly foldings: readonly FoldingRecipe[];
  /** Cycles a frame that are asked for, as a multiple of the elements of the first input, in eighths; 0: whatever the search takes. */
  readonly pace: number;
  readonly seed: number;
}

/** Small numbers, most of them the least. */
const few = (min: number, max: number): fc.Arbitrary<number> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(min) }, { weight: 3, arbitrary: fc.integer({ min, max }) });

const step = (channels: number): fc.Arbitrary<Step> =>
  fc.record({
    kind: fc.constantFrom(...stepKinds),
    from: few(0, 4),
    others: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 3 }),
    sides: fc.tuple(few(1, 3), fc.integer({ min: 1, max: 4 })),
    strides: fc.tuple(few(1, 3), few(1, 3)),
    dilations: fc.tuple(few(1, 2), few(1, 3)),
    pads: fc.tuple(few(0, 2), few(0, 2), few(0, 2), few(0, 3)),
    layer: layer(channels),
    after: fc.constantFrom('levels', 'levels', 'scale', 'none'),
  });

const input = (side: number): fc.Arbitrary<readonly [ElementType, number, number, number]> => {
  const length = fc.integer({ min: 1, max: side });
  return fc.tuple(inputType, length, length, fc.oneof(fc.constantFrom(1, 3), fc.integer({ min: 1, max: 6 })));
};

/** A random network on images of at most `side` times `side` pixels, with layers of at most `channels` channels. */
export function imageRecipe(side: number, channels: number): fc.Arbitrary<ImageRecipe> {
  return fc.record({
    inputs: fc.oneof(
      { weight: 3, arbitrary: fc.array(input(side), { minLength: 1, maxLength: 1 }) },
      { weight: 1, arbitrary: fc.array(input(side), { minLength: 2, maxLength: 3 }) },
    ),
    steps: fc.array(step(channels), { minLength: 1, maxLength: 7 }),
    head: fc.constantFrom('sums', 'sums', 'levels', 'argmax', 'label', 'topk', 'least'),
    exits: fc.oneof(fc.constant([]), fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 2 })),
    foldings: fc.array(folding, { minLength: 1, maxLength: 6 }),
    pace: fc.constantFrom(0, 0, 1, 4, 8, 12, 64),
    seed: fc.noShrink(fc.integer({ min: 0, max: 2 ** 31 - 1 })),
  });
}
