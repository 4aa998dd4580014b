import { addConst, countReaders, freshName, originOf } from '../passes/graph-edit.ts';
import {
  constant,
  value,
  type Attribute,
  type Const,
  type Graph,
  type Node,
  type Operand,
} from '../qir/graph.ts';
import { float32, type Tensor } from '../qir/types.ts';
import { inputGrids, moving, type Grid } from './activations/grid.ts';
import { isSign, type GridOptions } from './activations/scales.ts';
import type { CodedWeights } from './method.ts';

/** Levels of a bias that is added to integer sums. */
const BIAS_LIMIT = 2 ** 30;

function float(shape: readonly number[], data: ArrayLike<number>): Tensor {
  return { type: { elem: float32, shape }, data: Float32Array.from(data) };
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

  /** Adds a constant; returns the operand. */
  constant(name: string, tensor: Tensor): Operand {
    return constant(addConst(this.consts, name, tensor));
  }

  /** Adds a node on a value, under the name that is wanted or one like it; returns its result. */
  add(
    of: Operand,
    wanted: string,
    parts: {
      readonly op: string;
      readonly more: readonly Tensor[];
      readonly attributes?: Node['attributes'];
    },
    origin: Node,
    shape: readonly number[],
  ): Operand {
    const name = freshName(wanted, this.#names);
    this.#names.add(name);
    const more = parts.more.map((tensor, i) => this.constant(`${name}_${['scale', 'zero'][i] ?? i}`, tensor));
    this.nodes.push({
      name,
      op: parts.op,
      operands: [of, ...more],
      attributes: parts.attributes ?? {},
      type: { elem: float32, shape },
      origin: origin.origin,
    });
    return value(name);
  }

  /** Adds a quantizer. */
  quant(
    of: Operand,
    wanted: string,
    scale: Tensor,
    levels: Pick<Grid, 'min' | 'max'>,
    rounding: 'HALF_EVEN' | 'FLOOR',
    origin: Node,
    shape: readonly number[],
  ): Operand {
    const attributes: Record<string, Attribute> = { min: levels.min, max: levels.max, rounding };
    return this.add(of, wanted, { op: 'quant', more: [scale, float([], [0])], attributes }, origin, shape);
  }
}

/** What is done with the bias that is added right behind a layer. */
export type BiasTreatment =
  /** It stays a float32 number. */
  | 'float'
  /** It is rounded to the scale of the sums. */
  | 'rounded'
  /** It is taken out, to be added to the sums as integers. */
  | 'taken';

/** The addition of a constant that reads the sums of a layer, if nothing else does; reshapes between them are passed. */
export function biasOf(graph: Graph, layer: Node): Node | undefined {
  const readers = countReaders(graph);
  let name = layer.name;
  for (;;) {
    const reader = graph.nodes.find((node) =>
      node.operands.some((o) => o.kind === 'value' && o.name === name),
    );
    if (reader === undefined || readers.get(name) !== 1) return undefined;
    const [, other] = reader.operands;
    if (reader.op === 'reshape') name = reader.name;
    else return reader.op === 'add' && other?.kind === 'const' ? reader : undefined;
  }
}

/** The numbers of a bias for each row of a layer; undefined if it differs otherwise. */
export function biasNumbers(graph: Graph, add: Node, rows: number): number[] | undefined {
  const data = graph.consts.get(add.operands[1]?.name ?? '')?.tensor.data ?? [];
  if (data.length !== 1 && data.length !== rows) return undefined;
  return Array.from({ length: rows }, (_, row) => data[data.length === 1 ? 0 : row] ?? 0);
}

/** How a layer enters the quantized graph. */
export interface QuantizedLayer {
  readonly coded: CodedWeights;
  /** The node that adds its bias, and what becomes of it. */
  readonly bias:
    | { readonly node: Node; readonly numbers: readonly number[]; readonly treatment: BiasTreatment }
    | undefined;
  /** Scale of its sums, one or one for each row: that of its input times those of its weights. */
  readonly sums: readonly number[];
}

/**
 * The graph with quantizers behind the values of `grids`, and on the weights of `layers`, which become the method's integers times scales.
 * With scales that are powers of two activations are rounded half up, as a shift rounds.
 */
export function insertQuantizers(
  graph: Graph,
  grids: ReadonlyMap<string, Grid>,
  layers: ReadonlyMap<string, QuantizedLayer>,
  options: GridOptions & { readonly halfUp: boolean },
): Graph {
  const inserter = new Inserter(graph);
  /** By source value, what its readers read instead. */
  const replaced = new Map<string, Operand>();
  const biases = new Map(
    [...layers.values()].flatMap((layer) =>
      layer.bias === undefined ? [] : [[layer.bias.node.name, layer]],
    ),
  ) as ReadonlyMap<string, QuantizedLayer>;
  for (const node of graph.nodes) {
    const operands = node.operands.map((operand): Operand =>
      operand.kind === 'value' ? (replaced.get(operand.name) ?? operand) : operand,
    );
    const layer = layers.get(node.name);
    const [x, second] = operands;
    if (layer !== undefined && second !== undefined)
      operands[1] = weights(inserter, node, second, layer.coded);
    const biased = biases.get(node.name);
    if (biased?.bias?.treatment === 'taken' && x !== undefined) {
      if (x.name !== node.name) replaced.set(node.name, x);
      continue;
    }
    const takes = layer?.bias?.treatment === 'taken' ? layer.bias.node : undefined;
    if (takes?.operands[0]?.name === node.name) {
      // the layer will add the bias itself, and takes the name of the sum
      replaced.set(node.name, value(takes.name));
      const origin = { nodes: [...originOf(node).nodes, ...takes.origin.nodes] };
      inserter.nodes.push({ ...node, name: takes.name, operands, origin });
      continue;
    }
    if (biased?.bias?.treatment === 'rounded' && second !== undefined)
      operands[1] = roundedBias(inserter, graph, node, second, biased);
    inserter.nodes.push({ ...node, operands });
    const grid = grids.get(node.name);
    if (grid !== undefined) replaced.set(node.name, rounded(inserter, node, grid, options));
  }
  const outputs = graph.outputs.map((output) => ({
    ...output,
    value:
      biases.get(output.value)?.bias?.treatment === 'taken'
        ? (replaced.get(output.value)?.name ?? output.value)
        : output.value,
  }));
  return { ...graph, nodes: inserter.nodes, consts: inserter.consts, outputs };
}

/** The levels of a value. */
function rounded(
  inserter: Inserter,
  node: Node,
  grid: Grid,
  options: GridOptions & { readonly halfUp: boolean },
): Operand {
  const { shape } = node.type;
  const scale = float([], [grid.scale]);
  const x = value(node.name);
  const name = `${node.name}_q`;
  if (isSign(grid, options))
    return inserter.add(x, name, { op: 'bipolar_quant', more: [scale] }, node, shape);
  if (!options.halfUp) return inserter.quant(x, name, scale, grid, 'HALF_EVEN', node, shape);
  const half = inserter.add(
    x,
    `${node.name}_half`,
    { op: 'add', more: [float([], [grid.scale / 2])] },
    node,
    shape,
  );
  return inserter.quant(half, name, scale, grid, 'FLOOR', node, shape);
}

/** Weights as a constant that a quantizer maps to the method's integers. */
function weights(
  inserter: Inserter,
  node: Node,
  operand: Operand,
  { levels, scales }: CodedWeights,
): Operand {
  const shape = inserter.consts.get(operand.name)?.tensor.type.shape ?? [];
  const rows = shape[0] ?? 1;
  const columns = levels.length / rows;
  const scaleAt = (i: number): number => scales[scales.length === 1 ? 0 : Math.floor(i / columns)] ?? 1;
  const tensor = float(
    shape,
    levels.map((level, i) => level * scaleAt(i)),
  );
  const scaleShape = scales.length === 1 ? [] : [rows, ...shape.slice(1).map(() => 1)];
  const range = {
    min: levels.reduce((a, b) => Math.min(a, b), -1),
    max: levels.reduce((a, b) => Math.max(a, b), 1),
  };
  const held = inserter.constant(operand.name, tensor);
  return inserter.quant(held, `${held.name}_q`, float(scaleShape, scales), range, 'HALF_EVEN', node, shape);
}

/** The bias on the scale of the sums. */
function roundedBias(
  inserter: Inserter,
  graph: Graph,
  node: Node,
  operand: Operand,
  { sums, bias }: QuantizedLayer,
): Operand {
  const shape = graph.consts.get(operand.name)?.tensor.type.shape ?? [];
  const levels = integerBias(bias?.numbers ?? [], sums);
  const numbers = levels.map((level, row) => level * (sums[sums.length === 1 ? 0 : row] ?? 1));
  const data = shape.reduce((n, size) => n * size, 1) === 1 ? numbers.slice(0, 1) : numbers;
  return inserter.constant(`${node.name}_rounded`, float(shape, data));
}

/** The integers of a bias: rounded half up to the scales of the sums. */
export function integerBias(numbers: readonly number[], sums: readonly number[]): number[] {
  return numbers.map((bias, row) => {
    const level = Math.floor(bias / (sums[sums.length === 1 ? 0 : row] ?? 1) + 0.5);
    return Math.min(Math.max(level, -BIAS_LIMIT), BIAS_LIMIT);
  });
}

/** The grid that a layer's operand lies on; undefined where it is none of one quantizer. */
export function operandGrid(graph: Graph, grids: ReadonlyMap<string, Grid>, name: string): Grid | undefined {
  const given = inputGrids(graph);
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  for (let at = name; ;) {
    const grid = grids.get(at) ?? given.get(at);
    const node = nodes.get(at);
    const [from] = node?.operands ?? [];
    if (grid !== undefined || node === undefined) return grid;
    // what is concatenated is on the grid of its parts
    if (from?.kind !== 'value' || !(moving.has(node.op) || node.op === 'concat')) return undefined;
    at = from.name;
  }
}
