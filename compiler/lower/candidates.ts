import { InternalError } from '../diagnostics/index.ts';
import type {
  Cost,
  Folding,
  Form,
  HwNode,
  LayerRequest,
  StreamType,
  UnitDefinition,
  UnitTiming,
} from '../hw/index.ts';
import { elementCount } from '../qir/types.ts';
import type { Layer } from './layers.ts';
import type { FoldingTarget } from './plan.ts';

/** One way to build a layer. */
export interface Candidate {
  readonly unit: UnitDefinition;
  readonly folding: Folding;
  /** The instance, still without its final name. */
  readonly node: HwNode;
  readonly timing: UnitTiming;
  readonly cost: Cost;
  /** Streams of the input ports, in the order of the layer's data operands. */
  readonly inputs: readonly StreamType[];
  readonly output: StreamType;
}

/** What one piece of each resource counts in a comparison of costs. */
export interface Prices {
  readonly lut: number;
  readonly ff: number;
  /** A 36 Kib block. */
  readonly bram36: number;
  readonly dsp: number;
}

/** Every resource at roughly the LUTs that stand next to it on a device. */
export const usualPrices: Prices = { lut: 1, ff: 0.15, bram36: 150, dsp: 100 };

/** One number to compare costs by. */
export function weight(cost: Cost, prices: Prices = usualPrices): number {
  return prices.lut * cost.lut + prices.ff * cost.ff + prices.bram36 * cost.bram36 + prices.dsp * cost.dsp;
}

/** The matrix of a product with constant weights `[outputs, inputs]`, if the layer begins with one. */
function matrixOf(request: LayerRequest): { readonly inputs: number; readonly outputs: number } | undefined {
  if (request.ops[0]?.op !== 'matmul') return undefined;
  const [outputs, inputs] = request.ops[0].consts.get(1)?.type.shape ?? [];
  return outputs === undefined || inputs === undefined ? undefined : { inputs, outputs };
}

/**
 * The sizes that folding cuts up: the matrix of a matrix-vector product, else the elements of one position that pass through (the last
 * axis, channels).
 */
export function layerSize(request: LayerRequest): { readonly inputs: number; readonly outputs: number } {
  return (
    matrixOf(request) ?? {
      inputs: request.input.shape.at(-1) ?? 1,
      outputs: request.ops.at(-1)?.result.shape.at(-1) ?? 1,
    }
  );
}

/** Multiply-accumulate operations of one frame: every product with a constant weight. */
export function operationsOf(request: LayerRequest): number {
  const [first] = request.ops;
  if (first === undefined) return 0;
  const matrix = matrixOf(request);
  if (matrix !== undefined) return elementCount(first.result.shape) * matrix.inputs;
  return first.op === 'depthwise' ? elementCount(request.input.shape) : 0;
}

type Answer = { readonly candidate: Candidate } | { readonly reason: string };

/** What units answered, by layer and folding: costs and timings are computed once however many intervals are tried. */
const answers = new WeakMap<Layer['request'], Map<string, Answer>>();

/** Builds the candidate with exactly this folding, or says why the unit refuses it. */
export function tryFolding(
  layer: Layer,
  unit: UnitDefinition,
  folding: Folding,
  form: Form = 'portable',
): Answer {
  const key = `${form} ${unit.name} ${folding.style} ${folding.pe} ${folding.simd} ${folding.order} ${folding.variant ?? ''}`;
  let known = answers.get(layer.request);
  if (known === undefined) answers.set(layer.request, (known = new Map<string, Answer>()));
  let answer = known.get(key);
  if (answer === undefined) known.set(key, (answer = build(layer, unit, folding, form)));
  return answer;
}

function build(layer: Layer, unit: UnitDefinition, folding: Folding, form: Form): Answer {
  const { variant } = folding;
  const { variants = [] } = unit;
  if (variant !== undefined && !variants.includes(variant)) {
    const some = variants.length > 4 ? [...variants.slice(0, 4), '...'] : variants;
    return { reason: `${some.length === 0 ? 'no variant' : `variant ${some.join(', ')}`} (${unit.name})` };
  }
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
  const inputs = ports.filter(({ direction }) => direction === 'in').map(({ stream }) => stream);
  const output = ports.find(({ direction }) => direction === 'out')?.stream;
  if (output === undefined || inputs.length !== layer.request.inputs.length)
    throw new InternalError(`unit ${unit.name} has other ports than ${layer.request.value} has operands`);
  let cost: Cost | undefined;
  return {
    candidate: {
      unit,
      folding,
      node,
      timing: unit.timing(node),
      // many are looked at for their interval alone
      get cost() {
        return (cost ??= unit.cost(node, form));
      },
      inputs,
      output,
    },
  };
}

/** Every value of ceil(n / steps) for 1 <= steps <= limit, greatest first. */
export function laneChoices(n: number, limit: number): readonly number[] {
  const choices: number[] = [];
  const most = Math.min(n, limit);
  for (let steps = 1; steps <= most;) {
    const lanes = Math.ceil(n / steps);
    choices.push(lanes);
    // the least number of steps that gets by with fewer lanes
    steps = lanes === 1 ? most + 1 : Math.ceil(n / (lanes - 1));
  }
  return choices;
}

/** Lane counts tried for layers that pass a tensor through. */
const passThroughChoices = 12;

/** Foldings of a unit that does not propose any: it passes a tensor through and takes any number of lanes. */
function passThrough(request: LayerRequest, cycles: number): readonly Folding[] {
  const elements = Math.max(...request.inputs.map(({ shape }) => elementCount(shape)));
  const row = request.input.shape.at(-1) ?? 1;
  const rows = elements / row;
  const lanes = new Set(laneChoices(elements, cycles).slice(-passThroughChoices));
  // lanes that cut every position into whole beats, or take whole positions at a time
  const within = laneChoices(row, Math.floor(cycles / rows)).slice(-passThroughChoices);
  for (const choice of within) lanes.add(choice);
  for (const positions of laneChoices(rows, cycles).slice(-2)) lanes.add(positions * row);
  return [...lanes].map((each) => ({ style: 'folded', pe: each, simd: each, order: 'output' }));
}

/** The foldings worth trying of one unit for a request that take at most `cycles` cycles a frame. */
function foldingsOf(
  unit: UnitDefinition,
  request: LayerRequest,
  cycles: number,
  styles: readonly Folding['style'][],
): readonly Folding[] {
  if (unit.foldings !== undefined) return unit.foldings(request, cycles, styles);
  return styles.includes('folded') ? passThrough(request, cycles) : [];
}

/** The styles to build a layer in: `unrolled` is asked only of layers that some unit unrolls. */
function stylesOf(layer: Layer, style: FoldingTarget['style']): readonly Folding['style'][] {
  if (style === 'auto') return ['folded', 'unrolled'];
  if (style === 'folded') return ['folded'];
  const limit = Number.MAX_SAFE_INTEGER;
  const unrolls = layer.known.some((unit) => foldingsOf(unit, layer.request, limit, ['unrolled']).length > 0);
  return unrolls ? ['unrolled'] : ['folded'];
}

/** All candidates of a layer within `cycles` cycles a frame. */
export function candidatesOf(
  layer: Layer,
  cycles: number,
  style: FoldingTarget['style'],
  form: Form = 'portable',
): readonly Candidate[] {
  const found = new Set<Candidate>();
  const styles = stylesOf(layer, style);
  for (const unit of layer.units) {
    for (const folding of foldingsOf(unit, layer.request, cycles, styles)) {
      const answer = tryFolding(layer, unit, folding, form);
      if ('candidate' in answer && answer.candidate.timing.initiationInterval <= cycles)
        found.add(answer.candidate);
    }
  }
  return [...found];
}
