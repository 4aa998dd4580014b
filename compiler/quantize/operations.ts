import type { CodedWeights } from './method.ts';

/** Operations that a layer takes for a frame, zeros of its weights left out. */
export interface Operations {
  readonly additions: number;
  readonly multiplications: number;
  readonly shifts: number;
}

const nonZero = (numbers: ArrayLike<number>): number => {
  let count = 0;
  for (let i = 0; i < numbers.length; i++) if (numbers[i] !== 0) count++;
  return count;
};

/**
 * Counts what the form of a layer computes at `positions` pixels: an addition for each weight that is not zero, a multiplication where it is
 * an integer of several bits, a shift where it is a power of two. Rescaling between layers is not counted.
 */
export function operationsOf(
  { levels, form, scales }: CodedWeights,
  rows: number,
  positions: number,
): Operations {
  const count = (additions: number, multiplications: number, shifts: number): Operations => ({
    additions: additions * positions,
    multiplications: multiplications * positions,
    shifts: shifts * positions,
  });
  switch (form.kind) {
    case 'matrix': {
      const terms = nonZero(levels);
      if (form.elem.kind === 'pow2') return count(terms, 0, form.elem.hi === form.elem.lo ? 0 : terms);
      const isSign = form.elem.kind === 'bipolar' || form.elem.kind === 'ternary';
      // the scales of signs are met once for each result
      return isSign ? count(terms, scales.length > 0 ? rows : 0, 0) : count(terms, terms, 0);
    }
    case 'bases': {
      const terms = form.bases.reduce((sum, base) => sum + nonZero(base), 0);
      return count(terms + (form.bases.length - 1) * rows, form.bases.length * rows, 0);
    }
    case 'factored':
      return count(nonZero(form.left) + nonZero(form.right), form.factors.length, 0);
  }
}
