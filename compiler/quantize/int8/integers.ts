import type { Diagnostics } from '../../diagnostics/index.ts';
import { invariant } from '../../diagnostics/index.ts';
import { GraphEditor, type NewNode } from '../../passes/graph-editor.ts';
import { tensorOf } from '../../passes/integerize/builder.ts';
import { runPipeline } from '../../pipeline.ts';
import type { Attribute, Graph, Node, Operand } from '../../qir/graph.ts';
import { getNumber } from '../../qir/ops/attributes.ts';
import { fitInteger, int, valueRange } from '../../qir/types.ts';

/** Quantizers with at least so many thresholds become a product and a shift; fewer are cheaper as they are. */
const LEAST_THRESHOLDS = 16;
/** How far, in levels, the rounding of a multiplier may move the last step. */
const TOLERANCE = 1 / 16;
/** Shifts that are tried: products must stay below 2^53. */
const MOST_SHIFT = 30;
const SUM_LIMIT = 2 ** 53;
const WORD = 2 ** 31;

/** A straight line: level = slope * x + offset, rounded down. */
interface Line {
  readonly slope: number;
  readonly offset: number;
  /** The greatest magnitude of x at a step. */
  readonly reach: number;
}

/**
 * The line through the steps of one channel by least squares: level k is reached at threshold t, so that it passes half an integer before t
 * at height k. Undefined where a step lies more than a level from it: what is there is no straight line.
 *
 * @param steps - ascending thresholds; those outside of min + 1 .. max say nothing
 */
function lineThrough(steps: readonly number[], base: number, min: number, max: number): Line | undefined {
  const points = steps.flatMap((t, j) => (t > min && t <= max ? [{ x: t - 0.5, y: base + j + 1 }] : []));
  const reach = points.reduce((far, { x }) => Math.max(far, Math.abs(x)), 1);
  const [first] = points;
  if (first === undefined) {
    // one level for all
    const level = base + steps.filter((t) => t <= min).length;
    return { slope: 0, offset: level + 0.5, reach };
  }
  const n = points.length;
  const mean = { x: points.reduce((s, { x }) => s + x, 0) / n, y: points.reduce((s, { y }) => s + y, 0) / n };
  const spread = points.reduce((s, { x }) => s + (x - mean.x) ** 2, 0);
  const together = points.reduce((s, { x, y }) => s + (x - mean.x) * (y - mean.y), 0);
  // a single step within the range: as steep as makes one integer a level
  const slope = spread === 0 ? 1 : together / spread;
  const offset = mean.y - slope * mean.x;
  const straight = points.every(({ x, y }) => Math.abs(slope * x + offset - y) <= 1);
  return straight ? { slope, offset, reach } : undefined;
}

/** Integers for the lines of all channels, with the least shift that serves; undefined if none does. */
function multipliers(
  lines: readonly Line[],
  size: number,
): { m: number[]; b: number[]; shift: number; biasShift: number } | undefined {
  for (let shift = 0; shift <= MOST_SHIFT; shift++) {
    const unit = 2 ** shift;
    const m = lines.map(({ slope }) => Math.round(slope * unit));
    const fits = lines.every(
      ({ slope, reach }, c) => Math.abs((m[c] ?? 0) / unit - slope) * reach <= TOLERANCE,
    );
    if (!fits) continue;
    const wanted = lines.map(({ offset }) => offset * unit);
    const far = wanted.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const biasShift = Math.max(0, Math.ceil(Math.log2((far + 1) / (WORD / 2))));
    const b = wanted.map((bias) => Math.round(bias / 2 ** biasShift));
    const good = m.every(
      (factor, c) =>
        Math.abs(factor) < WORD &&
        Math.abs(factor) * size + Math.abs(b[c] ?? 0) * 2 ** biasShift <= SUM_LIMIT,
    );
    return good ? { m, b, shift, biasShift } : undefined;
  }
  return undefined;
}

/**
 * The integers between which sums lie, as thresholds show it: a level that is never reached has the same threshold as others of its kind, one
 * beyond the greatest sum; one that is always reached the least.
 */
function reachable(thresholds: readonly number[], min: number, max: number): [number, number] {
  const least = thresholds.reduce((a, b) => Math.min(a, b), Infinity);
  const most = thresholds.reduce((a, b) => Math.max(a, b), -Infinity);
  const repeated = (value: number): boolean => thresholds.filter((t) => t === value).length > 1;
  return [repeated(least) ? Math.max(min, least) : min, repeated(most) ? Math.min(max, most - 1) : max];
}

/** The product and shift that stand in for the thresholds of a node; undefined where they stay. */
function straightened(editor: GraphEditor, node: Node): NewNode | undefined {
  const [x, t, flip] = node.operands;
  const thresholds = t && editor.tensor(t);
  const flips = flip && editor.tensor(flip);
  invariant(x && thresholds, 'a threshold without thresholds');
  const count = thresholds.type.shape[1] ?? 1;
  if (count < LEAST_THRESHOLDS) return undefined;
  const base = getNumber(node.attributes, 'base');
  const { min, max } = valueRange(editor.typeOf(x).elem);
  const all = Array.from(thresholds.data);
  const [low, high] = reachable(all, min, max);
  const lines: Line[] = [];
  for (let row = 0; row * count < all.length; row++) {
    const steps = all.slice(row * count, (row + 1) * count);
    const falls = flips?.data[row] === 1;
    // x < t is the same as -x >= 1 - t
    const line = falls
      ? lineThrough(steps.map((step) => 1 - step).reverse(), base, -high, -low)
      : lineThrough(steps, base, low, high);
    if (line === undefined) return undefined;
    lines.push(falls ? { ...line, slope: -line.slope } : line);
  }
  const found = multipliers(lines, Math.max(Math.abs(min), Math.abs(max)));
  if (found === undefined) return undefined;
  const { shift, biasShift } = found;
  const attributes: Record<string, Attribute> = { shift, min: base, max: base + count };
  if (biasShift > 0) attributes['bias_shift'] = biasShift;
  const parameter = (name: string, values: readonly number[]): Operand => {
    const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
    const elem = least < 0 ? int(32) : fitInteger(least, most);
    return editor.constant(`${node.name}_${name}`, tensorOf(elem, [values.length], values));
  };
  return { op: 'requantize', operands: [x, parameter('m', found.m), parameter('b', found.b)], attributes };
}

/**
 * The quantized network in integers alone: what stands between a layer and the next (scales, bias, normalization, activation, rounding) as a
 * multiplier and a bias for each channel and a shift, as close to the float32 arithmetic as a straight line comes. A function that is
 * no straight line keeps its thresholds or its table.
 */
export function inIntegers(graph: Graph, diagnostics: Diagnostics): Graph {
  const integer = runPipeline(graph, { diagnostics, stopAfter: 'integerize' });
  const editor = new GraphEditor(integer);
  for (const node of integer.nodes) {
    const replacement = node.op === 'threshold' ? straightened(editor, node) : undefined;
    if (replacement === undefined) editor.keep(node);
    else editor.replace(node, replacement);
  }
  return editor.finish(integer);
}
