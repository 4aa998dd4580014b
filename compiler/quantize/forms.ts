import { invariant } from '../diagnostics/index.ts';
import type { Node, Operand } from '../qir/graph.ts';
import { ternary, valueRange } from '../qir/types.ts';
import type { CodedWeights, WeightForm } from './method.ts';
import { scaledRange } from './ranges.ts';
import type { Rewriter } from './rewriter.ts';

type Form<Kind extends WeightForm['kind']> = Extract<WeightForm, { kind: Kind }>;

/**
 * Puts the operations of a method in the place of a product with its matrix of integers; the sums are the same. They are under the name of the
 * node; the bias is added in the last operation.
 */
export function buildProducts(
  rewriter: Rewriter,
  node: Node,
  coded: CodedWeights,
  bias: readonly number[] | undefined,
): void {
  const { form } = coded;
  switch (form.kind) {
    case 'matrix':
      return plain(rewriter, node, coded, form, bias);
    case 'bases':
      return bases(rewriter, node, form, bias);
    case 'factored':
      return factored(rewriter, node, form, bias);
  }
}

/** A bias as an operand; none where it is absent or zero. */
function biasOperand(
  rewriter: Rewriter,
  node: Node,
  bias: readonly number[] | undefined,
): readonly Operand[] {
  return bias === undefined || bias.every((b) => b === 0)
    ? []
    : [rewriter.constant(`${node.name}_bias`, [bias.length], bias)];
}

function plain(
  rewriter: Rewriter,
  node: Node,
  { levels }: CodedWeights,
  { elem }: Form<'matrix'>,
  bias: readonly number[] | undefined,
): void {
  const { x, shape } = parts(rewriter, node);
  const weights = rewriter.constant(`${node.name}_w`, shape, levels, elem);
  const { op, attributes } = node;
  rewriter.replace(node, { op, operands: [x, weights, ...biasOperand(rewriter, node, bias)], attributes });
}

/**
 * One product with the rows of all bases, base after base, and for each output a sum over its bases with their factors. One product with
 * many rows reads the input once and needs one buffer of windows, where a product for each base would need a fork and as many buffers.
 */
function bases(
  rewriter: Rewriter,
  node: Node,
  { elem, bases: matrices, factors }: Form<'bases'>,
  bias: readonly number[] | undefined,
): void {
  const { x, shape } = parts(rewriter, node);
  const [rows = 1, ...rest] = shape;
  const stacked = new Float64Array(matrices.reduce((n, { length }) => n + length, 0));
  matrices.forEach((matrix, j) => stacked.set(matrix, j * matrix.length));
  const count = matrices.length;
  const weights = rewriter.constant(`${node.name}_w`, [count * rows, ...rest], stacked, elem);
  const { op, attributes } = node;
  const products = rewriter.add(node, 'bases', { op, operands: [x, weights], attributes });
  const outer = node.type.shape.slice(0, -1);
  const split = rewriter.add(node, 'split', {
    op: 'reshape',
    operands: [products],
    attributes: { shape: [...outer, count, rows] },
  });
  const scales = rewriter.constant(`${node.name}_factors`, [count, rows], factors.flat());
  rewriter.replace(node, {
    op: 'depthwise',
    operands: [split, scales, ...biasOperand(rewriter, node, bias)],
  });
}

/** A product with the right factor, a multiplication of each result, a product with the left factor over what comes out. */
function factored(
  rewriter: Rewriter,
  node: Node,
  { left, factors, shift, right }: Form<'factored'>,
  bias: readonly number[] | undefined,
): void {
  const { x, shape } = parts(rewriter, node);
  const [rows = 1, ...rest] = shape;
  const rank = factors.length;
  const { op, attributes } = node;
  const first = rewriter.constant(`${node.name}_y`, [rank, ...rest], right, ternary);
  const inner = rewriter.add(node, 'inner', { op, operands: [x, first], attributes });
  const operands = [
    inner,
    rewriter.constant(`${node.name}_d`, [rank], factors),
    rewriter.constant(`${node.name}_half`, [1], [shift === 0 ? 0 : 2 ** (shift - 1)]),
  ];
  const range = scaledRange({ factors, shift }, valueRange(rewriter.typeOf(inner).elem));
  const dropping = { shift, ...range };
  const scaled = rewriter.add(node, 'scaled', { op: 'requantize', operands, attributes: dropping });
  const second = rewriter.constant(`${node.name}_x`, [rows, rank], left, ternary);
  rewriter.replace(node, { op: 'matmul', operands: [scaled, second, ...biasOperand(rewriter, node, bias)] });
}

function parts(rewriter: Rewriter, node: Node): { readonly x: Operand; readonly shape: readonly number[] } {
  const [x, w] = node.operands;
  const shape = w && rewriter.consts.get(w.name)?.tensor.type.shape;
  invariant(x && shape, 'a layer without weights');
  return { x, shape };
}
