import { toFrames, type NdArray } from '../../compiler/data/index.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { loadModel } from '../../compiler/driver.ts';
import { runPipeline } from '../../compiler/pipeline.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import {
  decideInputs,
  planFor,
  quantizeGraph,
  samplesOf,
  type Quantized,
  type QuantizeRequest,
  type ScaleChoice,
} from '../../compiler/quantize/index.ts';
import { dataPath, readData } from './data.ts';

/** Some samples of an array, from sample `from` on. */
export function part(path: string, array: string | undefined, from: number, count: number): NdArray {
  const { dtype, shape, data } = readData(path, array);
  const size = shape.slice(1).reduce((product, n) => product * n, 1);
  return { dtype, shape: [count, ...shape.slice(1)], data: data.slice(from * size, (from + count) * size) };
}

/** What `qcc quantize` makes of a float network with one input. */
export async function quantizedBy(path: string, data: NdArray, request: QuantizeRequest): Promise<Quantized> {
  const diagnostics = new Diagnostics();
  const source = await loadModel(dataPath(path), { diagnostics });
  const prepared = runPipeline(source, { diagnostics, stopAfter: 'remove-dead' });
  const graph = decideInputs(prepared, [data], diagnostics);
  const [input] = graph.inputs;
  if (input === undefined) throw new Error('an input expected');
  const frames = toFrames(data, input, { what: 'calibration' });
  const samples = samplesOf(graph, [frames], frames.count);
  const result = quantizeGraph(graph, planFor(graph, request), { samples, diagnostics });
  diagnostics.throwIfErrors();
  return result;
}

/** What `qcc quantize --method int8` makes of a float network with one input. */
export async function quantized(path: string, data: NdArray, scales: ScaleChoice): Promise<Graph> {
  return (await quantizedBy(path, data, { method: 'int8', scales })).graph;
}
