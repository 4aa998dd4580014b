import type { Rational } from '../rational.ts';
import { elementCount, type Tensor } from '../types.ts';
import { areLevels, carriedLattice, commonLattice, type Lattice } from './lattice.ts';
import { broadcastIndices, broadcastShapes } from './shapes.ts';

/**
 * The levels of a + sign * b where both carry a lattice: on the greatest scale of which both are multiples. Undefined where they
 * carry none, or where the levels leave 32 bits.
 */
export function latticeSum(
  a: Tensor,
  b: Tensor,
  shape: readonly number[],
  sign: 1 | -1,
): Lattice | undefined {
  const [left, right] = [carriedLattice(a), carriedLattice(b)];
  if (left === undefined || right === undefined) return undefined;
  const scaleShape = broadcastShapes(left.scaleShape, right.scaleShape);
  if (scaleShape === undefined) return undefined;
  const leftScale = broadcastIndices(left.scaleShape, scaleShape);
  const rightScale = broadcastIndices(right.scaleShape, scaleShape);
  const scales: Rational[] = [];
  const leftFactor = new Float64Array(elementCount(scaleShape));
  const rightFactor = new Float64Array(leftFactor.length);
  for (let i = 0; i < leftFactor.length; i++) {
    const pair = [left.scales[leftScale[i] ?? 0], right.scales[rightScale[i] ?? 0]];
    const common = commonLattice(pair.filter((scale) => scale !== undefined));
    if (common === undefined) return undefined;
    scales.push(common.scale);
    leftFactor[i] = common.factors[0] ?? 0;
    rightFactor[i] = sign * (common.factors[1] ?? 0);
  }
  const leftAt = broadcastIndices(a.type.shape, shape);
  const rightAt = broadcastIndices(b.type.shape, shape);
  const scaleAt = broadcastIndices(scaleShape, shape);
  const levels = new Float64Array(elementCount(shape));
  for (let i = 0; i < levels.length; i++) {
    const scale = scaleAt[i] ?? 0;
    const p = (left.levels[leftAt[i] ?? 0] ?? 0) * (leftFactor[scale] ?? 0);
    const q = (right.levels[rightAt[i] ?? 0] ?? 0) * (rightFactor[scale] ?? 0);
    // larger products may not be exact, and their sum might still look like a level
    if (!Number.isSafeInteger(p) || !Number.isSafeInteger(q)) return undefined;
    levels[i] = p + q;
  }
  return areLevels(levels) ? { levels: Int32Array.from(levels), scales, scaleShape } : undefined;
}
