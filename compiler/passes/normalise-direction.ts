import { constant, type Const, type Graph, type Node, type Operand } from '../qir/graph.ts';
import { overallRange, rowRanges } from '../qir/ops/accumulate.ts';
import { accumulatorType } from '../qir/ops/sums.ts';
import { fitInteger, holds, isSigned, type Tensor, type TensorType } from '../qir/types.ts';
import { addConst, countReaders, withoutDeadNodes } from './graph-edit.ts';
import { tensorOf } from './integerize/builder.ts';
import type { Pass } from './pass.ts';

/**
 * Makes levels rise with the sum: where a threshold falls (flip) and only it reads the layer before, the layer's row is negated
 * and x < t becomes -x >= 1 - t. Hardware then needs one comparison only.
 */
export const normaliseDirection: Pass = {
  name: 'normalise-direction',
  doc: 'Negates weight rows whose threshold compares the other way, so that hardware compares one way.',
  requires: ['integer-form'],
  establishes: ['no-dead-nodes'],
  run: (graph) => {
    const readers = countReaders(graph);
    const constUses = new Map<string, number>();
    for (const operand of graph.nodes.flatMap((node) => node.operands)) {
      if (operand.kind === 'const') constUses.set(operand.name, (constUses.get(operand.name) ?? 0) + 1);
    }
    const consts = new Map<string, Const>(graph.consts);
    const replaced = new Map<string, Node>();
    const byName = new Map(graph.nodes.map((node) => [node.name, node]));
    const types = new Map([...graph.inputs, ...graph.nodes].map((v) => [v.name, v.type]));
    for (const node of graph.nodes) {
      const source = node.operands[0];
      const layer = source && byName.get(source.name);
      if (node.op !== 'threshold' || node.operands[2] === undefined || layer?.op !== 'matmul') continue;
      if (readers.get(layer.name) !== 1) continue;
      const pair = normalise(
        layer,
        node,
        { consts, uses: constUses },
        types.get(layer.operands[0]?.name ?? ''),
      );
      if (pair === undefined) continue;
      replaced.set(layer.name, pair.layer);
      replaced.set(node.name, pair.threshold);
    }
    const nodes = graph.nodes.map((node) => replaced.get(node.name) ?? node);
    const result: Graph = { ...graph, nodes, consts };
    return withoutDeadNodes(result);
  },
};

interface ConstPool {
  readonly consts: Map<string, Const>;
  readonly uses: ReadonlyMap<string, number>;
}

/** Puts a tensor in the place of a constant: under its name, unless another node reads that too. */
function replaceConst({ consts, uses }: ConstPool, name: string, tensor: Tensor): Operand {
  if (uses.get(name) !== 1) return constant(addConst(consts, name, tensor));
  consts.set(name, { name, tensor });
  return constant(name);
}

function normalise(
  layer: Node,
  node: Node,
  pool: ConstPool,
  x: TensorType | undefined,
): { readonly layer: Node; readonly threshold: Node } | undefined {
  const { consts } = pool;
  const [w, bias] = [tensor(layer.operands[1], consts), tensor(layer.operands[2], consts)];
  const [t, flip] = [tensor(node.operands[1], consts), tensor(node.operands[2], consts)];
  if (w === undefined || t === undefined || flip === undefined) return undefined;
  const [rows, columns] = [w.type.shape[0] ?? 1, w.type.shape[1] ?? 1];
  const negated = Array.from({ length: rows }, (_, row) => {
    const weights = w.data.subarray(row * columns, (row + 1) * columns);
    return flip.data[flip.data.length === 1 ? 0 : row] === 1 && weights.every((x) => holds(w.type.elem, -x));
  });
  if (!negated.includes(true)) return undefined;

  const weights = tensorOf(
    w.type.elem,
    w.type.shape,
    w.data.map((x, i) => (negated[Math.floor(i / columns)] ? -x : x)),
  );
  const offsets = bias && Array.from(bias.data, (b, row) => (negated[row] === true ? -b : b));
  const biasElem = offsets && accumulatorType(Math.min(0, ...offsets), Math.max(0, ...offsets));
  if (offsets !== undefined && biasElem === undefined) return undefined;
  const newBias = offsets && biasElem && tensorOf(biasElem, [rows], offsets);

  const type = layerType(layer, x, weights, newBias);
  if (type === undefined) return undefined;
  const threshold = newThresholds(t, flip, negated, rows, type);
  if (threshold === undefined) return undefined;

  const operands = layer.operands.map((operand, i): Operand => {
    const replacement = [undefined, weights, newBias][i];
    return replacement === undefined ? operand : replaceConst(pool, operand.name, replacement);
  });
  const [sums, tName, flipName] = node.operands;
  if (sums === undefined || tName === undefined || flipName === undefined) return undefined;
  const after: Operand[] = [sums, replaceConst(pool, tName.name, threshold.t)];
  if (threshold.flip !== undefined) after.push(replaceConst(pool, flipName.name, threshold.flip));
  return { layer: { ...layer, operands, type }, threshold: { ...node, operands: after } };
}

function tensor(operand: Operand | undefined, consts: Map<string, Const>): Tensor | undefined {
  return operand?.kind === 'const' ? consts.get(operand.name)?.tensor : undefined;
}

/** The layer's type with its negated rows, from the actual weights again: -min may be wider than min. */
function layerType(
  layer: Node,
  x: TensorType | undefined,
  weights: Tensor,
  bias: Tensor | undefined,
): TensorType | undefined {
  if (x === undefined) return undefined;
  const { min, max } = overallRange(rowRanges(weights, x.elem, bias));
  const elem = accumulatorType(min, max);
  return elem && { elem, shape: layer.type.shape };
}

function newThresholds(
  t: Tensor,
  flip: Tensor,
  negated: readonly boolean[],
  rows: number,
  layer: TensorType,
): { readonly t: Tensor; readonly flip?: Tensor } | undefined {
  const n = t.type.shape[1] ?? 1;
  // one row stays one row if all of its channels were negated
  const shared = t.type.shape[0] === 1 && negated.every((x) => x);
  const count = shared ? 1 : rows;
  const values: number[] = [];
  const flips: number[] = [];
  for (let row = 0; row < count; row++) {
    const from = t.type.shape[0] === 1 ? 0 : row;
    const own = Array.from(t.data.subarray(from * n, (from + 1) * n));
    for (const x of negated[row] === true ? own.map((t) => 1 - t).reverse() : own) values.push(x);
    flips.push(negated[row] === true ? 0 : (flip.data[from] ?? 0));
  }
  const [min, max] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const elem = isSigned(layer.elem) || min < 0 ? accumulatorType(min, max) : fitInteger(min, max);
  if (elem === undefined) return undefined;
  const newT = tensorOf(elem, [count, n], values);
  return flips.includes(1) ? { t: newT, flip: tensorOf(fitInteger(0, 1), [count], flips) } : { t: newT };
}
