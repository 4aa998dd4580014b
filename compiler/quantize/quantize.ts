import {
  alreadyQuantized,
  calibrationNotFinite,
  noCalibration,
  nothingToQuantize,
  poorChoice,
  signsOfPositives,
} from '../diagnostics/catalog/quantize.ts';
import { fail, invariant, type Diagnostics } from '../diagnostics/index.ts';
import { sourceName, whereOf, withoutDeadNodes } from '../passes/graph-edit.ts';
import { createEvaluator } from '../qir/evaluate.ts';
import type { Graph, Node } from '../qir/graph.ts';
import type { Tensor } from '../qir/types.ts';
import type { Grid } from './activations/grid.ts';
import { Histogram } from './activations/histogram.ts';
import { quantizationPoints, type Points } from './activations/points.ts';
import { chooseGrids, isSign, type GridOptions } from './activations/scales.ts';
import { biasNumbers, biasOf, insertQuantizers, operandGrid, type QuantizedLayer } from './insert.ts';
import { inIntegers } from './integers.ts';
import { layerMatrix, layersOf, type LayerMatrix } from './layers.ts';
import { lossOf, type LayerLoss } from './loss.ts';
import type { Layer } from './method.ts';
import type { QuantizePlan } from './plan.ts';
import { withValues } from './values.ts';

/** What quantization works with. */
export interface QuantizeContext {
  /** Calibration samples: one tensor an input, by name, of the inputs' types. At least one. */
  readonly samples: readonly Readonly<Record<string, Tensor>>[];
  readonly diagnostics: Diagnostics;
  /** Called with the number of samples that have been seen. */
  readonly progress?: (seen: number) => void;
}

/** One value that was given a quantizer. */
export interface QuantizedValue {
  /** Name of the value in the graph, and of the nodes it came from in the source model. */
  readonly value: string;
  readonly source: readonly string[];
  /** Least and greatest number that calibration saw. */
  readonly seen: { readonly min: number; readonly max: number };
  readonly levels: { readonly min: number; readonly max: number };
  readonly scale: number;
}

/** A graph in integer form, or in real form with quantizers, and what was chosen and lost on the way. */
export interface Quantized {
  readonly graph: Graph;
  readonly values: readonly QuantizedValue[];
  readonly layers: readonly LayerLoss[];
}

const quantizers: ReadonlySet<string> = new Set(['quant', 'bipolar_quant', 'multithreshold', 'trunc']);

/** What each of the points holds over the calibration samples. */
function observe(graph: Graph, points: Points, context: QuantizeContext): ReadonlyMap<string, Histogram> {
  const evaluator = createEvaluator(graph);
  const seen = new Map(points.values.map((name) => [name, new Histogram()]));
  for (const [index, sample] of context.samples.entries()) {
    const values = evaluator.run(sample, { taps: points.values });
    for (const [name, histogram] of seen) {
      const bad = histogram.add(values.get(name)?.data ?? []);
      const node = graph.nodes.find((candidate) => candidate.name === name);
      if (bad !== undefined && node !== undefined)
        fail(calibrationNotFinite(whereOf(node), sourceName(node), index, String(bad)));
    }
    context.progress?.(index + 1);
  }
  return seen;
}

/** The value behind a layer that gets a quantizer: the first one on the way, as long as there is one way. */
function pointBehind(graph: Graph, points: Points, layer: string): string | undefined {
  for (let at = layer; ;) {
    if (points.values.includes(at)) return at;
    const readers = graph.nodes.filter((node) =>
      node.operands.some((o) => o.kind === 'value' && o.name === at),
    );
    const [reader] = readers;
    if (reader === undefined || readers.length > 1) return undefined;
    at = reader.name;
  }
}

/**
 * Post-training quantization: weights by the methods of the plan, activations by calibration. The scales of activations are those with the least
 * expected error; values that hold nothing negative are unsigned, zero is always level 0.
 *
 * @param graph in real form, its inputs carry integers
 * @throws DiagnosticError for a graph that cannot be quantized, or a layer that its method cannot take
 */
export function quantizeGraph(graph: Graph, plan: QuantizePlan, context: QuantizeContext): Quantized {
  const before = graph.nodes.find((node) => quantizers.has(node.op));
  if (before !== undefined) fail(alreadyQuantized(whereOf(before), sourceName(before), before.op));
  if (layersOf(graph).length === 0) fail(nothingToQuantize(graph.name));
  // before the samples run through them
  const matrices = new Map(layersOf(graph).map((node) => [node.name, layerMatrix(graph, node)]));
  if (context.samples.length === 0) fail(noCalibration());
  const { diagnostics } = context;
  const points = quantizationPoints(graph);
  const isFloat = plan.activations.kind === 'float';
  const seen = observe(graph, points, context);
  const exponents = new Map(
    [...plan.exponents].flatMap(([layer, exponent]) => {
      const point = pointBehind(graph, points, layer);
      return point === undefined ? [] : [[point, exponent] as const];
    }),
  );
  const options: GridOptions | undefined =
    plan.activations.kind === 'float'
      ? undefined
      : {
          scales: plan.scales,
          levels: plan.activations,
          arithmetic: plan.arithmetic,
          exponents,
        };
  const grids = options === undefined ? new Map<string, Grid>() : chooseGrids(graph, points, seen, options);
  if (options !== undefined) warnOfSigns(graph, grids, seen, options, diagnostics);
  const layers = new Map<string, QuantizedLayer>();
  for (const node of layersOf(graph))
    layers.set(node.name, quantizeLayer(graph, node, matrices.get(node.name), points, grids, plan));
  for (const node of layersOf(graph))
    for (const advice of layers.get(node.name)?.coded.advice ?? [])
      diagnostics.add(
        poorChoice(whereOf(node), sourceName(node), plan.layers.get(node.name)?.method.name ?? '', advice),
      );
  const losses = lossOf(graph, layers, plan, context.samples);
  if (isFloat || options === undefined)
    return { graph: withValues(graph, layers), values: [], layers: losses };
  const halfUp = plan.scales === 'pow2' && plan.arithmetic === 'integer';
  const quantized = withoutDeadNodes(insertQuantizers(graph, grids, layers, { ...options, halfUp }));
  return {
    graph: plan.arithmetic === 'integer' ? inIntegers(quantized, layers, diagnostics) : quantized,
    values: points.values.map((value) => valueOf(graph, value, seen, grids)),
    layers: losses,
  };
}

/** Warns of values that are rounded to their signs where calibration saw nothing negative. */
function warnOfSigns(
  graph: Graph,
  grids: ReadonlyMap<string, Grid>,
  seen: ReadonlyMap<string, Histogram>,
  options: GridOptions,
  diagnostics: Diagnostics,
): void {
  for (const node of graph.nodes) {
    const grid = grids.get(node.name);
    if (grid !== undefined && isSign(grid, options) && (seen.get(node.name)?.min ?? 0) >= 0)
      diagnostics.add(signsOfPositives(whereOf(node), sourceName(node)));
  }
}

function valueOf(
  graph: Graph,
  value: string,
  seen: ReadonlyMap<string, Histogram>,
  grids: ReadonlyMap<string, Grid>,
): QuantizedValue {
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
}

/** The layer by its method: the integers of its weights, and what becomes of its bias. */
function quantizeLayer(
  graph: Graph,
  node: Node,
  weights: LayerMatrix | undefined,
  points: Points,
  grids: ReadonlyMap<string, Grid>,
  plan: QuantizePlan,
): QuantizedLayer {
  const choice = plan.layers.get(node.name);
  const [x] = node.operands;
  invariant(choice && x && weights, 'a plan for every layer');
  const { matrix, groups } = weights;
  const isFloat = plan.activations.kind === 'float';
  const input = isFloat ? undefined : operandGrid(graph, grids, x.name);
  const isLast = points.last.has(node.name);
  const add = biasOf(graph, node);
  const numbers = add && biasNumbers(graph, add, matrix.rows);
  const scale = input?.scale ?? 1;
  const reach = isLast && numbers !== undefined ? Math.max(...numbers.map(Math.abs)) / scale : 0;
  const layer: Layer = {
    node,
    matrix,
    groups,
    isLast,
    onPower: isLast && plan.arithmetic === 'float32',
    input,
    bias: reach,
  };
  const coded = choice.method.quantize(layer, choice.values);
  const sums = coded.scales.map((s) => s * scale);
  const onPowers = sums.every((s) => Number.isInteger(Math.log2(s)));
  const isExact = sums.every((s) => Math.fround(s) === s);
  const treatment =
    plan.arithmetic === 'float32'
      ? isLast && isExact
        ? 'rounded'
        : 'float'
      : isLast
        ? 'taken'
        : plan.scales === 'pow2' && onPowers
          ? 'rounded'
          : 'float';
  return {
    coded,
    sums,
    bias: add && numbers && { node: add, numbers, treatment: input === undefined ? 'float' : treatment },
  };
}
