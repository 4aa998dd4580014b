import { invariant } from '../../diagnostics/index.ts';
import { checkInteger } from './matrix.ts';
import { nonZeros } from './representation.ts';

/**
 * Gap-coded positions of the weights that are not zero: entry `e` skips `gaps[e]` zeros and holds the weight at `indices[e]` of the flattened
 * matrix. Gaps have `bits` bits. A longer one takes fillers, which skip 2^bits zeros and hold no weight (index -1, gap 2^bits - 1).
 * Nothing is stored after the last weight.
 */
export interface GapCode {
  readonly bits: number;
  readonly gaps: Uint32Array;
  readonly indices: Int32Array;
  readonly fillers: number;
}

/** Codes the positions at which `levels` is not zero. `bits` is 1 to 24. */
export function encodeGaps(levels: ArrayLike<number>, bits: number): GapCode {
  checkInteger('the number of gap bits', bits, 1, 24);
  const reach = 2 ** bits;
  const gaps: number[] = [];
  const indices: number[] = [];
  let [next, fillers] = [0, 0];
  for (let i = 0; i < levels.length; i++) {
    if (levels[i] === 0) continue;
    for (; i - next >= reach; next += reach, fillers++) {
      gaps.push(reach - 1);
      indices.push(-1);
    }
    gaps.push(i - next);
    indices.push(i);
    next = i + 1;
  }
  return { bits, gaps: Uint32Array.from(gaps), indices: Int32Array.from(indices), fillers };
}

/** The positions again, from the gaps alone and what tells fillers from weights: skip, use the code, go on by one. */
export function decodeGaps(gaps: ArrayLike<number>, isFiller: (entry: number) => boolean): number[] {
  const positions: number[] = [];
  let position = 0;
  for (let entry = 0; entry < gaps.length; entry++) {
    position += gaps[entry] as number;
    if (!isFiller(entry)) positions.push(position);
    position++;
  }
  return positions;
}

/** Fillers that gaps of `bits` bits need: the sum of floor(gap / 2^bits). */
export function fillersOf(levels: ArrayLike<number>, bits: number): number {
  const reach = 2 ** bits;
  let [next, fillers] = [0, 0];
  for (let i = 0; i < levels.length; i++) {
    if (levels[i] === 0) continue;
    fillers += Math.floor((i - next) / reach);
    next = i + 1;
  }
  return fillers;
}

/** Bits that a way of storing a sparse matrix takes. */
export interface SparseStorage {
  /** `gap` bits, for gap coding over the whole layer; absent for rows with column indices. */
  readonly gapBits?: number;
  /** Stored entries: weights and fillers. */
  readonly entries: number;
  readonly fillers: number;
  /** All bits: weights, gaps or column indices, and row pointers. */
  readonly bits: number;
}

/** Gap coding: (weightBits + gapBits) for each weight and each filler. */
export function gapStorage(levels: ArrayLike<number>, weightBits: number, gapBits: number): SparseStorage {
  const fillers = fillersOf(levels, gapBits);
  const entries = fillers + nonZeros(levels);
  return { gapBits, entries, fillers, bits: entries * (weightBits + gapBits) };
}

/** Compressed rows: a column index for each weight, a pointer for the start of each row and one for the end. */
export function rowStorage(
  levels: ArrayLike<number>,
  rows: number,
  columns: number,
  weightBits: number,
): SparseStorage {
  invariant(levels.length === rows * columns, `${levels.length} weights for ${rows} x ${columns}`);
  const entries = nonZeros(levels);
  const indexBits = bitsFor(columns - 1);
  const bits = entries * (weightBits + indexBits) + (rows + 1) * bitsFor(entries);
  return { entries, fillers: 0, bits };
}

/** The cheapest of gap coding with 1 to 24 bits and compressed rows. */
export function cheapestStorage(
  levels: ArrayLike<number>,
  rows: number,
  columns: number,
  weightBits: number,
): SparseStorage {
  let best = rowStorage(levels, rows, columns, weightBits);
  for (let gapBits = 1; gapBits <= 24; gapBits++) {
    const storage = gapStorage(levels, weightBits, gapBits);
    if (storage.bits < best.bits) best = storage;
  }
  return best;
}

/** Bits of an unsigned number up to `max`. */
const bitsFor = (max: number): number => Math.ceil(Math.log2(max + 1));
