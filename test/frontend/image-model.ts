import { int64s, node, scalar, tensor } from './onnx-writer.ts';
import type { ModelSpec } from './onnx-writer.ts';
import { filled } from './ort-images.ts';

const domain = 'qonnx.custom_op.general';

/** A small model with every operator that works on images, so that damage reaches every converter. */
export const imageModel: ModelSpec = {
  nodes: [
    node('Pad', ['x', 'pads', 'zero'], ['padded'], { mode: 'constant' }),
    node('Quant', ['w', 'scales', 'zero', 'bits'], ['wq'], { signed: 1, narrow: 1 }, domain),
    node('Conv', ['padded', 'wq', 'b'], ['a'], {
      kernel_shape: [3, 2],
      strides: [1, 2],
      dilations: [1, 1],
      pads: [1, 0, 1, 1],
      group: 1,
    }),
    node('BatchNormalization', ['a', 'g', 'g', 'g', 'g'], ['n']),
    node('PRelu', ['n', 'slope'], ['p']),
    node('MaxPool', ['p'], ['m'], {
      kernel_shape: [2, 2],
      strides: [1, 1],
      pads: [1, 0, 0, 1],
      ceil_mode: 1,
    }),
    node('AveragePool', ['p'], ['v'], { kernel_shape: [2, 2], auto_pad: 'SAME_UPPER', count_include_pad: 1 }),
    node('Conv', ['p', 'wd'], ['d'], { group: 4, auto_pad: 'SAME_LOWER' }),
    node('Add', ['v', 'd'], ['sum']),
    node('Sigmoid', ['sum'], ['sg']),
    node('Concat', ['sum', 'sg', 'p'], ['c'], { axis: 1 }),
    node('Split', ['c', 'parts'], ['s0', 's1'], { axis: 1 }),
    node('Slice', ['s0', 'from', 'to', 'axes'], ['sl']),
    node('DepthToSpace', ['sl'], ['ds'], { blocksize: 2, mode: 'CRD' }),
    node('Resize', ['s1', '', 'twice'], ['r'], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    }),
    node('ConvTranspose', ['r', 'wt'], ['t'], {
      strides: [2, 1],
      output_padding: [1, 0],
      group: 2,
      pads: [0, 1, 1, 0],
    }),
    node('LeakyRelu', ['t'], ['l'], { alpha: { float: 0.25 } }),
    node('Transpose', ['l'], ['tr'], { perm: [0, 2, 3, 1] }),
    node('QuantAvgPool2d', ['m'], ['q'], { kernel: 2, stride: 1, ibits: 4, obits: 4, signed: 1 }, domain),
    node('ReduceMean', ['tr'], ['rm'], { axes: [1, 2], keepdims: 0 }),
    node('GlobalAveragePool', ['ds'], ['ga']),
    node('Flatten', ['ga'], ['f0']),
    node('Flatten', ['q'], ['f1']),
    node('Concat', ['rm', 'f0', 'f1'], ['f'], { axis: 1 }),
    node('Tanh', ['f'], ['y']),
  ],
  inputs: [{ name: 'x', dims: ['batch', 3, 4, 7] }],
  outputs: [{ name: 'y' }],
  initializers: {
    pads: int64s(0, 0, 1, 0, 0, 0, 0, 1),
    zero: scalar(0),
    bits: scalar(4),
    scales: tensor([4, 1, 1, 1], [1, 0.5, 2, 1]),
    w: filled([4, 3, 3, 2]),
    b: tensor([4], [1, -1, 2, 0]),
    g: tensor([4], [1, 2, 0.5, 1]),
    slope: tensor([4, 1, 1], [0.5, 0.25, 2, 1]),
    wd: filled([4, 1, 3, 3]),
    parts: int64s(8, 4),
    from: int64s(0, 1),
    to: int64s(4, 2 ** 40),
    axes: int64s(1, 2),
    twice: tensor([4], [1, 1, 2, 2]),
    wt: filled([4, 2, 2, 3]),
  },
  customOpsets: { [domain]: 1 },
};
