import type { LayerPlan } from '../lower/plan.ts';
import type { Graph, Node } from '../qir/graph.ts';
import { elementCount, type Tensor } from '../qir/types.ts';
import type { StoredLayer } from './schema.ts';

/** A lowered product: its node, the constant of its weights, and what its instance stores. */
interface Product {
  readonly node: Node;
  readonly weights: Tensor;
  readonly instance: string;
  readonly bits: number;
}

/** The layer of the source model that a node comes from; the node itself if it comes from none. */
const layerOf = (node: Node): string => node.origin.nodes[0] ?? node.name;

/** Whether a node is a product with weights; what moves its input may be of the same instance. */
const multiplies = ({ op }: Node): boolean => op === 'matmul' || op === 'depthwise';

/** Columns and rows of what multiplies: weights [rows, ...columns], or [taps, channels] of a depthwise product. */
function sizeOf({ node, weights }: Product): { readonly fanIn: number; readonly outputs: number } {
  const { shape } = weights.type;
  const outputs = (node.op === 'depthwise' ? shape.at(-1) : shape[0]) ?? 1;
  return { fanIn: elementCount(shape) / outputs, outputs };
}

/** Whether `to` works on what `from` gives, with nothing but nodes of the same layer between. */
function follows(to: Node, from: Node, nodes: ReadonlyMap<string, Node>): boolean {
  const layer = layerOf(from);
  for (let at: Node | undefined = to; at !== undefined && layerOf(at) === layer;) {
    const operand: Node['operands'][number] | undefined = at.operands[0];
    if (operand?.kind !== 'value') return false;
    if (operand.name === from.name) return true;
    at = nodes.get(operand.name);
  }
  return false;
}

/**
 * Weights of the source model's layers, and what their products store: where a method has made several matrices of one (bases with factors, two
 * ternary factors), their bits together belong to the outputs x inputs weights of the layer.
 *
 * @param integer the graph that was lowered
 */
export function storedLayers(integer: Graph, plan: readonly LayerPlan[]): readonly StoredLayer[] {
  const nodes = new Map(integer.nodes.map((node) => [node.name, node]));
  const groups = new Map<string, Product[]>();
  for (const { instance, nodes: names, storage } of plan) {
    const node = names.map((name) => nodes.get(name)).find((each) => each !== undefined && multiplies(each));
    const operand = node?.operands[1];
    const weights = operand?.kind === 'const' ? integer.consts.get(operand.name)?.tensor : undefined;
    if (storage === undefined || node === undefined || weights === undefined) continue;
    const layer = layerOf(node);
    groups.set(layer, [...(groups.get(layer) ?? []), { node, weights, instance, bits: storage.bits }]);
  }
  return [...groups].map(([layer, products]) => {
    const isChain = products.every(
      ({ node }, i) => i === 0 || follows(node, (products[i - 1] as Product).node, nodes),
    );
    // factors of bases: one for each of them and each output
    const isFactors = ({ node }: Product, i: number): boolean => isChain && i > 0 && node.op === 'depthwise';
    const sum = (of: (product: Product) => number): number => products.reduce((n, p) => n + of(p), 0);
    const [first, last] = [products[0] as Product, products.at(-1) as Product];
    const weights =
      isChain && products.length > 1
        ? sizeOf(first).fanIn * sizeOf(last).outputs
        : sum((product) => elementCount(product.weights.type.shape));
    const factorBits = products.filter(isFactors).reduce((n, { bits }) => n + bits, 0);
    const bits = sum((product) => product.bits) - factorBits;
    return {
      layer,
      instances: products.map(({ instance }) => instance),
      weights,
      bits,
      factorBits,
      bitsPerWeight: bits / weights,
    };
  });
}
