import { isSigned } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { intervals, shareMatrix } from '../../compiler/hw/adders/index.ts';
import type { AdderGraph, Interval, Term } from '../../compiler/hw/adders/index.ts';
import { analyse, mvuParams } from '../mvu/analysis.ts';
import { compress } from '../mvu/popcount.ts';
import type { Row } from './rows.ts';
import { bitsFor, extended, literal } from './text.ts';

/** Products of at most this many are worth the search for shared sums; larger matrices are added up row by row. */
const mostShared = 40_000;

/**
 * The portable statements that define `h<index>` of every row from `x`. Single bits are counted by vectors of full adders, which mappers
 * turn into six-input tables; numbers are added by shared two-operand adders.
 */
export function portableSums(node: HwNode, rows: readonly Row[]): string[] {
  const { form, xBits } = analyse(node);
  const wanted = rows.filter(({ handed }) => handed.kind !== 'nothing');
  return form === 'planes' && xBits < 3 ? countedSums(node, wanted) : addedSums(node, wanted);
}

/** `h<index>` from the row's H, `width` bits of it. */
function handOver({ index, bits, handed }: Row, sum: string, width: number, signed: boolean): string[] {
  if (handed.kind === 'sum') {
    const text = handed.constant === 0 ? sum : `${sum} + ${literal(handed.constant, bits)}`;
    return [`wire [${bits - 1}:0] h${index} = ${text};`];
  }
  const bound = handed.kind === 'reach' ? handed.bound : 0;
  const whole = `wire [${width - 1}:0] t${index} = ${sum};`;
  const left = signed ? `$signed(t${index})` : `t${index}`;
  return [whole, `wire h${index} = ${left} >= ${literal(bound, width, signed)};`];
}

/** Weights of -1, 0, +1: the popcount of the input's bits, inverted where the weight is negative. */
function countedSums(node: HwNode, rows: readonly Row[]): string[] {
  const { x } = mvuParams(node);
  const { xBits, low, high } = analyse(node);
  return rows.flatMap((row) => {
    const { index, weights, handed } = row;
    const width = handed.kind === 'sum' ? row.bits : bitsFor(low[index] ?? 0, high[index] ?? 0);
    const planes: { name: string; bits: number }[] = [];
    const lines: string[] = [];
    for (let b = 0; b < xBits && b < width; b++) {
      const flip = isSigned(x) && b === xBits - 1;
      const picked = weights.flatMap((w, k) =>
        w === 0 ? [] : [`${w < 0 !== flip ? '~' : ''}x[${k * xBits + b}]`],
      );
      if (picked.length === 0) continue;
      const name = `p${index}_${b}`;
      lines.push(`wire [${picked.length - 1}:0] ${name} = {${picked.reverse().join(', ')}};`);
      planes.push({ name, bits: picked.length });
    }
    const { lines: adders, rows: left } = compress(planes, width, `r${index}_`);
    const sum = left.length === 0 ? `${width}'d0` : left.join(' + ');
    return [...lines, ...adders, ...handOver(row, sum, width, false)];
  });
}

/** Numbers: a wire for each shared sum, two operands an adder. */
function addedSums(node: HwNode, rows: readonly Row[]): string[] {
  const { inputs, x } = mvuParams(node);
  const analysis = analyse(node);
  const { xBits, low, high } = analysis;
  const signed = isSigned(x) && x.kind !== 'bipolar';
  const range = signed
    ? { min: -(2 ** (xBits - 1)), max: 2 ** (xBits - 1) - 1 }
    : { min: 0, max: 2 ** xBits - 1 };
  const matrix = rows.map(({ weights }) => weights);
  const strategy = inputs * rows.length * xBits > mostShared ? 'plain' : 'pairs';
  const graph: AdderGraph = shareMatrix(matrix, { strategy });
  const { nodes } = intervals(graph, range);
  const lines: string[] = [];
  const names: string[] = [];
  for (let k = 0; k < inputs; k++) {
    const [top, bottom] = [(k + 1) * xBits - 1, k * xBits];
    lines.push(`wire [${xBits - 1}:0] x${k} = ${xBits === 1 ? `x[${bottom}]` : `x[${top}:${bottom}]`};`);
    names.push(`x${k}`);
  }
  graph.sums.forEach((terms, i) => {
    const interval = nodes[inputs + i]!;
    const width = bitsFor(interval.min, interval.max);
    lines.push(`wire [${width - 1}:0] s${i} = ${chain(terms, names, nodes, width)};`);
    names.push(`s${i}`);
  });
  graph.outputs.forEach((terms, r) => {
    const row = rows[r]!;
    const { index, handed, weights } = row;
    // of planes H counts inverted bits: the sum of w u is less by what the inversions add
    const [least, most] = [low[index] ?? 0, high[index] ?? 0];
    const plain = planeShift(analysis.form === 'planes', signed, xBits, weights);
    const width = handed.kind === 'sum' ? row.bits : bitsFor(least - plain, most - plain);
    const name = `g${index}`;
    const added = tree(terms, names, nodes, width, name);
    lines.push(...added.lines);
    const moved: Row = { ...row, handed: shifted(handed, plain) };
    lines.push(...handOver(moved, added.sum, width, least - plain < 0));
  });
  // an input, or an upper bit, that no output needs
  lines.push(`wire unused_s = &{1'b0, ${names.join(', ')}};`);
  return lines;
}

function shifted(handed: Row['handed'], by: number): Row['handed'] {
  if (handed.kind === 'sum') return { ...handed, constant: handed.constant + by };
  return handed.kind === 'reach' ? { ...handed, bound: handed.bound - by } : handed;
}

/** H less the sum of weight times input; see templates/mvu/analysis.ts. */
function planeShift(planes: boolean, signed: boolean, xBits: number, weights: readonly number[]): number {
  if (!planes) return 0;
  const sum = weights.reduce((total, w) => total + w, 0);
  const negatives = weights.filter((w) => w < 0).length;
  return negatives * (2 ** xBits - 1) + (signed ? 2 ** (xBits - 1) * sum : 0);
}

/** A term as an operand of `width` bits, without its sign. */
function operand(
  { node, shift }: Term,
  names: readonly string[],
  nodes: readonly Interval[],
  width: number,
): string {
  const { min, max } = nodes[node]!;
  if (shift >= width) return `${width}'d0`;
  const text = extended(names[node]!, bitsFor(min, max), width - shift, min < 0);
  return shift === 0 ? text : `{${text}, ${shift}'d0}`;
}

/** Terms added from left to right, one that is added first if there is one. */
function chain(
  terms: readonly Term[],
  names: readonly string[],
  nodes: readonly Interval[],
  width: number,
): string {
  const sorted = [...terms].sort((a, b) => Number(a.negative) - Number(b.negative));
  return sorted
    .map((term, i) => {
      const text = operand(term, names, nodes, width);
      return i === 0 ? (term.negative ? `-${text}` : text) : ` ${term.negative ? '-' : '+'} ${text}`;
    })
    .join('');
}

/**
 * Many terms as a tree of adders of two operands, the narrowest first, each as wide as its sum needs: a wire of its own each, which synthesis
 * keeps as one carry chain.
 */
function tree(
  terms: readonly Term[],
  names: readonly string[],
  nodes: readonly Interval[],
  width: number,
  name: string,
): { readonly lines: readonly string[]; readonly sum: string } {
  if (terms.length === 0) return { lines: [], sum: `${width}'d0` };
  const allNames = [...names];
  const allNodes = [...nodes];
  const lines: string[] = [];
  const open = [...terms];
  const sizeOf = ({ node, shift }: Term): number => {
    const { min, max } = allNodes[node]!;
    return bitsFor(min, max) + shift;
  };
  while (open.length > 2) {
    open.sort((a, b) => sizeOf(a) - sizeOf(b));
    const pair = open.splice(0, 2);
    // a sum of two negative terms is built positive
    const negative = pair.every((term) => term.negative);
    const shift = Math.min(...pair.map((term) => term.shift));
    const inner = pair.map((term) => ({
      ...term,
      shift: term.shift - shift,
      negative: term.negative !== negative,
    }));
    const interval = inner.reduce(
      (sum, term) => {
        const { min, max } = allNodes[term.node]!;
        const factor = 2 ** term.shift;
        return term.negative
          ? { min: sum.min - max * factor, max: sum.max - min * factor }
          : { min: sum.min + min * factor, max: sum.max + max * factor };
      },
      { min: 0, max: 0 },
    );
    const bits = bitsFor(interval.min, interval.max);
    const made = `${name}_${lines.length}`;
    lines.push(`wire [${bits - 1}:0] ${made} = ${chain(inner, allNames, allNodes, bits)};`);
    allNames.push(made);
    allNodes.push(interval);
    open.push({ node: allNodes.length - 1, shift, negative });
  }
  const sum = chain(open, allNames, allNodes, width);
  const unused =
    lines.length === 0 ? [] : [`wire unused_${name} = &{1'b0, ${allNames.slice(names.length).join(', ')}};`];
  return { lines: [...lines, ...unused], sum };
}
