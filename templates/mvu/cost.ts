import type { Cost, Form } from '../../compiler/hw/index.ts';
import { adderPlan } from '../lib/adders.ts';
import { blockHalves } from '../lib/blocks.ts';
import { isXnor, usesAcc } from './body.ts';
import { hasConstantArray } from './constant.ts';
import { elementBits } from './plan.ts';
import type { Plan } from './plan.ts';
import { hasWeightCells } from './weight-cells.ts';
import { romsOf } from './words.ts';

/**
 * LUTs of a memory that stays in logic. Few words have few distinct columns (2^depth), which synthesis shares; up to 64 words
 * one LUT holds a bit. Deeper ones take 1.8 to 2.0 LUTs for a bit of 64 words, multiplexers included (random words, 1 to 32 bits,
 * 100 to 5,120 deep).
 */
function romLuts(width: number, depth: number): number {
  if (depth > 64) return width * (depth / 64) * 1.85;
  const columns = 2 ** depth;
  return depth >= 20 ? width : columns * (1 - Math.exp(-width / columns));
}

/**
 * LUTs of inputs that are inverted, masked, shifted, and added in chains: an adder's LUT takes one of its operands as a function, the first
 * operand of each chain has LUTs of its own, and all but the adder's share of a shift has.
 */
function chainLuts({ analysis, params, accBits, steps }: Plan): number {
  const { xBits, weightBits, form, leastShift, mostShift } = analysis;
  const exponent = form === 'shifts' ? weightBits - 2 : 0;
  const most = (2 ** xBits - 1) * 2 ** mostShift;
  const { bits, heads } = adderPlan(params.simd, most, accBits);
  const adders = bits.reduce((sum, n) => sum + n - 1, 0) + Math.min(accBits, (bits.at(-1) ?? xBits) + 1);
  const near = exponent > 1 ? xBits + 1 : 0;
  const far = Math.floor((exponent - 1) / 2) * (xBits + mostShift - leastShift);
  const head =
    exponent === 0 ? xBits : exponent === 1 ? xBits + 1 : near + far + (exponent === 2 ? xBits + 3 : 0);
  // a function of six signals does not share a LUT with the sum
  const own = near + (exponent > 3 ? far / 2 : 0);
  const known = steps === 1 ? 0.75 : steps === 2 ? 0.9 : 1;
  return known * 0.97 * (adders + heads * head + (params.simd - heads) * own);
}

/** LUTs of the products and sums of one processing element; the factors are those of the table in README.md. */
function elementLuts(plan: Plan): number {
  const { analysis, params, accBits, steps } = plan;
  const { simd } = params;
  const { xBits, weightBits, form, stored } = analysis;
  if (form === 'products') {
    if (xBits === 1) return simd * (accBits + weightBits);
    // Yosys adds products of DSP blocks by full adders of two LUTs a bit, and the last two numbers in a carry chain
    if (usesDsp(plan)) return accBits + 2 * (simd - 1) * Math.min(accBits, xBits + weightBits);
    return simd * accBits + simd * weightBits * xBits * 1.15;
  }
  if (xBits > 1) return chainLuts(plan);
  // A weight that is a constant, or one of few functions of the step, shortens the first layer of the tree.
  const known = steps === 1 ? 0.5 : steps === 2 ? 0.78 : 1;
  const single = stored === 'ternary' ? 1.75 : 1.48;
  const wide = 0.15 * Math.max(0, Math.log2(simd / 32));
  return known * simd * (single + wide);
}

/** LUTs of one processing element of LUT6_2 and CARRY8 cells with weights by port: what `netlistStats` counts from SIMD 1 to 784. */
function cellsElement(plan: Plan): number {
  const { params, accBits } = plan;
  return usesAcc(plan) ? 0.8 * params.simd + accBits - 1 : 0.81 * params.simd;
}

/**
 * LUTs of the array of cells with the weights in them: the first layer (shared between elements where few steps make few functions)
 * and the trees. Counted by `netlistStats` for 4 to 64 elements, SIMD 9 to 144, 2 to 16 steps.
 */
function cellsArray(plan: Plan): number {
  const { params, accBits, steps, store, result } = plan;
  const { pe, simd } = params;
  const sign = store === 'none' && result.kind === 'sign';
  const ends = sign ? 0 : pe * (accBits - 1);
  if (steps > 8) {
    const functions = 2 ** (steps - 1);
    const distinct = functions * (1 - Math.exp(-pe / functions));
    return 0.5 * simd * (distinct + pe) + ends;
  }
  return (steps > 4 ? 0.75 : 0.5) * simd * pe + 0.5 * simd + ends;
}

/** LUTs of all products and sums in a form. */
function productLuts(plan: Plan, form: Form): number {
  if (form === 'amd' && hasConstantArray(plan)) return cellsArray(plan);
  return plan.params.pe * (form === 'amd' && isXnor(plan) ? cellsElement(plan) : elementLuts(plan));
}

/** Whether Yosys makes DSP blocks of the products: from results of 9 bits on. */
function usesDsp({ analysis, accBits }: Plan): boolean {
  const { form, xBits, weightBits } = analysis;
  return form === 'products' && xBits > 1 && Math.min(accBits, xBits + weightBits + 1) >= 9;
}

/** LUTs of the result stage. */
function resultLuts({ result, accBits, params }: Plan): number {
  if (result.kind !== 'levels') return 0;
  const compare = result.thresholds.kind === 'lanes' ? accBits * 0.2 : accBits;
  return params.pe * result.count * compare;
}

/** LUT, FF, BRAM and DSP of an instance under Yosys; README.md states the error. */
export function cost(plan: Plan, form: Form = 'portable'): Cost {
  const { params, accBits, sf, nf, steps, store, init, result } = plan;
  const { pe, simd } = params;
  const bits = elementBits(plan);
  const inBits = simd * bits.x;
  const outBits = pe * bits.y;
  const counters = Math.ceil(Math.log2(steps));
  const resBits = result.kind === 'sign' ? 1 : accBits;
  let lut = 10 + 3 * counters + productLuts(plan, form) + outBits + resultLuts(plan);
  let ff = 6 + counters + inBits + 2 * outBits;
  let bram36 = 0;
  // the input store: 14 bits of 32 words take eight LUTs; in front of the operand register a multiplexer
  if (plan.order === 'output' && nf > 1 && sf > 1) lut += inBits * (1 + 0.6 * Math.ceil(sf / 32));
  const dissolved = form === 'amd' && hasConstantArray(plan);
  if (dissolved) ff += counters;
  for (const rom of romsOf(plan)) {
    // the cells of the array hold the weights
    if (dissolved && rom.name === 'weights') continue;
    if (rom.block) {
      bram36 += blockHalves(rom.depth, rom.width) / 2;
      // what chooses between the blocks of deep memories: 332 to 347 LUTs for 32 bits of 25,000 to 100,000 words
      if (rom.depth > 16384) lut += 10 * rom.width;
      continue;
    }
    const cells = form === 'amd' && rom.name === 'weights' && hasWeightCells(plan);
    const luts = cells ? rom.width / (rom.depth > 32 ? 1 : 2) : romLuts(rom.width, rom.depth);
    lut += luts;
    ff += cells ? rom.width : Math.min(rom.width, luts);
  }
  if (store !== 'mux') ff += pe * resBits;
  if (store === 'load' || store === 'mux') ff += pe * accBits;
  if (store === 'memory') lut += pe * accBits * 0.6 * Math.ceil(nf / 32);
  if (init.kind === 'table' && (store === 'mux' || store === 'memory')) lut += pe * accBits * 0.5;
  return { lut: Math.round(lut), ff: Math.round(ff), bram36, dsp: usesDsp(plan) ? pe * simd : 0 };
}
