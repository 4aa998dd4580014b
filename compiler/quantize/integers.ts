import type { Diagnostics } from '../diagnostics/index.ts';
import { weightsNotInForm } from '../diagnostics/catalog/quantize.ts';
import { invariant } from '../diagnostics/index.ts';
import { countReaders, sourceName, whereOf } from '../passes/graph-edit.ts';
import { runPipeline } from '../pipeline.ts';
import type { Graph, Node } from '../qir/graph.ts';
import { getNumber } from '../qir/ops/attributes.ts';
import { valueRange, type Tensor } from '../qir/types.ts';
import { buildProducts } from './forms.ts';
import { integerBias, type QuantizedLayer } from './insert.ts';
import type { CodedWeights } from './method.ts';
import { Rewriter } from './rewriter.ts';
import { shiftOf, straightened, type Shift, type Slope, type Staircase } from './straighten.ts';

/**
 * The quantized network in integers alone. What stands between a layer and the next (scales, bias, normalization, activation, rounding)
 * becomes a multiplier and a bias for each channel and a shift, as close to the float32 arithmetic as a straight line comes; a function that
 * is no straight line keeps its thresholds or its table. Products with the integers of a method take the method's form.
 */
export function inIntegers(
  graph: Graph,
  layers: ReadonlyMap<string, QuantizedLayer>,
  diagnostics: Diagnostics,
): Graph {
  const integer = runPipeline(graph, { diagnostics, stopAfter: 'integerize' });
  const rewriter = new Rewriter(integer);
  const { stairs, shifts } = staircases(integer);
  const placed = new Set<string>();
  for (const node of integer.nodes) {
    const staircase = stairs.get(node.name);
    if (staircase !== undefined) {
      replaceThresholds(rewriter, node, staircase, shifts.get(node.name));
      continue;
    }
    const found =
      node.op === 'matmul' || node.op === 'conv2d' ? layerOf(rewriter, node, layers, placed) : undefined;
    if (found === undefined) {
      rewriter.keep(node);
      continue;
    }
    const [name, layer] = found;
    placed.add(name);
    buildProducts(rewriter, node, layer.coded, biasFor(rewriter, node, layer, shifts));
  }
  for (const [name, { coded, bias }] of layers) {
    const source = graph.nodes.find((node) => node.name === name || node.name === bias?.node.name);
    if (!placed.has(name) && coded.form.kind !== 'matrix' && source !== undefined)
      diagnostics.add(weightsNotInForm(whereOf(source), sourceName(source)));
  }
  return rewriter.finish();
}

/** The thresholds of a graph, and of those that a shift replaces the shifts: by the name of the thresholds. */
interface Staircases {
  readonly stairs: ReadonlyMap<string, Staircase>;
  readonly shifts: ReadonlyMap<string, Shift & { readonly layer: string | undefined }>;
}

function staircases(graph: Graph): Staircases {
  const types = new Map([...graph.inputs, ...graph.nodes].map(({ name, type }) => [name, type]));
  const readers = countReaders(graph);
  const layers = new Set(
    graph.nodes.filter(({ op }) => op === 'matmul' || op === 'conv2d').map(({ name }) => name),
  );
  const stairs = new Map<string, Staircase>();
  const shifts = new Map<string, Shift & { readonly layer: string | undefined }>();
  for (const node of graph.nodes) {
    if (node.op !== 'threshold' || node.type.elem.kind === 'bipolar') continue;
    const [x, t, f] = node.operands;
    const [sums, thresholds] = [types.get(x?.name ?? ''), graph.consts.get(t?.name ?? '')?.tensor];
    invariant(x && sums && thresholds, 'a threshold of a value and a constant');
    const flip = f && graph.consts.get(f.name)?.tensor;
    const staircase = { thresholds, flip, base: getNumber(node.attributes, 'base'), sums: sums.elem };
    stairs.set(node.name, staircase);
    const shift = shiftOf(staircase);
    if (shift === undefined) continue;
    const isAlone = layers.has(x.name) && readers.get(x.name) === 1;
    shifts.set(node.name, { ...shift, layer: isAlone ? x.name : undefined });
  }
  return { stairs, shifts };
}

/** What a layer adds to its sums besides its own bias: what a shift behind it would add, less the half that rounds. */
function movedBias(rows: number, shifts: Staircases['shifts'], layer: string): readonly number[] | undefined {
  const found = [...shifts.values()].find((shift) => shift.layer === layer);
  if (found === undefined) return undefined;
  const half = halfOf(found.shift);
  return Array.from(
    { length: rows },
    (_, row) => (found.biases[found.biases.length === 1 ? 0 : row] ?? 0) - half,
  );
}

const halfOf = (shift: number): number => (shift === 0 ? 0 : 2 ** (shift - 1));

/** The integers that are added to the sums: what the node adds already, a bias that was taken out, what comes from behind. */
function biasFor(
  rewriter: Rewriter,
  node: Node,
  { bias, sums, coded }: QuantizedLayer,
  shifts: Staircases['shifts'],
): number[] {
  const own = node.operands[2] && rewriter.consts.get(node.operands[2].name)?.tensor.data;
  const taken = bias?.treatment === 'taken' ? integerBias(bias.numbers, sums) : undefined;
  const rows = rewriter.consts.get(node.operands[1]?.name ?? '')?.tensor.type.shape[0] ?? coded.scales.length;
  const moved = movedBias(rows, shifts, node.name);
  return Array.from(
    { length: rows },
    (_, row) => (own?.[row] ?? 0) + (taken?.[row] ?? 0) + (moved?.[row] ?? 0),
  );
}

/** The layer whose integers are the weights of a node: by its name, and by every one of them. */
function layerOf(
  rewriter: Rewriter,
  node: Node,
  layers: ReadonlyMap<string, QuantizedLayer>,
  placed: ReadonlySet<string>,
): readonly [string, QuantizedLayer] | undefined {
  const weights = rewriter.consts.get(node.operands[1]?.name ?? '')?.tensor;
  if (weights === undefined) return undefined;
  const named = layers.get(node.name);
  const candidates = named === undefined ? [...layers] : ([[node.name, named], ...layers] as const);
  return candidates.find(([name, { coded }]) => !placed.has(name) && isSame(weights, coded));
}

function isSame({ data }: Tensor, { levels }: CodedWeights): boolean {
  return data.length === levels.length && levels.every((level, i) => level === data[i]);
}

function replaceThresholds(
  rewriter: Rewriter,
  node: Node,
  staircase: Staircase,
  exact: (Shift & { readonly layer: string | undefined }) | undefined,
): void {
  const [x] = node.operands;
  invariant(x, 'a threshold of a value');
  const { min, max } = valueRange(rewriter.typeOf(x).elem);
  const slope =
    exact === undefined ? straightened(staircase, Math.max(-min, max)) : shifted(staircase, exact);
  if (slope === undefined) {
    rewriter.keep(node);
    return;
  }
  const { m, b, attributes } = slope;
  const operands = [
    x,
    rewriter.constant(`${node.name}_m`, [m.length], m),
    rewriter.constant(`${node.name}_b`, [b.length], b),
  ];
  rewriter.replace(node, { op: 'requantize', operands, attributes }, node.type.elem);
}

/** A shift with its biases, or with the half that rounds where the layer before it has taken the rest. */
function shifted(
  { base, thresholds }: Staircase,
  { shift, biases, layer }: Shift & { readonly layer: string | undefined },
): Slope {
  const isShared = layer !== undefined || biases.every((b) => b === biases[0]);
  const b = layer !== undefined ? [halfOf(shift)] : isShared ? biases.slice(0, 1) : biases;
  return {
    m: b.map(() => 1),
    b,
    attributes: { shift, min: base, max: base + (thresholds.type.shape[1] ?? 1) },
  };
}
