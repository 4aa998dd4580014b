import { printBody } from '../../compiler/hw/xilinx/index.ts';
import type { LutCell } from '../../compiler/hw/xilinx/index.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { isXnor } from './body.ts';
import { hasConstantArray } from './constant.ts';
import type { Plan } from './plan.ts';
import { weightWidth, weightWords } from './words.ts';

/** Words that a LUT with six inputs holds of one bit, and one with two outputs of each of two bits. */
const [oneBit, twoBits] = [64, 32];

/**
 * Whether the form for AMD devices has the weights in cells: a LUT6_2 holds a bit of 64 words or two of 32, and synthesis is not left to
 * find that. What it finds by itself depends on what else is in the design: Yosys shares parts of the words' decoding, and then needs
 * up to half as many LUTs again.
 */
export function hasWeightCells(plan: Plan): boolean {
  return isXnor(plan) && !hasConstantArray(plan) && plan.steps > 1 && plan.steps <= oneBit;
}

/** The bits of the words that are not the same in all of them, as columns: bit s is step s. */
function columnsOf(words: readonly string[], width: number): readonly bigint[] {
  const columns = Array.from({ length: width }, () => 0n);
  words.forEach((word, step) => {
    const bits = BigInt(`0x${word}`).toString(2).padStart(width, '0');
    for (let bit = 0; bit < width; bit++)
      if (bits[width - 1 - bit] === '1') columns[bit] = (columns[bit] ?? 0n) | (1n << BigInt(step));
  });
  return columns;
}

/** The cells, as statements that drive `weights_word` from `weights_step`, and the bits of the latter. */
export interface WeightCells {
  readonly stepBits: number;
  readonly lines: readonly string[];
}

/** The weights in cells, or undefined where they stay in a memory. */
export function weightCells(node: HwNode, plan: Plan): WeightCells | undefined {
  if (!hasWeightCells(plan)) return undefined;
  const { steps } = plan;
  const stepBits = steps > twoBits ? 6 : 5;
  const pins = Array.from({ length: stepBits }, (_, i) => 2 + i);
  const every = (1n << BigInt(steps)) - 1n;
  const columns = columnsOf(weightWords(node, plan), weightWidth(plan));
  let net = 2 + stepBits;
  const nets = columns.map((column) => (column === 0n ? 0 : column === every ? 1 : net++));
  const luts: LutCell[] = [];
  const varying = [...columns.entries()].filter(([bit]) => (nets[bit] ?? 0) > 1);
  const perCell = steps > twoBits ? 1 : 2;
  for (let i = 0; i < varying.length; i += perCell) {
    const [bit, column] = varying[i] ?? [0, 0n];
    const [other, low] = (perCell === 2 ? varying[i + 1] : undefined) ?? [undefined, column];
    const init = perCell === 1 ? column : (column << BigInt(twoBits)) | low;
    luts.push({ pins, init, o6: nets[bit] ?? 0, o5: other === undefined ? null : (nets[other] ?? null) });
  }
  const netlist = {
    inputs: [{ name: 'weights_step', nets: pins }],
    outputs: [{ name: 'weights_word', nets }],
    luts,
    chains: [],
    netCount: net,
  };
  return { stepBits, lines: printBody(netlist, { prefix: 'weights_' }) };
}
