import type { RandomSource } from './hw/index.ts';
import { allocate, valueRange, type ElementType, type TensorData } from './qir/types.ts';

/** A seeded source of randomness (xorshift32): the same seed gives the same sequence on every machine. */
export function createRandom(seed: number): RandomSource {
  let state = (Math.imul(seed, 2654435761) + 0x9e3779b9) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    integer,
    pick: <T>(values: readonly T[]): T => values[integer(0, values.length - 1)] as T,
  };
}

/** `count` random values of an integer element type. */
export function randomValues(elem: ElementType, count: number, random: RandomSource): TensorData {
  const out = allocate(elem, count);
  const { min, max } = valueRange(elem);
  for (let i = 0; i < count; i++) {
    switch (elem.kind) {
      case 'bipolar':
        out[i] = random.pick([-1, 1]);
        break;
      case 'pow2': {
        const exponent = random.integer(elem.lo - 1, elem.hi);
        out[i] = exponent < elem.lo ? 0 : random.pick([-1, 1]) * 2 ** exponent;
        break;
      }
      default:
        out[i] = random.integer(min, max);
    }
  }
  return out;
}
