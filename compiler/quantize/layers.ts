import { whereOf } from '../passes/graph-edit.ts';
import type { Graph, Node } from '../qir/graph.ts';
import { getNumberOr } from '../qir/ops/attributes.ts';
import { checkWeights, matrixOf, type Matrix } from './weights/index.ts';

/** The convolutions and products with constant weights, in order. */
export function layersOf(graph: Graph): readonly Node[] {
  return graph.nodes.filter(
    ({ op, operands }) => (op === 'conv2d' || op === 'matmul') && operands[1]?.kind === 'const',
  );
}

/** The weights of a layer as a matrix with a row for each output, and the groups of a convolution. */
export interface LayerMatrix {
  readonly matrix: Matrix;
  readonly groups: number;
}

/** Reads the weights of a layer. Throws a DiagnosticError where one is no number, or all are zero. */
export function layerMatrix(graph: Graph, node: Node): LayerMatrix {
  const tensor = graph.consts.get(node.operands[1]?.name ?? '')?.tensor;
  const data = tensor?.data ?? [];
  const rows = tensor?.type.shape[0] ?? 1;
  const matrix = matrixOf(rows, data.length / rows, data, whereOf(node));
  checkWeights(matrix);
  const groups = node.op === 'conv2d' ? getNumberOr(node.attributes, 'groups', 1) : 1;
  return { matrix, groups };
}
