import { bitWidth } from '../../compiler/qir/types.ts';
import type { Cost, Form, HwNode } from '../../compiler/hw/index.ts';
import { signedDigits } from '../../compiler/hw/adders/index.ts';
import { analyse, mvuParams } from '../mvu/analysis.ts';
import { builtCells, hasCells } from './cells.ts';
import { levelsOf, stagesOf } from './pipeline.ts';
import { openLevels } from './rows.ts';
import { isCounted, isShared } from './sums.ts';
import { uniformLevels } from './uniform.ts';

/**
 * LUTs for each weight of a row of -1 and +1 over single bits, fitted to Yosys. Rows share what they have in common (the same three inputs up to
 * inversion), which longer rows have less of.
 */
function popcountFactor(inputs: number): number {
  return Math.min(1.1, Math.max(0.35, 0.2 * Math.log2(inputs) - 0.45));
}

/**
 * LUTs of adders for each digit of a weight, fitted to Yosys: rows without zeros have more in common, sums grow with the highest digit's
 * `shift`, and where no sums are shared there are a quarter more.
 */
function addedFactor(xBits: number, dense: boolean, shift: number, shared: boolean): number {
  return (dense ? 0.73 : 1) * (0.58 + 0.49 * xBits) * (1 + 0.034 * shift) * (shared ? 1 : 1.25);
}

/** LUTs of the cells for each bit that is summed: half a LUT, less by what rows share, which wide numbers have more of. */
function cellFactor(xBits: number, size: number): number {
  return size > 20_000 ? 0.5 : 0.44 - 0.037 * Math.log2(xBits);
}

/** LUTs of the cells for each weight of a row of -1 and +1 over single bits with one threshold. */
function binaryFactor(size: number): number {
  return size > 20_000 ? 0.265 : 0.235;
}

/** Zeros at the low end of the constant: bits that a comparison with it does not look at. */
function trailingZeros(value: number): number {
  let zeros = 0;
  for (let rest = value; rest !== 0 && rest % 2 === 0; rest /= 2) zeros++;
  return zeros;
}

/** LUTs that make a result of a sum of `width` bits, and bits of the sum that are kept for it, in the form of cells. */
function resultOf(open: readonly number[], width: number, yBits: number): { lut: number; kept: number } {
  if (open.length < 2) return { lut: 0, kept: open.length };
  const lut =
    uniformLevels(open) === undefined ? open.length * Math.ceil(width / 2) : Math.ceil(width / 3) + yBits;
  return { lut, kept: width };
}

/**
 * Flip-flops of `stages` register stages in a network that begins with so many bits and ends with so many: each stage cuts it where it has
 * become narrower by the same factor. Within a factor of two of the netlists that were tried, except of one cell a stage.
 */
function cutBits(stages: number, first: number, last: number): number {
  let bits = 0;
  for (let k = 1; k <= stages; k++) bits += first * (Math.max(1, last) / first) ** (k / (stages + 1));
  return Math.round(bits);
}

/**
 * The adders, what makes results of their sums, and the registers. The portable form was fitted to Yosys (see README.md); LUTs of the sums as
 * cells are exact where they have been built.
 */
export function cost(node: HwNode, form: Form = 'portable'): Cost {
  const { inputs, outputs, x, y } = mvuParams(node);
  const analysis = analyse(node);
  const { stored, xBits, low, high, count, thresholds } = analysis;
  const weights = node.consts['weights']?.data ?? [];
  const yBits = bitWidth(y);
  const amd = form === 'amd' && hasCells(node);
  let shift = 0;
  let bits = 0;
  let results = 0;
  let kept = 0;
  for (let n = 0; n < outputs; n++) {
    const [least, most] = [low[n] ?? 0, high[n] ?? 0];
    const width = Math.ceil(Math.log2(Math.max(2, most - least + 1)));
    const open = openLevels(thresholds.subarray(n * count, (n + 1) * count), least, most);
    if (amd) {
      const made = count === 0 ? { lut: 0, kept: width } : resultOf(open, width, yBits);
      results += made.lut;
      kept += made.kept;
    } else {
      results += open.length === 1 ? Math.ceil(width / 2) : resultOf(open, width, yBits).lut;
      const unused = count === 0 ? 0 : Math.min(width, ...open.map(trailingZeros));
      kept += count > 0 && open.length === 0 ? 0 : width - unused;
    }
    for (let k = 0; k < inputs; k++) {
      const digits = signedDigits(weights[n * inputs + k] ?? 0);
      bits += digits.length * xBits;
      shift = Math.max(shift, digits.at(-1)?.shift ?? 0);
    }
  }
  const each = isCounted(node)
    ? popcountFactor(inputs)
    : addedFactor(xBits, stored === 'bipolar', shift, isShared(node, outputs));
  const adders = (bits / xBits) * each;
  const binary = stored === 'bipolar' && xBits === 1 && count === 1;
  const size = inputs * outputs;
  const cells = binary ? binaryFactor(size) * size + 1.5 * inputs : cellFactor(xBits, size) * bits;
  const stages = stagesOf(node);
  const built = amd ? builtCells(node, stages.sums, levelsOf(node)) : undefined;
  const sums = amd ? (built?.luts ?? cells) : adders;
  // the portable text has its registers behind adders, where words are fewer than LUTs
  const within = cutBits(stages.sums, Math.max(1, sums / (amd ? 1 : 2)), kept);
  const cuts = (built?.registers ?? within) + cutBits(stages.results, Math.max(1, kept), outputs * yBits);
  return {
    lut: Math.round(sums) + results + (count === 0 && !amd ? 2 : 1) * outputs * yBits,
    ff: inputs * bitWidth(x) + kept + cuts + 2 * outputs * yBits + 6 + stages.sums + stages.results,
    bram36: 0,
    dsp: 0,
  };
}
