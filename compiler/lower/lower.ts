import type { Diagnostics } from '../diagnostics/index.ts';
import { latencyOutOfReach } from '../diagnostics/catalog/lower.ts';
import { invariant } from '../diagnostics/index.ts';
import type { Cost, Form, HwGraph, HwNode, UnitDefinition } from '../hw/index.ts';
import type { Graph } from '../qir/graph.ts';
import { elementCount, printElement } from '../qir/types.ts';
import { layerSize, operationsOf } from './candidates.ts';
import type { Candidate } from './candidates.ts';
import { ownInterval } from './choose.ts';
import type { Chosen } from './choose.ts';
import { connect } from './connect.ts';
import type { Blueprint } from './connect.ts';
import { longestUseful } from './explore.ts';
import { fifoDepths, nearDepths } from './fifos.ts';
import type { CycleModel, Measured } from './fifos.ts';
import { writtenFolding } from './given.ts';
import { networkOf } from './layers.ts';
import type { Layer } from './layers.ts';
import type { Budget, FoldingTarget, GivenFolding, LayerPlan } from './plan.ts';
import type { Choice } from './search.ts';
import { DesignSpace, totalCost } from './space.ts';
import { fitting, limitsOf, load } from './fit.ts';
import { chooseTarget, fastestFitting, isWithin, reportBudget } from './targets.ts';

export type { CycleModel, Measured } from './fifos.ts';

/** The result of lowering. */
export interface Lowered {
  readonly hw: HwGraph;
  readonly plan: readonly LayerPlan[];
  readonly measured: Measured;
  /** The folding file that gives this design again. */
  readonly folding: ReadonlyMap<string, GivenFolding>;
  /** Instance with the greatest initiation interval of its own. */
  readonly bindingInstance: string;
}

function planOf(
  units: ReadonlyMap<string, UnitDefinition>,
  node: HwNode,
  form: Form,
  layer: Layer | undefined,
  candidate: Candidate | undefined,
): LayerPlan {
  const unit = units.get(node.unit);
  invariant(unit !== undefined, `unit ${node.unit} is registered`);
  const ports = unit.ports(node);
  const input = ports.find(({ direction }) => direction === 'in')?.stream;
  const output = ports.find(({ direction }) => direction === 'out')?.stream;
  invariant(input !== undefined && output !== undefined, `unit ${node.unit} has an input and an output`);
  const common = {
    instance: node.name,
    unit: node.unit,
    source: node.origin.nodes,
    timing: unit.timing(node),
    cost: unit.cost(node, form),
    ...(candidate === undefined ? {} : { folding: candidate.folding }),
  };
  const types = { input: printElement(input.elem), output: printElement(output.elem) };
  if (layer === undefined) {
    const shape = { inputs: input.elements, outputs: output.elements };
    return { ...common, nodes: [], shape, types, operations: 0 };
  }
  const { request } = layer;
  const operations = operationsOf(request);
  const weights = operations > 0 ? request.ops[0]?.consts.get(1) : undefined;
  const vector = layerSize(request);
  const whole = {
    inputs: request.inputs.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    outputs: elementCount(request.ops.at(-1)?.result.shape ?? []),
  };
  return {
    ...common,
    nodes: layer.nodes.map(({ name }) => name),
    shape: weights?.type.shape.length === 2 && request.ops[0]?.op === 'matmul' ? vector : whole,
    types: weights === undefined ? types : { ...types, weights: printElement(weights.type.elem) },
    ...(weights !== undefined &&
      unit.storedBits !== undefined && {
        storage: { weights: elementCount(weights.type.shape), bits: unit.storedBits(node, form) },
      }),
    operations,
  };
}

/** The row of a plan that binds: the greatest interval, of equals a layer and not the plumbing that keeps pace with it. */
function bindingOf(plan: readonly LayerPlan[]): LayerPlan {
  const slower = (a: LayerPlan, b: LayerPlan): boolean =>
    b.timing.initiationInterval > a.timing.initiationInterval ||
    (b.timing.initiationInterval === a.timing.initiationInterval &&
      a.nodes.length === 0 &&
      b.nodes.length > 0);
  return plan.reduce((a, b) => (slower(a, b) ? b : a));
}

/** Times that a target is tightened when the finished design, with its FIFOs, misses it by a little. */
const tightenings = 8;

/** A choice connected, with FIFOs of the depths that keep its interval. */
interface Finished {
  readonly choice: Choice;
  readonly design: Blueprint;
  readonly depths: readonly number[];
  readonly measured: Measured;
  readonly cost: Cost;
  readonly latency: number;
}

/** The interval to go on with when the design at `cycles` needs FIFOs beyond the budget: a slower one may not need them. */
const slower = (cycles: number, round: number): number =>
  cycles + Math.max(1, Math.floor((cycles * (round + 1)) / 50));

/** A budget less what a design goes beyond it. */
function lessExcess(limits: Budget, budget: Budget, cost: Cost): Budget {
  const entries = Object.entries(limits) as [keyof Cost, number][];
  const left = entries.map(([key, limit]) => [
    key,
    limit - Math.ceil(Math.max(0, cost[key] - (budget[key] ?? Infinity))),
  ]);
  return Object.fromEntries(left) as Budget;
}

/**
 * The least interval, from `start` on, at which a design is found to fit with its FIFOs; undefined if there is none. What the FIFOs of one
 * design exceed the budget by is kept free for those of the next one, until they fit.
 *
 * @param costOf - of a finished design, FIFOs included; near that, and more if anything
 */
function leastFitting(
  space: DesignSpace,
  start: number,
  budget: Budget,
  costOf: (choice: Choice) => Cost,
): number | undefined {
  let [from, limits] = [start, budget];
  for (;;) {
    const fit = fastestFitting(space, from, limits);
    if (fit === undefined) break;
    const cost = costOf(fit.choice);
    if (load(cost, budget).ratio <= 1) return fit.cycles;
    from = fit.cycles;
    limits = lessExcess(limits, budget, cost);
  }
  // the smallest design may need less for its FIFOs than the last one tried
  const slowest = fitting(space, Math.max(from, longestUseful(space)), budget);
  if (slowest === undefined || load(costOf(slowest.choice), budget).ratio > 1) return undefined;
  return slowest.cycles;
}

/**
 * Chooses, connects and sizes FIFOs, from the interval `start` on if there is no rate; FIFOs cost LUTs and can delay a frame, so the target is tightened until the finished design meets it.
 */
function finish(
  space: DesignSpace,
  target: FoldingTarget,
  start: number,
  name: string,
  model: CycleModel,
  diagnostics: Diagnostics,
): Finished {
  const { units } = space;
  const { budget, latencyUs, fps } = target;
  const alone = budget !== undefined && latencyUs === undefined && fps === undefined;
  const costOf = (design: Blueprint, depths: readonly number[]): Cost =>
    totalCost(units, { parts: connect(design, units, depths).nodes.map((node) => ({ node })) }, space.form);
  const sized = (choice: Choice): Finished => {
    const design = space.design(choice, name, target.clockMhz);
    const { depths, measured } = fifoDepths(design, units, space.slowest(design), model);
    const cost = costOf(design, depths);
    return { choice, design, depths, measured, cost, latency: measured.latency };
  };
  const known = new Map<Choice, Finished>();
  const complete = (choice: Choice): Finished => {
    const found = known.get(choice) ?? sized(choice);
    known.set(choice, found);
    return found;
  };
  const nearCost = (choice: Choice): Cost => {
    const design = space.design(choice, name, target.clockMhz);
    return costOf(design, nearDepths(design, units, space.slowest(design), model));
  };
  // what was asked for, not the target that was tightened meanwhile
  const refuse = (nearest: Chosen): void => {
    if (budget === undefined) return;
    const { cost } = complete(nearest.choice);
    const fits = alone ? undefined : leastFitting(space, nearest.cycles, budget, nearCost);
    reportBudget(space, nearest, cost, target, budget, fits, diagnostics);
  };
  let goal = target;
  let from = start;
  for (let round = 0; ; round++) {
    const chosen = chooseTarget(space, goal, model, diagnostics, from, refuse);
    const finished = complete(chosen.choice);
    if (isWithin(target, finished)) return finished;
    const last = alone ? chosen.cycles >= longestUseful(space) : round === tightenings;
    if (last) {
      if (budget !== undefined && !isWithin({ ...target, latencyUs: Infinity }, finished)) refuse(chosen);
      else {
        const { measured } = finished;
        const least = measured.latency / target.clockMhz;
        const layer = space.network.layers[0]?.request.value ?? '';
        diagnostics.add(
          latencyOutOfReach(latencyUs ?? 0, target.clockMhz, layer, measured.initiationInterval, least),
        );
      }
      diagnostics.throwIfErrors();
    }
    if (alone) from = slower(chosen.cycles, round);
    else goal = tightened(goal, target, finished);
  }
}

/** A target that leaves room for what the FIFOs of a finished design add. */
function tightened(
  goal: FoldingTarget,
  target: FoldingTarget,
  { cost, latency }: { readonly cost: Cost; readonly latency: number },
): FoldingTarget {
  const { budget, latencyUs, clockMhz } = target;
  const over = budget === undefined ? 1 : load(cost, budget).ratio;
  const late = latencyUs === undefined ? 1 : latency / (latencyUs * clockMhz);
  const scaled = Object.entries(goal.budget ?? {}).map(([key, limit]) => [
    key,
    over > 1 ? Math.floor(limit / (over * 1.005)) : limit,
  ]);
  return {
    ...goal,
    ...(goal.budget === undefined ? {} : { budget: Object.fromEntries(scaled) as Budget }),
    ...(goal.latencyUs === undefined
      ? {}
      : { latencyUs: late > 1 ? goal.latencyUs / (late * 1.002) : goal.latencyUs }),
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
  const network = networkOf(graph, units, diagnostics, target);
  const space = new DesignSpace(network, units, target, diagnostics);
  // a device limits a design, a budget asks for all that it allows
  const start = target.budget === undefined ? ownInterval(space) : 1;
  const limits = limitsOf(target);
  const goal = limits === undefined ? target : { ...target, budget: limits };
  const { choice, design, depths, measured } = finish(space, goal, start, name, model, diagnostics);
  const hw = connect(design, units, depths);
  const layerAt = new Map(design.parts.map(({ node, layer }) => [node.name, layer]));
  const plan = hw.nodes.map((node) => {
    const index = layerAt.get(node.name);
    return index === undefined
      ? planOf(units, node, space.form, undefined, undefined)
      : planOf(units, node, space.form, network.layers[index], choice.chosen[index]);
  });
  const folding = writtenFolding(network, choice);
  return { hw, plan, measured, folding, bindingInstance: bindingOf(plan).instance };
}
