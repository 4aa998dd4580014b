import { createEvaluator, evaluateNode } from '../qir/evaluate.ts';
import { sourceName } from '../passes/graph-edit.ts';
import type { Graph, Node } from '../qir/graph.ts';
import { elementCount, float32, type Tensor } from '../qir/types.ts';
import type { QuantizedLayer } from './insert.ts';
import { layersOf } from './layers.ts';
import { operationsOf, type Operations } from './operations.ts';
import type { QuantizePlan } from './plan.ts';

/** Calibration samples at which the outputs of the layers are compared. */
const SAMPLES = 16;

/** What quantizing the weights of one layer cost. */
export interface LayerLoss {
  /** The layer as the model names it, and in the graph. */
  readonly layer: string;
  readonly value: string;
  readonly method: string;
  readonly weights: number;
  /** Bits that the method stores for each weight: codes and indices, without scales and factors. */
  readonly bitsPerWeight: number;
  /** Squared error of the weights over their squares. */
  readonly weightError: number;
  /** Squared error of the layer's sums over their squares, at the float network's own inputs. */
  readonly outputError: number;
  /** As the weight error, for real numbers that retraining would start from; where the method was asked for them. */
  readonly recoveredError?: number;
  /** Operations for a frame. */
  readonly operations: Operations;
}

/** What each layer lost. */
export function lossOf(
  graph: Graph,
  layers: ReadonlyMap<string, QuantizedLayer>,
  plan: QuantizePlan,
  samples: readonly Readonly<Record<string, Tensor>>[],
): readonly LayerLoss[] {
  const nodes = layersOf(graph);
  const errors = new Map(nodes.map(({ name }) => [name, { error: 0, size: 0 }]));
  const differences = new Map(nodes.map((node) => [node.name, difference(graph, node, layers)]));
  const evaluator = createEvaluator(graph);
  const inputs = nodes.flatMap(({ operands }) => operands.slice(0, 1).map(({ name }) => name));
  for (const sample of samples.slice(0, SAMPLES)) {
    const values = evaluator.run(sample, { taps: [...nodes.map(({ name }) => name), ...inputs] });
    for (const node of nodes) {
      const x = values.get(node.operands[0]?.name ?? '');
      const weights = differences.get(node.name);
      const sum = errors.get(node.name);
      if (x === undefined || weights === undefined || sum === undefined) continue;
      sum.error += squares(evaluateNode(node, [x, weights]).data);
      sum.size += squares(values.get(node.name)?.data ?? []);
    }
  }
  return nodes.flatMap((node) => {
    const coded = layers.get(node.name)?.coded;
    const { error, size } = errors.get(node.name) ?? { error: 0, size: 0 };
    const original = graph.consts.get(node.operands[1]?.name ?? '')?.tensor;
    if (coded === undefined || original === undefined) return [];
    const count = original.data.length;
    const rows = original.type.shape[0] ?? 1;
    return {
      layer: sourceName(node),
      value: node.name,
      method: plan.layers.get(node.name)?.method.name ?? '',
      weights: count,
      bitsPerWeight: coded.storedBits / count,
      weightError: quotient(squares(differences.get(node.name)?.data ?? []), squares(original.data)),
      outputError: quotient(error, size),
      ...(coded.recoveredError !== undefined && { recoveredError: coded.recoveredError }),
      operations: operationsOf(coded, rows, elementCount(node.type.shape) / rows),
    };
  });
}

/** What the method's weights differ from the layer's own. */
function difference(
  graph: Graph,
  node: Node,
  layers: ReadonlyMap<string, QuantizedLayer>,
): Tensor | undefined {
  const original = graph.consts.get(node.operands[1]?.name ?? '')?.tensor;
  const coded = layers.get(node.name)?.coded;
  if (original === undefined || coded === undefined) return undefined;
  const data = Float32Array.from(original.data, (w, i) => (coded.values[i] ?? 0) - w);
  return { type: { elem: float32, shape: original.type.shape }, data };
}

function squares(numbers: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += (numbers[i] ?? 0) ** 2;
  return sum;
}

const quotient = (error: number, size: number): number => (size === 0 ? 0 : error / size);
