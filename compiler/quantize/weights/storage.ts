import { cheapestStorage } from './gaps.ts';
import { nonZeros, type WeightRepresentation } from './representation.ts';

/** What the weights of a layer cost: memory, and operations for each position at which the layer is evaluated. */
export interface WeightCost {
  /** Weights of the layer before quantization, rows x columns. */
  readonly weights: number;
  /** Bits of the stored weights with their indices, without scales. */
  readonly bits: number;
  /** Bits of the scales. */
  readonly sideBits: number;
  /** Additions and subtractions. */
  readonly additions: number;
  readonly shifts: number;
  readonly multiplications: number;
}

export interface CostOptions {
  /** Bits of a weight that a sparse matrix keeps, 8 unless given. */
  readonly weightBits?: number;
  /** What multiplies with a kept weight of a sparse matrix: a shift if the weights are powers of two. */
  readonly kept?: 'multiply' | 'shift';
  /** Bits of a scale, 16 unless given. */
  readonly scaleBits?: number;
}

/** Stored bits for each weight of the layer, scales left out. */
export const bitsPerWeight = ({ bits, weights }: Pick<WeightCost, 'bits' | 'weights'>): number =>
  bits / weights;

/** The cost of a representation. A weight that is zero and known to be takes no operation; an output's first term counts as an addition. */
export function weightCost(
  representation: WeightRepresentation,
  { weightBits = 8, kept = 'multiply', scaleBits = 16 }: CostOptions = {},
): WeightCost {
  const { rows, columns } = representation;
  const weights = rows * columns;
  switch (representation.kind) {
    case 'binary':
      return {
        weights,
        bits: weights,
        sideBits: representation.scales.length * scaleBits,
        additions: weights,
        shifts: 0,
        multiplications: rows,
      };
    case 'ternary': {
      const { levels, positive, negative } = representation;
      // one scale on both sides multiplies the difference of the two sets, two scales multiply the sum of each
      const sides = positive.every((scale, i) => scale === negative[i]) ? 1 : 2;
      return {
        weights,
        bits: 2 * weights,
        sideBits: sides * positive.length * scaleBits,
        additions: nonZeros(levels),
        shifts: 0,
        multiplications: sides * rows,
      };
    }
    case 'bases': {
      const tensors = representation.used.reduce((a, b) => a + b, 0);
      return {
        weights,
        bits: tensors * columns,
        sideBits: tensors * scaleBits,
        additions: tensors * columns,
        shifts: 0,
        multiplications: tensors,
      };
    }
    case 'factors': {
      const { rank, left, right } = representation;
      return {
        weights,
        bits: 2 * rank * (rows + columns),
        sideBits: rank * scaleBits,
        additions: nonZeros(left) + nonZeros(right),
        shifts: 0,
        multiplications: rank,
      };
    }
    case 'sparse': {
      const count = nonZeros(representation.values);
      return {
        weights,
        bits: cheapestStorage(representation.values, rows, columns, weightBits).bits,
        sideBits: scaleBits,
        additions: count,
        shifts: kept === 'shift' ? count : 0,
        multiplications: kept === 'multiply' ? count : 0,
      };
    }
    case 'integer':
      return {
        weights,
        bits: representation.bits * weights,
        sideBits: representation.scales.length * scaleBits,
        additions: weights,
        shifts: 0,
        multiplications: weights,
      };
    case 'powers':
      return powerOfTwoCost(representation.levels, representation.bits);
  }
}

/**
 * The cost of power-of-two weights (INQ) of `bits` bits. `coding` is `fixed`, every weight takes `bits`, or `variable`: a zero takes one bit.
 * `exponentBits` hold the least exponent of the layer.
 */
export function powerOfTwoCost(
  values: ArrayLike<number>,
  bits: number,
  { coding = 'fixed', exponentBits = 8 }: { coding?: 'fixed' | 'variable'; exponentBits?: number } = {},
): WeightCost {
  const count = nonZeros(values);
  return {
    weights: values.length,
    bits: coding === 'fixed' ? bits * values.length : values.length - count + bits * count,
    sideBits: exponentBits,
    additions: count,
    shifts: count,
    multiplications: 0,
  };
}

/** The cost of layers, or of the branches of one layer, together; branches share the weights that they stand for. */
export function totalCost(costs: readonly WeightCost[], { branches = false } = {}): WeightCost {
  const sum = (key: keyof WeightCost): number => costs.reduce((total, cost) => total + cost[key], 0);
  return {
    weights: branches ? (costs[0]?.weights ?? 0) : sum('weights'),
    bits: sum('bits'),
    sideBits: sum('sideBits'),
    additions: sum('additions'),
    shifts: sum('shifts'),
    multiplications: sum('multiplications'),
  };
}
