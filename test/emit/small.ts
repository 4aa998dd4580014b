import { freeze, type HwGraph, type HwNode } from '../../compiler/hw/index.ts';
import type { ElementType } from '../../compiler/qir/types.ts';

/** Input adapter, FIFO, output adapter: the smallest design, of plumbing only, so its outputs equal its inputs. */
export function smallDesign(
  elem: ElementType = { kind: 'int', bits: 5 },
  elements = 7,
  lanes = 3,
  name = 'passage',
): HwGraph {
  const stream = { elem, elements, lanes };
  const param = { elem: { ...elem }, elements, lanes };
  const node = (instance: string, unit: string, params: HwNode['params']): HwNode => ({
    name: instance,
    unit,
    params,
    consts: {},
    origin: { nodes: unit === 'fifo' ? ['Relu_3', 'a "quoted" /* name */\n`define'] : [] },
    value: '',
  });
  return freeze({
    name,
    clockMhz: 200,
    nodes: [
      node('source', 'stream_input', { stream: param }),
      node('buffered', 'fifo', { stream: param, depth: 3 }),
      node('sink', 'stream_output', { stream: param }),
    ],
    channels: [
      { name: 'pixels', stream, from: { node: '', port: 'pixels' }, to: { node: 'source', port: 's_axis' } },
      { name: 'x0', stream, from: { node: 'source', port: 'out' }, to: { node: 'buffered', port: 'in' } },
      { name: 'x1', stream, from: { node: 'buffered', port: 'out' }, to: { node: 'sink', port: 'in' } },
      { name: 'logits', stream, from: { node: 'sink', port: 'm_axis' }, to: { node: '', port: 'logits' } },
    ],
  });
}
