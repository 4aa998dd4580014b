import type { Cost, Folding, HwNode, LayerRequest, UnitDefinition, UnitTiming } from '../hw/index.ts';
import { elementCount } from '../qir/types.ts';
import type { Layer } from './layers.ts';

/** One way to build a layer. */
export interface Candidate {
  readonly unit: UnitDefinition;
  readonly folding: Folding;
  /** The instance, still without its final name. */
  readonly node: HwNode;
  readonly timing: UnitTiming;
  readonly cost: Cost;
  readonly inputLanes: number;
  readonly outputLanes: number;
}

/** The sizes that folding cuts up: a matrix for a matrix-vector product, else the vector that passes through. */
export function layerSize(request: LayerRequest): { readonly inputs: number; readonly outputs: number } {
  const weights = request.ops[0]?.op === 'matmul' ? request.ops[0].consts.get(1) : undefined;
  const [outputs, inputs] = weights?.type.shape ?? [];
  if (outputs !== undefined && inputs !== undefined) return { inputs, outputs };
  const result = request.ops.at(-1)?.result.shape ?? [];
  return { inputs: elementCount(request.input.shape), outputs: elementCount(result) };
}

/** Multiply-accumulate operations of one frame. */
export function operationsOf(request: LayerRequest): number {
  if (request.ops[0]?.op !== 'matmul') return 0;
  const { inputs, outputs } = layerSize(request);
  return inputs * outputs;
}

/** One number to compare costs by: LUTs, with the other resources at roughly the LUTs they stand next to on a device. */
export function weight(cost: Cost): number {
  return cost.lut + 0.15 * cost.ff + 150 * cost.bram36 + 100 * cost.dsp;
}

/** Builds the candidate with exactly this folding, or undefined (with the refusal's text) if the unit refuses it. */
export function tryFolding(
  layer: Layer,
  unit: UnitDefinition,
  folding: Folding,
): { readonly candidate: Candidate } | { readonly reason: string } {
  const answer = unit.implement?.(layer.request, folding);
  if (answer === undefined) return { reason: `unit ${unit.name} implements no operation` };
  if ('refusal' in answer) return { reason: answer.refusal.expected ?? answer.refusal.message };
  const node: HwNode = {
    name: layer.request.value,
    unit: unit.name,
    params: answer.params,
    consts: answer.consts,
    origin: { nodes: [] },
    value: layer.request.value,
  };
  const ports = unit.ports(node);
  const lanes = (direction: 'in' | 'out'): number =>
    ports.find((p) => p.direction === direction)?.stream.lanes ?? 1;
  return {
    candidate: {
      unit,
      folding,
      node,
      timing: unit.timing(node),
      cost: unit.cost(node),
      inputLanes: lanes('in'),
      outputLanes: lanes('out'),
    },
  };
}

/** Every value of ceil(n / steps) for 1 <= steps <= limit, greatest first. */
export function laneChoices(n: number, limit: number): readonly number[] {
  const choices = new Set<number>();
  for (let steps = 1; steps <= Math.min(n, limit); steps++) choices.add(Math.ceil(n / steps));
  return [...choices];
}

/** Lane counts tried for layers that pass a vector through. */
const passThroughChoices = 12;

/** The foldings worth trying for one layer that take at most `cycles` cycles a frame. */
function foldings(layer: Layer, cycles: number, style: 'folded' | 'unrolled' | 'auto'): readonly Folding[] {
  const { inputs, outputs } = layerSize(layer.request);
  const found: Folding[] = [];
  const matrix = operationsOf(layer.request) > 0;
  if (matrix && style !== 'folded')
    found.push({ style: 'unrolled', pe: outputs, simd: inputs, order: 'output' });
  if (style === 'unrolled' && matrix) return found;
  if (!matrix) {
    for (const lanes of laneChoices(inputs, cycles).slice(-passThroughChoices))
      found.push({ style: 'folded', pe: lanes, simd: lanes, order: 'output' });
    return found;
  }
  const pairs: { readonly simd: number; readonly pe: number }[] = [];
  for (const simd of laneChoices(inputs, cycles)) {
    const groups = Math.min(outputs, Math.floor(cycles / Math.ceil(inputs / simd)));
    pairs.push({ simd, pe: Math.ceil(outputs / groups) });
  }
  // The least work a cycle is what folding is about; pairs far above it only waste lanes.
  const least = Math.min(...pairs.map(({ simd, pe }) => simd * pe));
  for (const { simd, pe } of pairs) {
    if (simd * pe > least * 1.25) continue;
    const oneGroup = pe >= outputs;
    // With one group of outputs, or one beat of inputs, both orders are the same; the first spares the input store.
    if (simd < inputs) found.push({ style: 'folded', pe, simd, order: 'input' });
    if (!oneGroup || simd >= inputs) found.push({ style: 'folded', pe, simd, order: 'output' });
  }
  return found;
}

/** All candidates of a layer within `cycles` cycles a frame. */
export function candidatesOf(
  layer: Layer,
  cycles: number,
  style: 'folded' | 'unrolled' | 'auto',
): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const folding of foldings(layer, cycles, style)) {
    for (const unit of layer.units) {
      const answer = tryFolding(layer, unit, folding);
      if ('candidate' in answer && answer.candidate.timing.initiationInterval <= cycles)
        found.push(answer.candidate);
    }
  }
  return found;
}
