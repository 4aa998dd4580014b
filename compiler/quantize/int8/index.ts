import {
  alreadyQuantized,
  calibrationNotFinite,
  nothingToQuantize,
} from '../../diagnostics/catalog/quantize.ts';
import { fail } from '../../diagnostics/index.ts';
import { sourceName, whereOf } from '../../passes/graph-edit.ts';
import { createEvaluator } from '../../qir/evaluate.ts';
import type { Graph } from '../../qir/graph.ts';
import type { QuantizeMethod, QuantizeOptions } from '../method.ts';
import { Histogram } from './histogram.ts';
import { insertQuantizers } from './insert.ts';
import { inIntegers } from './integers.ts';
import { quantizationPoints, type Points } from './points.ts';
import { chooseGrids } from './scales.ts';

const quantizers: ReadonlySet<string> = new Set(['quant', 'bipolar_quant', 'multithreshold', 'trunc']);

/** What each of the points holds over the calibration samples. */
function observe(graph: Graph, points: Points, options: QuantizeOptions): ReadonlyMap<string, Histogram> {
  const evaluator = createEvaluator(graph);
  const seen = new Map(points.values.map((name) => [name, new Histogram()]));
  for (const [index, sample] of options.samples.entries()) {
    const values = evaluator.run(sample, { taps: points.values });
    for (const [name, histogram] of seen) {
      const bad = histogram.add(values.get(name)?.data ?? []);
      const node = graph.nodes.find((candidate) => candidate.name === name);
      if (bad !== undefined && node !== undefined)
        fail(calibrationNotFinite(whereOf(node), sourceName(node), index, String(bad)));
    }
    options.progress?.(index + 1);
  }
  return seen;
}

/**
 * Post-training quantization to 8 bits. Weights: symmetric, a scale for each output channel (for the last layer one power of two, so that
 * its sums leave as integers of one scale). Activations: one scale each, unsigned where calibration saw nothing negative, symmetric
 * otherwise, limits by least expected squared error. Biases, batch normalization and activation functions become one multiplication and shift
 * with the quantizer behind them, or stay float32 numbers.
 */
export const int8: QuantizeMethod = {
  name: 'int8',
  summary:
    'Post-training quantization of weights (per channel) and activations to 8 bits, by calibration data.',
  run: (graph, options) => {
    const before = graph.nodes.find((node) => quantizers.has(node.op));
    if (before !== undefined) fail(alreadyQuantized(whereOf(before), sourceName(before), before.op));
    const points = quantizationPoints(graph);
    if (!graph.nodes.some((node) => ['conv2d', 'matmul'].includes(node.op)))
      fail(nothingToQuantize(graph.name));
    const seen = observe(graph, points, options);
    const grids = chooseGrids(graph, points, seen, options.scales);
    const values = points.values.map((value) => {
      const histogram = seen.get(value);
      const grid = grids.get(value);
      const node = graph.nodes.find((candidate) => candidate.name === value);
      return {
        value,
        source: node?.origin.nodes ?? [],
        seen: { min: histogram?.min ?? 0, max: histogram?.max ?? 0 },
        levels: { min: grid?.min ?? 0, max: grid?.max ?? 0 },
        scale: grid?.scale ?? 1,
      };
    });
    const quantized = insertQuantizers(graph, points, grids);
    const integers = options.arithmetic === 'integer';
    return { graph: integers ? inIntegers(quantized, options.diagnostics) : quantized, values };
  },
};
