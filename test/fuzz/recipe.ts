import fc from 'fast-check';
import type { Folding } from '../../compiler/hw/index.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { bipolar, fixed, int, ternary, uint } from '../../compiler/qir/types.ts';

// A recipe says what a network is like; the numbers in it (weights, thresholds) follow from its seeds. So a recipe shrinks to a
// small network in few steps, whatever the network's size.

export type WeightKind = 'bipolar' | 'ternary' | 'int' | 'uint' | 'sparse';

/** What follows a layer's sums: levels of `result`, from `base` on, by `count` thresholds. */
export interface Levels {
  readonly kind: 'bipolar' | 'ternary' | 'uint' | 'int';
  /** Width of uint and int levels. */
  readonly bits: number;
  /** Fewer thresholds than levels. */
  readonly partial: boolean;
  /** One row for all channels, instead of one each. */
  readonly shared: boolean;
  readonly flips: boolean;
  /** A table from these levels to others. */
  readonly table: 'none' | 'shared' | 'channels';
}

export interface LayerRecipe {
  readonly outputs: number;
  readonly weights: WeightKind;
  readonly bits: number;
  readonly bias: boolean;
  readonly levels: Levels;
  readonly seed: number;
}

/** How a layer is folded, in thousandths of its size, or by the search. */
export interface FoldingRecipe {
  readonly kind: 'search' | 'folded' | 'unrolled';
  readonly pe: number;
  readonly simd: number;
  readonly order: Folding['order'];
}

export interface Recipe {
  readonly input: ElementType;
  /** The input is a vector, or rows of it that are flattened in front of the first layer. */
  readonly rows: number;
  readonly inputs: number;
  readonly entry: Levels | null;
  readonly layers: readonly LayerRecipe[];
  readonly head: 'levels' | 'sums' | 'argmax' | 'label' | 'topk' | 'least';
  readonly foldings: readonly FoldingRecipe[];
  readonly seed: number;
}

const seed = fc.noShrink(fc.integer({ min: 0, max: 2 ** 31 - 1 }));
/** Mostly small sizes, odd ones, and some around the widths of words. */
const size = (max: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: Math.min(max, 12) }) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max }) },
    { weight: 1, arbitrary: fc.constantFrom(1, 7, 8, 9, 31, 32, 33, 63, 64, 65).filter((n) => n <= max) },
  );

export const inputType: fc.Arbitrary<ElementType> = fc.oneof(
  fc.constant(bipolar),
  fc.constant(ternary),
  fc.integer({ min: 1, max: 8 }).map(uint),
  fc.integer({ min: 2, max: 8 }).map(int),
  fc.integer({ min: 3, max: 9 }).map((bits) => fixed(bits, bits - 2)),
);

const levels: fc.Arbitrary<Levels> = fc.record({
  kind: fc.constantFrom('bipolar', 'bipolar', 'ternary', 'uint', 'int'),
  bits: fc.integer({ min: 1, max: 4 }),
  partial: fc.boolean(),
  shared: fc.boolean(),
  flips: fc.boolean(),
  table: fc.constantFrom('none', 'none', 'none', 'shared', 'channels'),
});

export const layer = (max: number): fc.Arbitrary<LayerRecipe> =>
  fc.record({
    outputs: size(max),
    weights: fc.constantFrom<WeightKind[]>('bipolar', 'ternary', 'int', 'uint', 'sparse'),
    bits: fc.integer({ min: 2, max: 6 }),
    bias: fc.boolean(),
    levels,
    seed,
  });

export const folding: fc.Arbitrary<FoldingRecipe> = fc.record({
  kind: fc.constantFrom('search', 'folded', 'folded', 'folded', 'unrolled'),
  pe: fc.integer({ min: 0, max: 1000 }),
  simd: fc.integer({ min: 0, max: 1000 }),
  order: fc.constantFrom('output', 'input'),
});

/** A random multilayer perceptron with layers of at most `max` neurons. */
export function recipe(max: number): fc.Arbitrary<Recipe> {
  return fc.record({
    input: inputType,
    rows: fc.constantFrom(1, 1, 1, 2, 3),
    inputs: size(max),
    entry: fc.option(levels),
    layers: fc.array(layer(max), { minLength: 1, maxLength: 4 }),
    head: fc.constantFrom('levels', 'sums', 'argmax', 'label', 'topk', 'least'),
    foldings: fc.array(folding, { minLength: 1, maxLength: 6 }),
    seed,
  });
}
