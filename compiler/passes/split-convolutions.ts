import { invariant } from '../diagnostics/index.ts';
import type { Attribute, Node, Operand } from '../qir/graph.ts';
import { getNumberOr, getNumbersOr } from '../qir/ops/attributes.ts';
import { isPadded, slide, type Geometry } from '../qir/ops/geometry.ts';
import { elementCount, valueRange, type Tensor, type TensorType } from '../qir/types.ts';
import { GraphEditor } from './graph-editor.ts';
import { tensorOf } from './integerize/builder.ts';
import { narrowest } from './integerize/weights.ts';
import type { Pass } from './pass.ts';

/**
 * Takes convolutions and pools apart into what hardware has units for: `windows`, which slides over the image, and a product or a
 * reduction of each window.
 */
export const splitConvolutions: Pass = {
  name: 'split-convolutions',
  doc: 'Takes convolutions and pools apart into windows and products or reductions of windows.',
  requires: ['integer-form'],
  establishes: ['convolutions-split', 'no-dead-nodes'],
  run: (graph) => {
    const editor = new GraphEditor(graph);
    for (const node of graph.nodes) {
      if (node.op === 'conv2d') splitConvolution(editor, node);
      else if (node.op === 'maxpool') splitPool(editor, node);
      else editor.keep(node);
    }
    return editor.finish(graph);
  },
};

/** What a convolution or a pool slides over: its operand, and where the windows lie. */
interface Image {
  readonly x: Operand;
  readonly type: TensorType;
  readonly geometry: Geometry;
}

function image(editor: GraphEditor, node: Node, kernel: readonly number[]): Image {
  const [x] = node.operands;
  invariant(x, `${node.op} without an operand`);
  const type = editor.typeOf(x);
  const [height = 1, width = 1] = kernel;
  const geometry = slide(type.shape, height, width, node.attributes);
  invariant(!('message' in geometry), `${node.op} was typed before`);
  return { x, type, geometry };
}

function splitConvolution(editor: GraphEditor, node: Node): void {
  const [, wName, bias] = node.operands;
  const w = wName && editor.tensor(wName);
  invariant(w, 'conv2d without constant weights');
  const [kernels = 1, height = 1, width = 1, inputs = 1] = w.type.shape;
  const from = image(editor, node, [height, width]);
  const groups = getNumberOr(node.attributes, 'groups', 1);
  const { channels } = from.geometry;
  const biases = bias === undefined ? [] : [bias];
  const taps = height * width;
  const isDepthwise = groups > 1 && groups === channels && kernels === channels;
  if (isDepthwise) {
    const rows = windowRows(editor, node, from, taps, getNumberOr(node.attributes, 'pad_value', 0));
    // [C, KH, KW, 1] to [T, C]
    const data = Float64Array.from(
      w.data,
      (_, i) => w.data[(i % channels) * taps + Math.floor(i / channels)] ?? 0,
    );
    const weights = editor.constant(`${node.name}_taps`, tensorOf(w.type.elem, [taps, channels], data));
    editor.replace(node, { op: 'depthwise', operands: [rows, weights, ...biases] });
    return;
  }
  const dense = groups === 1 ? w : withZeros(w, groups, inputs);
  const matrix = tensorOf(dense.type.elem, [kernels, taps * channels], dense.data);
  const weights = editor.constant(`${node.name}_matrix`, matrix);
  const shape = node.type.shape;
  const operands = (x: Operand): Operand[] => [x, weights, ...biases];
  const { geometry } = from;
  if (isPointwise(geometry)) {
    editor.replace(node, { op: 'matmul', operands: operands(from.x) });
  } else if (coversImage(geometry)) {
    const attributes = { shape: [1, 1, taps * channels] };
    const flat = editor.add(node, 'flat', { op: 'reshape', operands: [from.x], attributes });
    editor.replace(node, { op: 'matmul', operands: operands(flat) });
  } else {
    const rows = windowRows(editor, node, from, taps, getNumberOr(node.attributes, 'pad_value', 0));
    const attributes = { shape: [shape[0] ?? 1, shape[1] ?? 1, taps * channels] };
    const flat = editor.add(node, 'flat', { op: 'reshape', operands: [rows], attributes });
    editor.replace(node, { op: 'matmul', operands: operands(flat) });
  }
}

/** Every pixel is a window of its own. */
function isPointwise(geometry: Geometry): boolean {
  return (
    [geometry.y, geometry.x].every((axis) => axis.kernel === 1 && axis.stride === 1) && !isPadded(geometry)
  );
}

/** The only window is the image. */
function coversImage(geometry: Geometry): boolean {
  return (
    [geometry.y, geometry.x].every((axis) => axis.kernel === axis.size && axis.dilation === 1) &&
    !isPadded(geometry)
  );
}

/** The weights of a grouped convolution with zeros for the channels of other groups. */
function withZeros(w: Tensor, groups: number, inputs: number): Tensor {
  const [kernels = 1, height = 1, width = 1] = w.type.shape;
  const channels = inputs * groups;
  const data = new Float64Array(kernels * height * width * channels);
  for (let i = 0; i < w.data.length; i++) {
    const input = i % inputs;
    const tap = Math.floor(i / inputs);
    const kernel = Math.floor(tap / (height * width));
    const group = Math.floor(kernel / (kernels / groups));
    data[tap * channels + group * inputs + input] = w.data[i] ?? 0;
  }
  const elem = narrowest(data);
  invariant(elem, 'weights were integers before');
  return tensorOf(elem, [kernels, height, width, channels], data);
}

function splitPool(editor: GraphEditor, node: Node): void {
  const kernel = getNumbersOr(node.attributes, 'kernel', [1, 1]);
  const from = image(editor, node, kernel);
  const { geometry, type } = from;
  if (coversImage(geometry)) {
    const [height = 1, width = 1, channels = 1] = type.shape;
    const attributes = { shape: [1, height * width, channels] };
    const rows = editor.add(node, 'rows', { op: 'reshape', operands: [from.x], attributes });
    const most = editor.add(node, 'greatest', { op: 'reduce_max', operands: [rows] });
    const shape = { shape: node.type.shape };
    editor.replace(node, { op: 'reshape', operands: [most], attributes: shape });
    return;
  }
  // what is padded never wins: no element is less
  const rows = windowRows(editor, node, from, elementCount(kernel), valueRange(type.elem).min);
  editor.replace(node, { op: 'reduce_max', operands: [rows] });
}

/** The windows [OH, OW, T, C] of an image. */
function windowRows(editor: GraphEditor, node: Node, from: Image, taps: number, padValue: number): Operand {
  const { geometry, x } = from;
  const { y: vertical, x: horizontal, channels } = geometry;
  if (coversImage(geometry)) {
    const attributes = { shape: [1, 1, taps, channels] };
    return editor.add(node, 'rows', { op: 'reshape', operands: [x], attributes });
  }
  if (isPointwise(geometry)) {
    const attributes = { shape: [vertical.size, horizontal.size, 1, channels] };
    return editor.add(node, 'rows', { op: 'reshape', operands: [x], attributes });
  }
  const own = ['strides', 'pads', 'dilations'].flatMap((name): [string, Attribute][] => {
    const attribute = node.attributes[name];
    return attribute === undefined ? [] : [[name, attribute]];
  });
  const attributes: Record<string, Attribute> = {
    kernel: [vertical.kernel, horizontal.kernel],
    ...Object.fromEntries(own),
  };
  if (isPadded(geometry) && padValue !== 0) attributes['pad_value'] = padValue;
  return editor.add(node, 'windows', { op: 'windows', operands: [x], attributes });
}
