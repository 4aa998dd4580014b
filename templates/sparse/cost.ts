import type { Cost } from '../../compiler/hw/index.ts';
import { bitWidth } from '../../compiler/qir/types.ts';
import { blockHalves, blockSelect } from '../lib/blocks.ts';
import { tableCost } from '../lib/lanes.ts';
import { placeBits } from './matrix.ts';
import type { Plan } from './plan.ts';

/** LUTs of the sums along the lanes, beyond an adder a lane: results are chosen from several, and an adder's operand may have to be zero. */
function packedLuts({ params, sumBits, bias }: Plan): number {
  const { pe, packed = false } = params;
  if (!packed) return 0;
  const choice = pe === 1 ? 0.2 : 1.5 + 0.4 * pe;
  return sumBits * (choice + (bias === undefined ? 0 : 1));
}

/** What a product takes, or an input that is shifted; the sum is not part of it. */
function productCost({ params, weightBits, productBits, shifts }: Plan): {
  readonly lut: number;
  readonly dsp: number;
} {
  const xBits = bitWidth(params.x);
  if (shifts !== undefined) {
    const wide = xBits + shifts.most - shifts.least;
    // sign and mask are in the adder's LUTs
    return { lut: 0.75 * wide * Math.ceil((weightBits - 2) / 2), dsp: 0 };
  }
  return productBits >= 9 ? { lut: 0, dsp: 1 } : { lut: xBits * weightBits * 1.15, dsp: 0 };
}

/** What an instance takes; the factors are those of the table in README.md. */
export function cost(plan: Plan): Cost {
  const { params, beats, steps, width, block, vectors, bias, weightBits, sumBits } = plan;
  const { pe, simd, packed = false, double = false, gap, x, y, inputs, outputs } = params;
  const [xBits, yBits] = [bitWidth(x), bitWidth(y)];
  const nothing = { lut: 0, ff: 0, bram36: 0 };
  const depth = steps.length;
  const table = depth > 1 && !block ? tableCost({ width, words: steps, block }) : nothing;
  const biases = bias === undefined ? nothing : tableCost(bias);
  const { lut: multiply, dsp } = productCost(plan);
  const { beat, lane: lanePlace } = placeBits(inputs, simd);
  const place = gap === undefined ? 0 : beat + lanePlace;
  const counters =
    Math.ceil(Math.log2(Math.max(2, beats))) +
    Math.ceil(Math.log2(Math.max(2, depth))) +
    (bias === undefined ? 0 : Math.ceil(Math.log2(Math.max(2, outputs))));
  const control = 14 + 2 * counters + yBits + (double ? 6 : 0);
  const lane = vectors.select + multiply + sumBits + place;
  const logic = 1.05 * (control + pe * lane + packedLuts(plan));
  return {
    lut: Math.round(logic + pe * vectors.luts + (block ? blockSelect(depth, width) : table.lut) + biases.lut),
    ff: Math.round(
      10 +
        counters +
        pe * ((vectors.style === 'block' ? 0 : xBits) + weightBits) +
        (vectors.style === 'registers' ? vectors.words * simd * xBits : 0) +
        (packed ? 2 : 1) * sumBits +
        (double ? 4 : 0) +
        place +
        2 * yBits +
        table.ff +
        biases.ff,
    ),
    bram36:
      (block ? blockHalves(depth, width) / 2 : 0) +
      (vectors.style === 'block' ? (pe * blockHalves(vectors.words, xBits)) / 2 : 0) +
      biases.bram36,
    dsp: pe * dsp,
  };
}
