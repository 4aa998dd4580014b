import { Diagnostics, DiagnosticError } from '../../compiler/diagnostics/index.ts';
import { GraphBuilder } from '../../compiler/qir/builder.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { elementCount, float32, uint, type Tensor } from '../../compiler/qir/types.ts';
import {
  planFor,
  quantizeGraph,
  type Quantized,
  type QuantizeRequest,
} from '../../compiler/quantize/index.ts';
import { numbers } from './network.ts';

/** What may be different in a small network. */
export interface Small {
  readonly groups?: number;
  /** Instead of random weights of the convolution. */
  readonly weights?: readonly number[];
}

/** Images of 6x6 pixels and four channels, a convolution with bias and relu, pooling, a layer with bias: 3 sums. */
export function small(seed: number, { groups = 1, weights }: Small = {}): Graph {
  const random = numbers(seed);
  const g = new GraphBuilder('small', { form: 'real' });
  const tensor = (shape: readonly number[], data?: readonly number[]) => ({
    elem: float32,
    shape,
    data: data ?? Array.from({ length: elementCount(shape) }, () => Math.fround(random() * 0.4)),
  });
  const x = g.input('pixels', uint(8), [6, 6, 4], { scale: { numerator: 1, denominator: 256 } });
  const shape = [4, 3, 3, 4 / groups];
  const sums = g.op('conv2d', [x, tensor(shape, weights)], { pads: [1, 1, 1, 1], groups }, { name: 'conv' });
  const relu = g.op('relu', [g.op('add', [sums, tensor([4])], {}, { name: 'biased' })], {}, { name: 'relu' });
  const pooled = g.op('maxpool', [relu], { kernel: [2, 2], strides: [2, 2] }, { name: 'pool' });
  const flat = g.op('reshape', [pooled], { shape: [36] }, { name: 'flat' });
  const logits = g.op('matmul', [flat, tensor([3, 36])], {}, { name: 'dense' });
  g.output(g.op('add', [logits, tensor([3])], {}, { name: 'logits' }));
  return g.build();
}

/** A single layer of `rows` sums over `columns` inputs, with a bias. */
export function single(
  seed: number,
  rows: number,
  columns: number,
): { readonly graph: Graph; readonly weights: number[] } {
  const random = numbers(seed);
  const weights = Array.from({ length: rows * columns }, () => Math.fround(random() * 0.4));
  const g = new GraphBuilder('single', { form: 'real' });
  const x = g.input('x', uint(8), [columns], { scale: { numerator: 1, denominator: 256 } });
  const sums = g.op(
    'matmul',
    [x, { elem: float32, shape: [rows, columns], data: weights }],
    {},
    { name: 'dense' },
  );
  const bias = Array.from({ length: rows }, () => Math.fround(random()));
  g.output(g.op('add', [sums, { elem: float32, shape: [rows], data: bias }], {}, { name: 'sums' }));
  return { graph: g.build(), weights };
}

/** Random samples for the only input of a graph. */
export function samplesFor(graph: Graph, seed: number, count: number): Record<string, Tensor>[] {
  const random = numbers(seed);
  const [input] = graph.inputs;
  if (input === undefined) throw new Error('an input expected');
  const size = elementCount(input.type.shape);
  return Array.from({ length: count }, () => ({
    [input.name]: {
      type: input.type,
      data: Uint8Array.from({ length: size }, () => Math.floor((random() + 1) * 128)),
    },
  }));
}

export function quantizeBy(
  graph: Graph,
  request: QuantizeRequest,
  count = 8,
): Quantized & { readonly warnings: string[] } {
  const diagnostics = new Diagnostics();
  const result = quantizeGraph(graph, planFor(graph, request), {
    samples: samplesFor(graph, 99, count),
    diagnostics,
  });
  return { ...result, warnings: diagnostics.all.map(({ code }) => code) };
}

/** The codes, and all that is said, of the diagnostics that something throws. */
export function diagnosticsOf(run: () => unknown): { readonly codes: string[]; readonly text: string } {
  try {
    run();
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return { codes: error.diagnostics.map(({ code }) => code), text: JSON.stringify(error.diagnostics) };
  }
  throw new Error('nothing was thrown');
}
