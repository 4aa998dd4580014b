import { stepsTooMany } from '../diagnostics/catalog/passes.ts';
import { fail, invariant } from '../diagnostics/index.ts';
import type { Attribute, Node, Operand } from '../qir/graph.ts';
import { evaluateNode } from '../qir/evaluate.ts';
import { getNumber } from '../qir/ops/attributes.ts';
import { accumulatorType } from '../qir/ops/sums.ts';
import {
  elementCount,
  fitInteger,
  int,
  uint,
  valueRange,
  type Tensor,
  type TensorType,
} from '../qir/types.ts';
import { fitRows, type Row } from './fit-requantize/parameters.ts';
import { sourceName, whereOf } from './graph-edit.ts';
import { GraphEditor, type NewNode } from './graph-editor.ts';
import { below, tensorOf } from './integerize/builder.ts';
import type { Carrier } from './integerize/carrier.ts';
import { findSteps, type Steps } from './integerize/levels.ts';
import type { Pass } from './pass.ts';

/** From so many thresholds on a multiplier is cheaper than comparing with each, or searching among them. */
const LEAST_THRESHOLDS = 16;

/**
 * Finds multipliers, biases and a shift that give the same level as many thresholds do, at every integer; where there are none, the
 * thresholds stay. The fixed-point arithmetic of TensorFlow Lite (mbqm), which rounds twice, is brought to the same forms.
 */
export const fitRequantize: Pass = {
  name: 'fit-requantize',
  doc: 'Replaces many thresholds by a multiplier and a shift where these give the same levels exactly.',
  requires: ['integer-form'],
  establishes: ['no-dead-nodes'],
  run: (graph) => {
    const editor = new GraphEditor(graph);
    for (const node of graph.nodes) {
      if (node.op === 'threshold') fitThreshold(editor, node);
      else if (node.op === 'mbqm') fitFixedPoint(editor, node);
      else editor.keep(node);
    }
    return editor.finish(graph);
  },
};

function fitThreshold(editor: GraphEditor, node: Node): void {
  const [x, t, flip] = node.operands.map((operand) => ({ operand, tensor: editor.tensor(operand) }));
  invariant(x && t?.tensor, 'a threshold without thresholds');
  const n = t.tensor.type.shape[1] ?? 1;
  const rows = rowsOf(t.tensor.data, n, getNumber(node.attributes, 'base'), flip?.tensor?.data);
  const fitted = n >= LEAST_THRESHOLDS ? requantized(editor, node, x.operand, rows) : undefined;
  if (fitted === undefined) editor.keep(node);
  else editor.replace(node, fitted);
}

function rowsOf(t: ArrayLike<number>, n: number, base: number, flip: ArrayLike<number> | undefined): Row[] {
  const all = Array.from(t);
  return Array.from({ length: all.length / n }, (_, row) => ({
    base,
    thresholds: all.slice(row * n, (row + 1) * n),
    flip: flip?.[row] === 1,
  }));
}

/** The requantize node with the levels of the rows, if there is one. */
function requantized(editor: GraphEditor, node: Node, x: Operand, rows: readonly Row[]): NewNode | undefined {
  const { min, max } = valueRange(editor.typeOf(x).elem);
  const found = fitRows(rows, min, max);
  const [row] = rows;
  if (found === undefined || row === undefined) return undefined;
  const { m, b, shift, biasShift } = found;
  const attributes: Record<string, Attribute> = {
    shift,
    min: row.base,
    max: row.base + row.thresholds.length,
  };
  if (biasShift > 0) attributes['bias_shift'] = biasShift;
  return {
    op: 'requantize',
    operands: [x, parameter(editor, `${node.name}_m`, m), parameter(editor, `${node.name}_b`, b)],
    attributes,
  };
}

/** A constant of one integer for each channel, or one for all. */
function parameter(editor: GraphEditor, name: string, values: readonly number[]): Operand {
  const [min, max] = [Math.min(0, ...values), Math.max(0, ...values)];
  const elem = min < 0 ? accumulatorType(min, max) : fitInteger(min, max);
  invariant(elem, 'parameters of 32 bits');
  return editor.constant(name, tensorOf(elem, [values.length], values));
}

/** Brings an mbqm node to a requantize, or to the thresholds of its exact meaning. */
function fitFixedPoint(editor: GraphEditor, node: Node): void {
  const [x, m, s] = node.operands;
  const [multipliers, shifts] = [m && editor.tensor(m), s && editor.tensor(s)];
  invariant(x && multipliers && shifts, 'mbqm without parameters');
  const rows = Math.max(multipliers.data.length, shifts.data.length);
  const type = editor.typeOf(x);
  const steps = stepsOf(node, type, multipliers, shifts, rows);
  const highest = getNumber(node.attributes, 'max');
  const { base, count, thresholds, flip } = below(steps, highest, valueRange(type.elem).min);
  const fitted = requantized(editor, node, x, rowsOf(thresholds, count, base, flip));
  if (fitted !== undefined) {
    editor.replace(node, fitted);
    return;
  }
  const [least, greatest] = extremes(thresholds);
  const elem = accumulatorType(least, greatest);
  invariant(elem, 'thresholds of 32 bits');
  const t = editor.constant(`${node.name}_t`, tensorOf(elem, [rows, count], thresholds));
  const falls = flip.includes(1)
    ? [editor.constant(`${node.name}_flip`, tensorOf(uint(1), [rows], flip))]
    : [];
  editor.replace(node, { op: 'threshold', operands: [x, t, ...falls], attributes: { base } });
}

function extremes(values: Int32Array): [number, number] {
  return [values.reduce((a, b) => Math.min(a, b), 0), values.reduce((a, b) => Math.max(a, b), 0)];
}

/** The thresholds of an mbqm node, found by its own meaning: it rises with x where the multiplier is not negative. */
function stepsOf(node: Node, x: TensorType, m: Tensor, s: Tensor, rows: number): Steps {
  const type: TensorType = { elem: x.elem, shape: [rows] };
  const range = valueRange(x.elem);
  const carrier: Carrier = {
    base: node.name,
    type,
    range,
    carried: true,
    tail: [],
    moves: [],
    shape: type.shape,
  };
  const levelsAt = (integers: Int32Array): Int32Array => {
    const shape = [elementCount([integers.length]) / rows, rows];
    const operand: Tensor = { type: { elem: int(32), shape }, data: integers };
    const result = evaluateNode({ ...node, type: { elem: node.type.elem, shape } }, [operand, m, s]);
    return Int32Array.from(result.data);
  };
  const directions = Int8Array.from({ length: rows }, (_, i) =>
    (m.data[m.data.length === 1 ? 0 : i] ?? 0) < 0 ? -1 : 1,
  );
  const found = findSteps(carrier, levelsAt, directions);
  if (found.kind !== 'steps') {
    const why =
      found.kind === 'too-large' ? found : { found: 'levels that rise and fall', expected: 'steps' };
    fail(stepsTooMany(whereOf(node), sourceName(node), why.found, why.expected));
  }
  return found;
}
