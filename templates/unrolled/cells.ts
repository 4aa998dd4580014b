import { isSigned } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { signedDigits } from '../../compiler/hw/adders/index.ts';
import { netlistStats, printBody, unrolledNetlist } from '../../compiler/hw/xilinx/index.ts';
import type { Netlist, UnrolledRow } from '../../compiler/hw/xilinx/index.ts';
import { analyse, mvuParams } from '../mvu/analysis.ts';
import type { Row } from './rows.ts';

const known = new WeakMap<object, Netlist>();

/** Bits of all products up to which cells are searched for: some ten seconds. Rows of -1 and +1 over single bits take much less time. */
const mostBits = 20_000;

/** Whether the form for AMD devices has cells; where it has none, it is the portable one. */
export function hasCells(node: HwNode): boolean {
  const { stored, xBits, count } = analyse(node);
  if (stored === 'bipolar' && xBits === 1 && count === 1) return true;
  const data = node.consts['weights']?.data ?? [];
  let bits = 0;
  for (let i = 0; i < data.length; i++) bits += signedDigits(data[i] ?? 0).length * xBits;
  return bits <= mostBits;
}

/** The sums as LUT6_2 cells and carry chains, with what the rows hand over as port `h`; built once for the same constants. */
export function netlistOf(node: HwNode, rows: readonly Row[]): Netlist {
  const key = analyse(node);
  let netlist = known.get(key);
  if (netlist === undefined) known.set(key, (netlist = build(node, rows)));
  return netlist;
}

/** LUTs of the sums, if they have been built. */
export function countedLuts(node: HwNode): number | undefined {
  const netlist = known.get(analyse(node));
  return netlist === undefined ? undefined : netlistStats(netlist).luts;
}

/** The body of the module of sums. */
export function cellLines(node: HwNode, rows: readonly Row[]): string[] {
  return printBody(netlistOf(node, rows));
}

function build(node: HwNode, rows: readonly Row[]): Netlist {
  const { inputs, x } = mvuParams(node);
  const { form, xBits } = analyse(node);
  const signed = isSigned(x) && x.kind !== 'bipolar';
  return unrolledNetlist({
    inputs,
    xBits,
    topInverted: signed,
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
