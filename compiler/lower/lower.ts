import type { Diagnostics } from '../diagnostics/index.ts';
import { foldingRefused, rateOutOfReach, unknownLayer } from '../diagnostics/catalog/lower.ts';
import { invariant } from '../diagnostics/index.ts';
import type { Folding, HwGraph, HwNode, UnitDefinition } from '../hw/index.ts';
import type { Graph } from '../qir/graph.ts';
import { elementCount, printElement } from '../qir/types.ts';
import { candidatesOf, layerSize, operationsOf, tryFolding } from './candidates.ts';
import type { Candidate } from './candidates.ts';
import { connect, linksOf } from './connect.ts';
import { fifoDepths } from './fifos.ts';
import type { FifoTrial, Measured } from './fifos.ts';
import { layersOf } from './layers.ts';
import type { Layer } from './layers.ts';
import type { FoldingTarget, LayerPlan } from './plan.ts';
import { cheapest } from './search.ts';
import type { Choice } from './search.ts';

/** Multiply-accumulates in parallel that a design gets when no rate is asked for, and the least interval it then aims at. */
const defaultParallelism = 16384;
const defaultInterval = 64;

/** The cycle model of a design, without data. */
export interface CycleModel {
  readonly cycles: (hw: HwGraph, frames: number) => number;
  readonly measure: (hw: HwGraph) => Measured;
}

/** The result of lowering. */
export interface Lowered {
  readonly hw: HwGraph;
  readonly plan: readonly LayerPlan[];
  readonly measured: Measured;
  /** Instance with the greatest initiation interval of its own. */
  readonly bindingInstance: string;
}

/** Cycles a frame may take: from the rate if one is asked for, else from the size of the network. */
function targetCycles(layers: readonly Layer[], target: FoldingTarget): number {
  if (target.fps !== undefined) return Math.floor((target.clockMhz * 1e6) / target.fps);
  const operations = layers.reduce((sum, layer) => sum + operationsOf(layer.request), 0);
  return Math.max(defaultInterval, Math.ceil(operations / defaultParallelism));
}

/** Names under which a folding file may speak of a layer: its nodes, and the source model's nodes behind them. */
function layerNames(layer: Layer): readonly string[] {
  return [...new Set(layer.nodes.flatMap((node) => [node.name, ...node.origin.nodes]))];
}

function givenFolding(layer: Layer, target: FoldingTarget): Partial<Folding> | undefined {
  for (const name of layerNames(layer)) {
    const folding = target.given?.get(name);
    if (folding !== undefined) return folding;
  }
  return undefined;
}

/** The one candidate with the folding that the user gave, what is not given filled up with the whole layer. */
function fixedCandidates(
  layer: Layer,
  given: Partial<Folding>,
  diagnostics: Diagnostics,
): readonly Candidate[] {
  const { inputs, outputs } = layerSize(layer.request);
  const folding: Folding = {
    style: given.style ?? 'folded',
    pe: given.pe ?? outputs,
    simd: given.simd ?? inputs,
    order: given.order ?? 'output',
  };
  const reasons: string[] = [];
  for (const unit of layer.units) {
    const answer = tryFolding(layer, unit, folding);
    if ('candidate' in answer) return [answer.candidate];
    reasons.push(answer.reason);
  }
  const found = `style ${folding.style}, pe ${folding.pe}, simd ${folding.simd}, ${folding.order} order`;
  diagnostics.add(foldingRefused(layer.request.value, found, reasons.join('; ')));
  return [];
}

/** The candidates for the least interval, from `cycles` on, within which a layer can be built; undefined if it cannot in this style. */
function leastInterval(
  layer: Layer,
  cycles: number,
  style: FoldingTarget['style'],
): { readonly interval: number; readonly candidates: readonly Candidate[] } | undefined {
  let candidates = candidatesOf(layer, cycles, style);
  if (candidates.length > 0) return { interval: cycles, candidates };
  const { inputs, outputs } = layerSize(layer.request);
  let low = cycles + 1;
  let high = Math.max(low, 2 * inputs * outputs);
  candidates = candidatesOf(layer, high, style);
  if (candidates.length === 0) return undefined;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = candidatesOf(layer, middle, style);
    if (found.length > 0) [high, candidates] = [middle, found];
    else low = middle + 1;
  }
  return { interval: high, candidates };
}

/** Candidates of every layer for this interval. Where no rate is to be reached, it grows to what given foldings and layers take. */
function allCandidates(
  layers: readonly Layer[],
  target: FoldingTarget,
  cycles: number,
  diagnostics: Diagnostics,
): { readonly candidates: readonly (readonly Candidate[])[]; readonly cycles: number } {
  const { fps, clockMhz, style } = target;
  const fixed = layers.map((layer) => {
    const given = givenFolding(layer, target);
    return given === undefined ? undefined : fixedCandidates(layer, given, diagnostics);
  });
  diagnostics.throwIfErrors();
  const given = fixed.map((list) => list?.[0]?.timing.initiationInterval ?? 0);
  // Without a rate to reach, a folding that is given for every matrix says itself how fast the design is to be.
  const settled =
    fps === undefined &&
    fixed.some((list) => list !== undefined) &&
    layers.every((layer, index) => fixed[index] !== undefined || operationsOf(layer.request) === 0);
  const start = Math.max(...given, ...(settled ? [] : [cycles]));
  const found = layers.map((layer, index) => {
    const chosen = fixed[index];
    const least =
      chosen === undefined
        ? leastInterval(layer, fps === undefined ? start : cycles, style)
        : { interval: given[index] ?? 0, candidates: chosen };
    if (least === undefined) {
      const expected = 'a style that a unit can be built in';
      diagnostics.add(foldingRefused(layer.request.value, `style ${style}`, expected));
    } else if (fps !== undefined && least.interval > cycles) {
      diagnostics.add(rateOutOfReach(layer.request.value, fps, clockMhz, cycles, least.interval));
    }
    return { interval: least?.interval ?? 0, candidates: least?.candidates ?? [] };
  });
  diagnostics.throwIfErrors();
  const slowest = Math.max(start, ...found.map(({ interval }) => interval));
  const candidates = layers.map((layer, index) =>
    slowest === start || fixed[index] !== undefined
      ? (found[index]?.candidates ?? [])
      : candidatesOf(layer, slowest, style),
  );
  return { candidates, cycles: slowest };
}

/**
 * The cheapest choice for the interval. Foldings that were given can have lanes that no converter brings together within it; the
 * interval then grows to the least that one does, unless a rate is to be reached.
 */
function choose(
  layers: readonly Layer[],
  units: ReadonlyMap<string, UnitDefinition>,
  target: FoldingTarget,
  asked: number,
  diagnostics: Diagnostics,
): { readonly choice: Choice | undefined; readonly cycles: number } {
  const types = layers.map((layer) => layer.request.input);
  const { candidates, cycles } = allCandidates(layers, target, asked, diagnostics);
  // no conversion takes longer than one element a cycle in and another one out
  const longest = 2 * Math.max(...types.map(({ shape }) => elementCount(shape)));
  let choice = cheapest(units, candidates, types, cycles);
  let interval = cycles;
  while (choice === undefined && target.fps === undefined && interval < longest) {
    interval++;
    choice = cheapest(units, candidates, types, interval);
  }
  return { choice, cycles: interval };
}

function planOf(
  units: ReadonlyMap<string, UnitDefinition>,
  node: HwNode,
  layer: Layer | undefined,
  candidate: Candidate | undefined,
): LayerPlan {
  const unit = units.get(node.unit);
  invariant(unit !== undefined, `unit ${node.unit} is registered`);
  const ports = unit.ports(node);
  const stream = (direction: 'in' | 'out') => ports.find((p) => p.direction === direction)?.stream;
  const weights = layer?.request.ops[0]?.op === 'matmul' ? layer.request.ops[0].consts.get(1) : undefined;
  const input = stream('in');
  const output = stream('out');
  invariant(input !== undefined && output !== undefined, `unit ${node.unit} has an input and an output`);
  return {
    instance: node.name,
    unit: node.unit,
    nodes: layer?.nodes.map((n) => n.name) ?? [],
    source: node.origin.nodes,
    shape:
      layer === undefined ? { inputs: input.elements, outputs: output.elements } : layerSize(layer.request),
    types: {
      input: printElement(input.elem),
      ...(weights === undefined ? {} : { weights: printElement(weights.type.elem) }),
      output: printElement(output.elem),
    },
    ...(candidate === undefined ? {} : { folding: candidate.folding }),
    timing: unit.timing(node),
    cost: unit.cost(node),
    operations: layer === undefined ? 0 : operationsOf(layer.request),
  };
}

/**
 * Integer QIR to the frozen hardware graph: cuts the graph into layers, asks the units what they implement, finds the cheapest
 * folding that meets the target, connects the instances, and sizes the FIFOs.
 *
 * @param model - runs the cycle model (given by the driver, which owns the simulation engine).
 */
export function lower(
  graph: Graph,
  units: ReadonlyMap<string, UnitDefinition>,
  target: FoldingTarget,
  name: string,
  model: CycleModel,
  diagnostics: Diagnostics,
): Lowered {
  const layers = layersOf(graph, units, diagnostics);
  const known = layers.flatMap(layerNames);
  for (const layer of target.given?.keys() ?? []) {
    if (!known.includes(layer))
      diagnostics.add(
        unknownLayer(
          layer,
          layers.map((l) => l.request.value),
        ),
      );
  }
  diagnostics.throwIfErrors();
  const asked = targetCycles(layers, target);
  if (asked < 1) {
    diagnostics.add(
      rateOutOfReach(layers[0]?.request.value ?? '', target.fps ?? 0, target.clockMhz, asked, 1),
    );
    diagnostics.throwIfErrors();
  }
  const { choice, cycles } = choose(layers, units, target, asked, diagnostics);
  const input = graph.inputs[0];
  invariant(input !== undefined, 'a chain has an input');
  if (choice === undefined) {
    diagnostics.add(
      foldingRefused(
        layers[0]?.request.value ?? '',
        `${cycles} cycles a frame`,
        'foldings whose lanes can be converted',
      ),
    );
    diagnostics.throwIfErrors();
  }
  invariant(choice !== undefined, 'a choice exists');
  const links = linksOf({ ...graph, name }, input, units, layers, choice.inputLanes, choice.chosen);
  const build = (depths: readonly number[]): HwGraph => connect(name, target.clockMhz, units, links, depths);
  const slowest = Math.max(
    ...links.map(({ node }) => units.get(node.unit)?.timing(node).initiationInterval ?? 1),
  );
  const trial: FifoTrial = {
    cycles: (depths, frames) => model.cycles(build(depths), frames),
    measure: (depths) => model.measure(build(depths)),
  };
  const { depths, measured } = fifoDepths(links, slowest, trial);
  const hw = build(depths);
  const layerAt = new Map(links.map((link) => [link.node.name, link.layer]));
  const plan = hw.nodes.map((node) => {
    const index = layerAt.get(node.name);
    return index === undefined
      ? planOf(units, node, undefined, undefined)
      : planOf(units, node, layers[index], choice.chosen[index]);
  });
  // Of equals a layer binds, not the plumbing that keeps pace with it.
  const slower = (a: LayerPlan, b: LayerPlan): boolean =>
    b.timing.initiationInterval > a.timing.initiationInterval ||
    (b.timing.initiationInterval === a.timing.initiationInterval &&
      a.nodes.length === 0 &&
      b.nodes.length > 0);
  const binding = plan.reduce((a, b) => (slower(a, b) ? b : a));
  return { hw, plan, measured, bindingInstance: binding.instance };
}
