import { GraphBuilder, uint, float32, createEvaluator, type Value } from '../../compiler/qir/index.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { runPipeline } from '../../compiler/pipeline.ts';
import type { BinaryLayer, FirstLayer, GroupNet } from '../../compiler/quantize/groupnet/index.ts';

/**
 * The integers that the same network gives as real-form QIR with quantizers, by way of `integerize`: another opinion on networks of one base a
 * layer and one branch a group, whose scales are powers of two.
 */
export function plainNetwork(net: GroupNet, image: Uint8Array): number[] {
  const g = new GraphBuilder('plain', { form: 'real' });
  const scale = typeof net.input.scale === 'number' ? net.input.scale : NaN;
  const numbers = (data: ArrayLike<number>, shape: readonly number[]) => ({ elem: float32, shape, data });
  const product = (
    x: Value,
    w: Value | ReturnType<typeof numbers>,
    { shape, stride = 1, pad = 0 }: Pick<BinaryLayer, 'shape' | 'stride' | 'pad'>,
  ): Value =>
    shape.length === 2
      ? g.op('matmul', [x, w])
      : g.op('conv2d', [x, w], { strides: [stride, stride], pads: [pad, pad, pad, pad] });
  const norm = (x: Value, { norm: n }: Pick<FirstLayer, 'norm'>): Value => {
    const channels = [n.gamma.length];
    const parts = [n.gamma, n.beta, n.mean, n.variance].map((part) => numbers(part, channels));
    return g.op('batchnorm', [x, ...parts], { epsilon: n.epsilon ?? 1e-5 });
  };
  const quantized = (x: Value, { bits, limit = 1 }: GroupNet['activation']): Value =>
    bits === 1
      ? g.op('bipolar_quant', [x, numbers([limit], [])])
      : g.op('quant', [x, numbers([limit / (2 ** bits - 1)], []), numbers([0], [])], {
          min: 0,
          max: 2 ** bits - 1,
          rounding: 'HALF_UP',
        });
  const binary = (x: Value, layer: BinaryLayer): Value => {
    const [base] = layer.bases;
    if (base === undefined) throw new Error('a base expected');
    const filters = layer.shape[0] ?? 1;
    const weights = g.op('bipolar_quant', [
      numbers(base.weights, layer.shape),
      numbers(base.alpha ?? [], [filters, ...layer.shape.slice(1).map(() => 1)]),
    ]);
    return norm(product(x, weights, layer), layer);
  };

  const { first, last } = net;
  const filters = first.shape[0] ?? 1;
  const size = first.levels.length / filters;
  const weights = Float32Array.from(
    { length: first.levels.length },
    (_, i) => (first.levels[i] ?? 0) * (first.scale[Math.floor(i / size)] ?? 0),
  );
  let y = norm(
    product(g.input('pixels', uint(8), net.input.shape, { scale }), numbers(weights, first.shape), first),
    first,
  );
  if (first.pool !== undefined) {
    const { kernel, stride, pad } = first.pool;
    y = g.maxpool(y, [kernel, kernel], { strides: [stride, stride], pads: [pad, pad, pad, pad] });
  }
  net.groups.forEach(({ branches }) => {
    for (const { layers, skip } of branches[0]?.blocks ?? []) {
      const x = quantized(y, net.activation);
      y = x;
      layers.forEach((layer, i) => {
        y = binary(i === 0 ? x : quantized(y, net.activation), layer);
      });
      if (skip !== 'none') y = g.op('add', [y, skip === 'identity' ? x : binary(x, skip)]);
    }
  });
  y = quantized(y, last.activation);
  const [height = 1, width = 1, channels = 1] =
    y.type.shape.length === 3 ? y.type.shape : [1, 1, y.type.shape[0]];
  if (y.type.shape.length === 3) {
    y = g.reshape(g.op('avgpool', [y], { kernel: [height, width] }), [channels]);
  }
  y = g.op('matmul', [
    y,
    numbers(
      Float32Array.from(last.levels, (w) => w * last.scale),
      last.shape,
    ),
  ]);
  y = g.op('add', [y, numbers(last.bias ?? [], [last.bias?.length ?? 0])]);
  g.output(y);
  const integer = runPipeline(g.build(), { diagnostics: new Diagnostics() });
  const [input] = integer.inputs;
  if (input === undefined) throw new Error('an input expected');
  return [
    ...createEvaluator(integer)
      .run({ pixels: { type: input.type, data: image } })
      .values(),
  ].flatMap((t) => Array.from(t.data));
}
