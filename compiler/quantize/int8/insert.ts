import { addConst, freshName } from '../../passes/graph-edit.ts';
import { constant, value, type Const, type Graph, type Node, type Operand } from '../../qir/graph.ts';
import { float32, type Tensor } from '../../qir/types.ts';
import type { Points } from './points.ts';
import type { Grid } from './scales.ts';

/** Greatest magnitude of an 8-bit weight: -128 is left out, so that a weight and its negative both exist. */
const WEIGHT_LIMIT = 127;
/** Levels of a bias that is added to integer sums. */
const BIAS_LIMIT = 2 ** 30;

function float(shape: readonly number[], data: ArrayLike<number>): Tensor {
  return { type: { elem: float32, shape }, data: Float32Array.from(data) };
}

/** The greatest magnitude of each row of weights [out, ...]. */
function rowLimits(weights: Tensor): number[] {
  const rows = weights.type.shape[0] ?? 1;
  const length = weights.data.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    let greatest = 0;
    for (let i = row * length; i < (row + 1) * length; i++)
      greatest = Math.max(greatest, Math.abs(weights.data[i] as number));
    return greatest;
  });
}

const positive = (scale: number): number => (Number.isFinite(scale) && Math.fround(scale) > 0 ? scale : 1);

/** Scales of the weights: one an output channel; of a last layer one for all, a power of two. */
function weightScales(weights: Tensor, last: boolean): Tensor {
  const limits = rowLimits(weights);
  if (last) {
    const greatest = limits.reduce((a, b) => Math.max(a, b), 0);
    return float([], [positive(2 ** Math.ceil(Math.log2(greatest / WEIGHT_LIMIT)))]);
  }
  const shape = [limits.length, ...weights.type.shape.slice(1).map(() => 1)];
  return float(
    shape,
    limits.map((limit) => positive(limit / WEIGHT_LIMIT)),
  );
}

/** Collects the nodes of the quantized graph. */
class Inserter {
  readonly nodes: Node[] = [];
  readonly consts: Map<string, Const>;
  readonly #names: Set<string>;

  constructor(graph: Graph) {
    this.consts = new Map(graph.consts);
    this.#names = new Set([...graph.inputs, ...graph.nodes].map(({ name }) => name));
  }

  /** Adds a quantizer; returns the name of its result. */
  quantizer(
    of: Operand,
    shape: readonly number[],
    scale: Tensor,
    levels: Pick<Grid, 'min' | 'max'>,
    origin: Node,
  ): string {
    const name = freshName(`${of.name}_q`, this.#names);
    this.#names.add(name);
    const scaleName = addConst(this.consts, `${name}_scale`, scale);
    const zero = addConst(this.consts, `${name}_zero`, float([], [0]));
    this.nodes.push({
      name,
      op: 'quant',
      operands: [of, constant(scaleName), constant(zero)],
      attributes: { min: levels.min, max: levels.max, rounding: 'HALF_EVEN' },
      type: { elem: float32, shape },
      origin: origin.origin,
    });
    return name;
  }
}

/**
 * The graph with quantizers behind the values of `grids`, and on all weights. The bias of a last layer is rounded to the grid of its sums.
 */
export function insertQuantizers(graph: Graph, points: Points, grids: ReadonlyMap<string, Grid>): Graph {
  const inserter = new Inserter(graph);
  /** By source value, what its readers read instead. */
  const replaced = new Map<string, string>();
  /** Scale of the sums of last layers, by the name of the value that carries them. */
  const sums = new Map<string, number>();
  const scaleOf = (name: string): number | undefined => operandScale(graph, grids, name);
  for (const node of graph.nodes) {
    const operands = node.operands.map((operand, position): Operand => {
      if (operand.kind === 'value') return value(replaced.get(operand.name) ?? operand.name);
      const tensor = graph.consts.get(operand.name)?.tensor;
      if (tensor === undefined || position !== 1) return operand;
      if (node.op === 'conv2d' || node.op === 'matmul') {
        const last = points.last.has(node.name);
        const scale = weightScales(tensor, last);
        const [x] = node.operands;
        const from = x?.kind === 'value' ? scaleOf(x.name) : undefined;
        if (last && from !== undefined) sums.set(node.name, from * (scale.data[0] ?? 1));
        const levels = { min: -WEIGHT_LIMIT, max: WEIGHT_LIMIT };
        return value(inserter.quantizer(operand, tensor.type.shape, scale, levels, node));
      }
      const [x] = node.operands;
      const grid = node.op === 'add' && x?.kind === 'value' ? sums.get(x.name) : undefined;
      if (grid === undefined || Math.fround(grid) !== grid) return operand;
      const levels = { min: -BIAS_LIMIT, max: BIAS_LIMIT };
      return value(inserter.quantizer(operand, tensor.type.shape, float([], [grid]), levels, node));
    });
    inserter.nodes.push({ ...node, operands });
    const [x] = node.operands;
    const carried = x?.kind === 'value' && node.op === 'reshape' ? sums.get(x.name) : undefined;
    if (carried !== undefined) sums.set(node.name, carried);
    const grid = grids.get(node.name);
    if (grid === undefined) continue;
    const result = inserter.quantizer(value(node.name), node.type.shape, float([], [grid.scale]), grid, node);
    replaced.set(node.name, result);
  }
  return { ...graph, nodes: inserter.nodes, consts: inserter.consts };
}

/** The scale of the grid that a layer's operand lies on; undefined where it is none of one quantizer. */
function operandScale(graph: Graph, grids: ReadonlyMap<string, Grid>, name: string): number | undefined {
  const grid = grids.get(name);
  if (grid !== undefined) return grid.scale;
  const input = graph.inputs.find((candidate) => candidate.name === name);
  if (input !== undefined) {
    const { scale } = input.boundary;
    return scale === undefined ? 1 : scale.numerator / scale.denominator;
  }
  const node = graph.nodes.find((candidate) => candidate.name === name);
  const [from] = node?.operands ?? [];
  const moves = ['reshape', 'transpose', 'maxpool', 'slice', 'upsample', 'depth_to_space'];
  return node !== undefined && moves.includes(node.op) && from?.kind === 'value'
    ? operandScale(graph, grids, from.name)
    : undefined;
}
