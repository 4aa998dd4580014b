import { isSigned } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { adderDelay } from '../../compiler/hw/stages.ts';
import { depths, intervals, shareMatrix, termsOf, treeDepth } from '../../compiler/hw/adders/index.ts';
import type { AdderGraph, Interval, Term } from '../../compiler/hw/adders/index.ts';
import { analyse, mvuParams } from '../mvu/analysis.ts';
import { compress } from '../mvu/popcount.ts';
import type { WireText } from '../mvu/popcount.ts';
import type { Row } from './rows.ts';
import type { Step, StepText } from './steps.ts';
import { bitsFor, extended, literal } from './text.ts';

/** Products of at most this many are worth the search for shared sums; larger matrices are added up row by row. */
const mostShared = 40_000;

/**
 * The portable text that makes `h<index>` of every row from `x`. Single bits are counted by vectors of full adders, which mappers
 * turn into six-input tables; numbers are added by shared two-operand adders.
 */
export function portableSums(node: HwNode, rows: readonly Row[]): StepText {
  const { inputs } = mvuParams(node);
  const { xBits } = analyse(node);
  const wanted = rows.filter(({ handed }) => handed.kind !== 'nothing');
  const counted = isCounted(node);
  return {
    inputs: Array.from({ length: inputs }, (_, k) => ({ name: `x${k}`, bits: xBits })),
    steps: counted ? countedSums(node, wanted) : addedSums(node, wanted),
    outputs: wanted.map(({ index }) => `h${index}`),
    whole: counted,
  };
}

/**
 * Whether single bits are counted, or else numbers added: rows of -1 and +1 over single bits have the same three bits, up to inversion, in
 * common, which mappers find. Wherever else, shared adders are the smaller.
 */
export function isCounted(node: HwNode): boolean {
  const { stored, xBits } = analyse(node);
  return stored === 'bipolar' && xBits === 1;
}

/** Whether `rows` rows of numbers are few enough to share sums. */
export function isShared(node: HwNode, rows: number): boolean {
  return mvuParams(node).inputs * rows * analyse(node).xBits <= mostShared;
}

/** `h<index>` from the row's H, `width` bits of it and a sum of `operands` numbers, 0 to 3. */
function handOver(
  { index, bits, handed }: Row,
  sum: string,
  operands: number,
  width: number,
  signed: boolean,
): Step[] {
  // more than two numbers are added by rows of LUTs in front of one carry chain
  const adder = (count: number): number => (count < 2 ? 0 : adderDelay(width) + count - 2);
  if (handed.kind === 'sum' && handed.constant !== 0 && operands > 2) {
    const text = `t${index} + ${literal(handed.constant, bits)}`;
    return [
      { wires: [{ name: `t${index}`, bits, text: sum }], delay: adder(operands) },
      { wires: [{ name: `h${index}`, bits, text }], delay: adder(2) },
    ];
  }
  if (handed.kind === 'sum') {
    const text = handed.constant === 0 ? sum : `${sum} + ${literal(handed.constant, bits)}`;
    const delay = adder(operands + (handed.constant === 0 ? 0 : 1));
    return [{ wires: [{ name: `h${index}`, bits, text }], delay }];
  }
  const bound = handed.kind === 'reach' ? handed.bound : 0;
  const left = signed ? `$signed(t${index})` : `t${index}`;
  const text = `${left} >= ${literal(bound, width, signed)}`;
  return [
    { wires: [{ name: `t${index}`, bits: width, text: sum }], delay: adder(operands) },
    { wires: [{ name: `h${index}`, bits: 1, text }], delay: adderDelay(width) },
  ];
}

/** Signs over single bits: the popcount of the bits, inverted where the weight is negative. */
function countedSums(node: HwNode, rows: readonly Row[]): Step[] {
  const { x } = mvuParams(node);
  const { low, high } = analyse(node);
  return rows.flatMap((row) => {
    const { index, weights, handed } = row;
    const width = handed.kind === 'sum' ? row.bits : bitsFor(low[index] ?? 0, high[index] ?? 0);
    const bits = weights.map((w, k) => `${w < 0 !== isSigned(x) ? '~' : ''}x${k}`);
    const plane: WireText = { name: `p${index}`, bits: bits.length, text: `{${bits.reverse().join(', ')}}` };
    const { counters, rows: left } = compress([plane], width, `r${index}_`);
    return [
      { wires: [plane], delay: 0 },
      // what a counter makes is a function of six bits at most
      ...counters.map((wires): Step => ({ wires, delay: 1 })),
      ...handOver(row, left.join(' + '), left.length, width, false),
    ];
  });
}

/** Levels of adders of two operands from the inputs to a row's sum, at most: as many as the row with the most terms needs. */
export function adderLevels(rows: readonly Row[]): number {
  return rows.reduce((most, { weights }) => Math.max(most, treeDepth(termsOf(weights).map(() => 0))), 0);
}

/** Numbers: a wire for each shared sum, two operands an adder. */
function addedSums(node: HwNode, rows: readonly Row[]): Step[] {
  const { inputs, x } = mvuParams(node);
  const analysis = analyse(node);
  const { xBits, low, high } = analysis;
  const signed = isSigned(x) && x.kind !== 'bipolar';
  const range = signed
    ? { min: -(2 ** (xBits - 1)), max: 2 ** (xBits - 1) - 1 }
    : { min: 0, max: 2 ** xBits - 1 };
  const matrix = rows.map(({ weights }) => weights);
  const strategy = isShared(node, rows.length) ? 'pairs' : 'plain';
  const graph: AdderGraph = shareMatrix(matrix, { strategy, maxDepth: adderLevels(rows) });
  const { nodes } = intervals(graph, range);
  const steps: Step[] = [];
  const names = Array.from({ length: inputs }, (_, k) => `x${k}`);
  const { nodes: levels } = depths(graph);
  graph.sums.forEach((terms, i) => {
    const interval = nodes[inputs + i]!;
    const width = bitsFor(interval.min, interval.max);
    const text = chain(terms, names, nodes, width);
    steps.push({ wires: [{ name: `s${i}`, bits: width, text }], delay: adderDelay(width) });
    names.push(`s${i}`);
  });
  graph.outputs.forEach((terms, r) => {
    const row = rows[r]!;
    const { index, handed, weights } = row;
    // of planes H counts inverted bits: the sum of w u is less by what the inversions add
    const [least, most] = [low[index] ?? 0, high[index] ?? 0];
    const plain = planeShift(analysis.form === 'planes', signed, xBits, weights);
    const width = handed.kind === 'sum' ? row.bits : bitsFor(least - plain, most - plain);
    const added = tree(terms, { names, nodes, levels: Array.from(levels) }, width, `g${index}`);
    const moved: Row = { ...row, handed: shifted(handed, plain) };
    steps.push(...added.steps, ...handOver(moved, added.sum, added.operands, width, least - plain < 0));
  });
  return steps;
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

/** The nodes of a graph as they stand in the text. */
interface Summands {
  readonly names: readonly string[];
  readonly nodes: readonly Interval[];
  /** Levels of adders before each. */
  readonly levels: readonly number[];
}

/**
 * Many terms as a tree of adders of two operands, those that are there first and of them the narrowest first, each as wide as its sum
 * needs: a wire of its own each, which synthesis keeps as one carry chain.
 */
function tree(
  terms: readonly Term[],
  { names, nodes, levels }: Summands,
  width: number,
  name: string,
): { readonly steps: readonly Step[]; readonly sum: string; readonly operands: number } {
  if (terms.length === 0) return { steps: [], sum: `${width}'d0`, operands: 0 };
  const allNames = [...names];
  const allNodes = [...nodes];
  const allLevels = [...levels];
  const steps: Step[] = [];
  const open = [...terms];
  const sizeOf = ({ node, shift }: Term): number => {
    const { min, max } = allNodes[node]!;
    return bitsFor(min, max) + shift;
  };
  while (open.length > 2) {
    open.sort((a, b) => allLevels[a.node]! - allLevels[b.node]! || sizeOf(a) - sizeOf(b));
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
    const made = `${name}_${steps.length}`;
    const text = chain(inner, allNames, allNodes, bits);
    steps.push({ wires: [{ name: made, bits, text }], delay: adderDelay(bits) });
    allNames.push(made);
    allNodes.push(interval);
    allLevels.push(1 + Math.max(...pair.map(({ node }) => allLevels[node]!)));
    open.push({ node: allNodes.length - 1, shift, negative });
  }
  // without a positive term the first one is negated, which is an operand more
  const operands = open.length + (open.every(({ negative }) => negative) ? 1 : 0);
  return { steps, sum: chain(open, allNames, allNodes, width), operands };
}
