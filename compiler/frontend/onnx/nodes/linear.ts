import { shapeMismatch, unsupportedUse } from '../../../diagnostics/catalog/frontend-nodes.ts';
import type { Operand } from '../../../qir/graph.ts';
import { dimsOf } from '../bound.ts';
import type { Value } from '../bound.ts';
import { makeTensor, mapped, transposed, withDims } from '../constants.ts';
import type { Conversion, Good } from '../conversion.ts';
import { inSourceOrder } from '../placed.ts';
import { sameShape, showShape } from '../shapes.ts';
import { checkFinite } from './checks.ts';
import type { Converter } from './registry.ts';

/** A constant matrix, plain or quantized, and how it stands. */
type Weights = Extract<Good, { kind: 'const' | 'quantized' }>;

function isWeights(bound: Good): bound is Weights {
  return bound.kind !== 'value';
}

/** The weights as the [out, in] operand of matmul; `outFirst` says whether they already stand that way. */
function weightOperand(c: Conversion, weights: Weights, outFirst: boolean): Operand {
  const perm = [1, 0];
  if (weights.kind === 'quantized')
    return c.emitter.weight(weights.weight, 2, c.where, outFirst ? undefined : perm);
  checkFinite(c, 'weights', weights.tensor);
  return c.emitter.exactConstant(outFirst ? weights.tensor : transposed(weights.tensor, perm), c.where);
}

/** Emits x * W for x with the contracted axis last. */
function emitMatmul(c: Conversion, x: Value, weights: Weights, outFirst: boolean, suffix = ''): Value {
  const [rows = 0, columns = 0] = dimsOf(weights);
  const [outs, ins] = outFirst ? [rows, columns] : [columns, rows];
  if (x.dims.at(-1) !== ins) {
    c.fail(
      shapeMismatch(
        c.where,
        `${showShape(x.dims)} times ${showShape(dimsOf(weights))}`,
        'equal inner dimensions',
      ),
    );
  }
  const dims = [...x.dims.slice(0, -1), outs];
  // One row is a vector in QIR, whether ONNX writes it as [1, n] or as [n].
  const operand = weightOperand(c, weights, outFirst);
  return c.emitter.emit('matmul', [x.operand, operand], {}, inSourceOrder(dims), c.source([], suffix));
}

/** Swaps the last two axes. */
function swapped(c: Conversion, x: Value): Value {
  const perm = x.dims.map((_, i) => i);
  perm.splice(-2, 2, perm.length - 1, perm.length - 2);
  return c.emitter.transpose(x, perm, c.source([], '_t'));
}

/** Drops leading 1-axes of a weight down to two: they only repeat the matrix once. */
function matrix(c: Conversion, weights: Weights): Weights {
  const dims = dimsOf(weights);
  if (dims.length === 2) return weights;
  if (dims.length < 2 || dims.slice(0, -2).some((n) => n !== 1)) {
    c.fail(unsupportedUse(c.where, `weights of shape ${showShape(dims)}`, 'one matrix of weights'));
  }
  const to = dims.slice(-2);
  if (weights.kind === 'const') return { kind: 'const', tensor: withDims(weights.tensor, to) };
  const { weight } = weights;
  const parameters = weight.parameters.map((p) => withDims(p, p.dims.length > 2 ? p.dims.slice(-2) : p.dims));
  return { kind: 'quantized', weight: { ...weight, x: withDims(weight.x, to), parameters } };
}

function refuseTwoValues(c: Conversion): never {
  return c.fail(
    unsupportedUse(
      c.where,
      'a product of two computed tensors',
      'constant or quantized constant weights on one side',
      'attention-like products are not supported',
    ),
  );
}

/** Both sides constant: a network computes nothing there, but weights prepared by a product do occur. */
function refuseTwoConstants(c: Conversion): never {
  return c.fail(
    unsupportedUse(
      c.where,
      'a product of two constants',
      'a computed tensor on one side',
      'fold constants first',
    ),
  );
}

function matmul(c: Conversion): void {
  c.expectInputs(2);
  const [a, b] = [c.real(0), c.real(1)];
  if (!isWeights(a) && !isWeights(b)) refuseTwoValues(c);
  if (isWeights(a) && isWeights(b)) refuseTwoConstants(c);
  if (isWeights(b) && !isWeights(a)) {
    const x = c.sourceOrder(a.value);
    if (dimsOf(b).length === 1 && b.kind === 'const') {
      // A vector on the right stands for one column, which the result does not keep.
      const column: Weights = { kind: 'const', tensor: withDims(b.tensor, [b.tensor.data.length, 1]) };
      const product = emitMatmul(c, x, column, false);
      c.setValue(
        0,
        c.emitter.reshape(product, inSourceOrder(product.dims.slice(0, -1)), c.source([], '_drop')),
      );
      return;
    }
    c.setValue(0, emitMatmul(c, x, matrix(c, b), false));
    return;
  }
  if (isWeights(a) && !isWeights(b)) {
    // W * x = (x^T * W^T)^T, and W stands [out, in] already.
    const x = c.sourceOrder(b.value);
    if (x.dims.length === 1) {
      c.setValue(0, emitMatmul(c, x, matrix(c, a), true));
      return;
    }
    c.setValue(0, swapped(c, emitMatmul(c, swapped(c, x), matrix(c, a), true)));
  }
}

/** alpha * A' * B' + beta * C, where A' and B' may be transposed. */
function gemm(c: Conversion): void {
  c.expectInputs(2, 3);
  const [a, b] = [c.real(0), c.real(1)];
  const alpha = c.attributes.float('alpha') ?? 1;
  const beta = c.attributes.float('beta') ?? 1;
  const transA = c.attributes.flag('transA', false);
  const transB = c.attributes.flag('transB', false);
  for (const bound of [a, b]) {
    if (dimsOf(bound).length !== 2) {
      c.fail(shapeMismatch(c.where, `an operand of shape ${showShape(dimsOf(bound))}`, 'matrices'));
    }
  }
  if (!isWeights(a) && !isWeights(b)) refuseTwoValues(c);
  if (isWeights(a) && isWeights(b)) refuseTwoConstants(c);
  let y: Value;
  if (!isWeights(a) && isWeights(b)) {
    y = emitMatmul(c, transA ? swapped(c, a.value) : a.value, b, transB);
  } else if (isWeights(a) && !isWeights(b)) {
    y = swapped(c, emitMatmul(c, transB ? b.value : swapped(c, b.value), a, !transA));
  } else return;

  if (alpha !== 1) {
    const factor: Good = {
      kind: 'const',
      tensor: makeTensor(`${c.node.label}_alpha`, 'float32', [], [alpha]),
    };
    y = scaled(c, y, factor, '_alpha');
  }
  const bias = c.optional(2) && c.real(2);
  if (bias && beta !== 0) {
    const dims = c.broadcast(y.dims, dimsOf(bias));
    if (!sameShape(dims, y.dims)) {
      c.fail(
        shapeMismatch(
          c.where,
          `a bias of shape ${showShape(dimsOf(bias))} for ${showShape(y.dims)}`,
          'a shape that broadcasts',
        ),
      );
    }
    y = add(c, y, betaTimes(c, bias, beta), '_bias');
  }
  c.setValue(0, y);
}

function scaled(c: Conversion, x: Value, factor: Good, suffix: string): Value {
  const operand = c.emitter.operand(factor, x, c.where);
  return c.emitter.emit('mul', [x.operand, operand], {}, x, c.source([], suffix));
}

function betaTimes(c: Conversion, bias: Good, beta: number): Good {
  if (bias.kind === 'const') {
    checkFinite(c, 'bias', bias.tensor);
    if (beta === 1) return bias;
    return { kind: 'const', tensor: mapped(bias.tensor, 'float32', (x) => beta * x) };
  }
  if (beta === 1) return bias;
  const factor: Good = { kind: 'const', tensor: makeTensor(`${c.node.label}_beta`, 'float32', [], [beta]) };
  const placed = inSourceOrder(dimsOf(bias));
  const operand = c.emitter.operand(bias, placed, c.where);
  const plain: Value = { operand, elem: { kind: 'float32' }, ...placed, content: 'real' };
  return { kind: 'value', value: scaled(c, plain, factor, '_beta') };
}

function add(c: Conversion, x: Value, bias: Good, suffix: string): Value {
  return c.emitter.emit('add', [x.operand, c.emitter.operand(bias, x, c.where)], {}, x, c.source([], suffix));
}

export const linearConverters: readonly Converter[] = [
  { opTypes: ['MatMul'], domains: [''], attributes: [], convert: matmul },
  {
    opTypes: ['Gemm'],
    domains: [''],
    since: 7,
    attributes: ['alpha', 'beta', 'transA', 'transB'],
    convert: gemm,
  },
];
