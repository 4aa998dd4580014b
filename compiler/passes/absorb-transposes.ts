import { invariant } from '../diagnostics/index.ts';
import type { Node, Operand } from '../qir/graph.ts';
import { ops } from '../qir/ops/index.ts';
import { lastAxis, sameShape } from '../qir/ops/shapes.ts';
import { allocate, elementCount, type Tensor } from '../qir/types.ts';
import { GraphEditor } from './graph-editor.ts';
import type { Pass } from './pass.ts';

/**
 * Takes transposes (and other moves that lose and double no element) in front of a matmul into the order of its weight columns. A
 * flattened image of a channels-first model is such a case: hardware has the channels last, and needs no buffer to turn the image round.
 */
export const absorbTransposes: Pass = {
  name: 'absorb-transposes',
  doc: 'Takes transposes in front of a matmul into the order of its weight columns.',
  requires: ['integer-form'],
  establishes: ['no-dead-nodes'],
  run: (graph) => {
    const editor = new GraphEditor(graph);
    const byName = new Map(graph.nodes.map((node) => [node.name, node]));
    for (const node of graph.nodes) {
      const moved = node.op === 'matmul' ? movedOperand(editor, node, byName) : undefined;
      if (moved === undefined) editor.keep(node);
      else absorb(editor, node, moved);
    }
    return editor.finish(graph);
  },
};

/** What a matmul could read instead of its operand: each column c of the weights belongs at `columns[c]` then. */
interface Moved {
  readonly source: Operand;
  readonly columns: Int32Array;
}

function movedOperand(
  editor: GraphEditor,
  matmul: Node,
  byName: ReadonlyMap<string, Node>,
): Moved | undefined {
  const [x] = matmul.operands;
  invariant(x, 'a matmul without an operand');
  // for each element of x the element of `current` that it is; absent where they are the same
  let order: Int32Array | undefined;
  let current = x;
  for (;;) {
    const node = current.kind === 'value' ? byName.get(current.name) : undefined;
    const [source] = node?.operands ?? [];
    if (node === undefined || source === undefined) break;
    if (node.op !== 'reshape') {
      const moves = ops.get(node.op)?.moves;
      const from = editor.typeOf(source).shape;
      const index = moves?.(from, node.attributes).index;
      if (index === undefined || !isPermutation(index, elementCount(from))) break;
      order = order === undefined ? index : order.map((i) => index[i] ?? 0);
    }
    current = source;
  }
  if (order === undefined) return undefined;
  const count = lastAxis(editor.typeOf(x).shape);
  const columns = order.subarray(0, count);
  const isSame = order.every((from, i) => from === i - (i % count) + (columns[i % count] ?? 0));
  return isSame && columns.every((column) => column < count) ? { source: current, columns } : undefined;
}

function isPermutation(index: Int32Array, count: number): boolean {
  if (index.length !== count) return false;
  const taken = new Uint8Array(count);
  for (const from of index) if (from >= 0) taken[from] = 1;
  return taken.every((t) => t === 1);
}

function absorb(editor: GraphEditor, node: Node, { source, columns }: Moved): void {
  const [x, w, ...bias] = node.operands;
  const weights = w && editor.tensor(w);
  invariant(x && weights, 'a matmul without weights');
  const { shape } = editor.typeOf(x);
  const flat = sameShape(editor.typeOf(source).shape, shape)
    ? source
    : editor.add(node, 'shape', { op: 'reshape', operands: [source], attributes: { shape } });
  const permuted = editor.constant(`${node.name}_w`, withColumns(weights, columns));
  editor.replace(node, { op: 'matmul', operands: [flat, permuted, ...bias] });
}

function withColumns(weights: Tensor, columns: Int32Array): Tensor {
  const data = allocate(weights.type.elem, weights.data.length);
  const count = columns.length;
  for (let i = 0; i < data.length; i++) {
    const column = i % count;
    data[i - column + (columns[column] ?? 0)] = weights.data[i] ?? 0;
  }
  return { type: weights.type, data };
}
