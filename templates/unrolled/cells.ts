import { isSigned } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { chainDelay } from '../../compiler/hw/stages.ts';
import { signedDigits, termsOf } from '../../compiler/hw/adders/index.ts';
import { netlistStats, unrolledNetlist, withRegisters } from '../../compiler/hw/xilinx/index.ts';
import type { Netlist, UnrolledRow } from '../../compiler/hw/xilinx/index.ts';
import { analyse, mvuParams } from '../mvu/analysis.ts';
import type { Row } from './rows.ts';

/** Bits of all products up to which cells are searched for: some ten seconds. Rows of -1 and +1 over single bits take much less time. */
const mostBits = 20_000;

/** Rows of -1 and +1 over single bits, with one threshold. */
function isBinary(node: HwNode): boolean {
  const { stored, xBits, count } = analyse(node);
  return stored === 'bipolar' && xBits === 1 && count === 1;
}

/** Whether the form for AMD devices has cells; where it has none, it is the portable one. */
export function hasCells(node: HwNode): boolean {
  if (isBinary(node)) return true;
  const { xBits } = analyse(node);
  const data = node.consts['weights']?.data ?? [];
  let bits = 0;
  for (let i = 0; i < data.length; i++) bits += signedDigits(data[i] ?? 0).length * xBits;
  return bits <= mostBits;
}

/** Most product bits of a row: what a compressor of it has to add up. */
function heaviest(node: HwNode, rows: readonly Row[]): number {
  const { xBits } = analyse(node);
  return rows.reduce((most, { weights, handed }) => {
    if (handed.kind === 'nothing') return most;
    return Math.max(most, xBits * termsOf(weights).length);
  }, 0);
}

/**
 * Register stages that the cells get, before they are searched for: by the depth that netlists of rows of so many bits were found to have at
 * most (random matrices of 16 to 784 inputs, 1 to 8 bits).
 */
export function cellStages(node: HwNode, rows: readonly Row[], levels: number): number {
  const bits = heaviest(node, rows);
  if (bits === 0 || !hasCells(node)) return 0;
  const { form, xBits } = analyse(node);
  // rows of -1, 0, +1 share most, sums of sums: long carry chains one behind the other, which no register goes into
  const shared = form === 'planes' ? 3 * Math.log2(xBits) : 0;
  const depth = (isBinary(node) ? 2.2 : 3.4) * Math.log2(bits) + 1.5 + shared;
  // a stage ends before the cell that would not fit any more, most of them short chains
  return Math.max(0, Math.ceil(depth / (levels - chainDelay(8))) - 1);
}

/** The sums as cells, cut into stages. */
export interface SumCells {
  readonly netlist: Netlist;
  readonly luts: number;
  /** Flip-flops between the stages. */
  readonly registers: number;
  /** Levels between two registers, at most. */
  readonly deepest: number;
}

const netlists = new WeakMap<object, Map<boolean, Netlist>>();
const known = new WeakMap<object, Map<string, SumCells | undefined>>();

/**
 * The sums as LUT6_2 cells and carry chains in `stages` + 1 stages of at most `levels` levels, with what the rows hand over as port `h`;
 * undefined if they are too many, or too deep even if sums are shared at the least depth alone. Built once for the same constants.
 */
export function cellsOf(
  node: HwNode,
  rows: readonly Row[],
  stages: number,
  levels: number,
): SumCells | undefined {
  if (!hasCells(node)) return undefined;
  const key = analyse(node);
  let mine = known.get(key);
  if (mine === undefined) known.set(key, (mine = new Map<string, SumCells | undefined>()));
  const name = `${stages} ${levels}`;
  if (!mine.has(name)) {
    let found: SumCells | undefined;
    for (const shallow of [false, true]) {
      if (found !== undefined) break;
      const cut = withRegisters(netlistOf(node, rows, shallow), stages, levels);
      if (cut.deepest <= levels) found = { ...cut, luts: netlistStats(cut.netlist).luts };
    }
    mine.set(name, found);
  }
  return mine.get(name);
}

/** The cells of an instance, if they have been built. */
export function builtCells(node: HwNode, stages: number, levels: number): SumCells | undefined {
  return known.get(analyse(node))?.get(`${stages} ${levels}`);
}

function netlistOf(node: HwNode, rows: readonly Row[], shallow: boolean): Netlist {
  const key = analyse(node);
  let mine = netlists.get(key);
  if (mine === undefined) netlists.set(key, (mine = new Map<boolean, Netlist>()));
  let netlist = mine.get(shallow);
  if (netlist === undefined) mine.set(shallow, (netlist = build(node, rows, shallow)));
  return netlist;
}

function build(node: HwNode, rows: readonly Row[], shallow: boolean): Netlist {
  const { inputs, x } = mvuParams(node);
  const { form, xBits } = analyse(node);
  const signed = isSigned(x) && x.kind !== 'bipolar';
  return unrolledNetlist({
    inputs,
    xBits,
    topInverted: signed,
    shallow,
    rows: rows.flatMap(({ weights, handed, bits }): UnrolledRow[] => {
      // H less the sum of weight times the input as an unsigned number; see templates/mvu/analysis.ts
      const inversions = weights.filter((w) => w < 0).length * (2 ** xBits - 1);
      const moved = signed ? -(2 ** (xBits - 1)) * weights.reduce((sum, w) => sum + w, 0) : 0;
      const shift = form === 'planes' ? inversions : moved;
      switch (handed.kind) {
        case 'nothing':
          return [];
        case 'reach':
          return [{ weights, goal: { kind: 'reach', bound: handed.bound - shift } }];
        case 'sum':
          return [{ weights, goal: { kind: 'sum', width: bits, constant: handed.constant + shift } }];
      }
    }),
  });
}
