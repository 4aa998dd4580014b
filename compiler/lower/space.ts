import type { Diagnostics } from '../diagnostics/index.ts';
import { foldingRefused } from '../diagnostics/catalog/lower.ts';
import type { Cost, Folding, Form, HwNode, UnitDefinition, UnitTiming } from '../hw/index.ts';
import { bitWidth, elementCount } from '../qir/types.ts';
import { candidatesOf, layerSize, operationsOf, tryFolding, usualPrices } from './candidates.ts';
import type { Candidate, Prices } from './candidates.ts';
import { blueprint } from './connect.ts';
import type { Blueprint } from './connect.ts';
import { sortOut, type Given } from './given.ts';
import type { Layer, Network } from './layers.ts';
import type { FoldingTarget, GivenFolding } from './plan.ts';
import { PlumbingCosts } from './plumbing.ts';
import { cheapest } from './search.ts';
import type { Choice } from './search.ts';

/** Intervals beyond which no layer is looked at: 2^40 cycles are a frame an hour at 300 MHz. */
const longestInterval = 2 ** 40;

/** The one candidate with the folding that the user gave, what is not given filled up with the whole layer. */
function fixedCandidate(
  layer: Layer,
  given: GivenFolding,
  form: Form,
  diagnostics: Diagnostics,
): Candidate | undefined {
  const { inputs, outputs } = layerSize(layer.request);
  const folding: Folding = {
    style: given.style ?? 'folded',
    pe: given.pe ?? outputs,
    simd: given.simd ?? inputs,
    order: given.order ?? 'output',
    ...(given.variant === undefined ? {} : { variant: given.variant }),
  };
  const reasons: string[] = [];
  const able = layer.units.filter(({ name }) => given.unit === undefined || given.unit === name);
  if (able.length === 0) reasons.push(`unit ${layer.units.map(({ name }) => name).join(' or ')}`);
  for (const unit of able) {
    const answer = tryFolding(layer, unit, folding, form);
    if ('candidate' in answer) {
      const {
        inputs: [taken],
        output,
      } = answer.candidate;
      // of a unit that is named, lanes that it does not go by are not passed over
      if (given.unit === undefined || given.style !== 'unrolled') return answer.candidate;
      if (output.lanes === folding.pe && taken?.lanes === folding.simd) return answer.candidate;
      reasons.push(`pe ${output.lanes}, simd ${taken?.lanes ?? 1}`);
    } else reasons.push(answer.reason);
  }
  const asked = given.unit === undefined ? '' : `unit ${given.unit}, `;
  const variant = folding.variant === undefined ? '' : `, variant ${folding.variant}`;
  const found = `${asked}style ${folding.style}, pe ${folding.pe}, simd ${folding.simd}, ${folding.order} order${variant}`;
  diagnostics.add(foldingRefused(layer.request.value, found, reasons.join('; ')));
  return undefined;
}

/** The sum of the costs of all instances. */
export function totalCost(
  units: ReadonlyMap<string, UnitDefinition>,
  plan: Pick<Blueprint, 'parts'>,
  form: Form = 'portable',
): Cost {
  const total = { lut: 0, ff: 0, bram36: 0, dsp: 0 };
  for (const { node } of plan.parts) {
    const cost = units.get(node.unit)?.cost(node, form);
    total.lut += cost?.lut ?? 0;
    total.ff += cost?.ff ?? 0;
    total.bram36 += cost?.bram36 ?? 0;
    total.dsp += cost?.dsp ?? 0;
  }
  return total;
}

/** By the parameters of an instance, which the candidate and every design with it share. */
const timings = new WeakMap<HwNode['params'], UnitTiming>();

function timingOf(units: ReadonlyMap<string, UnitDefinition>, node: HwNode): UnitTiming | undefined {
  let timing = timings.get(node.params);
  if (timing === undefined) {
    timing = units.get(node.unit)?.timing(node);
    if (timing !== undefined) timings.set(node.params, timing);
  }
  return timing;
}

/** All designs of one network in one style: for an interval, the cheapest. Costs are kept, so that asking often is cheap. */
export class DesignSpace {
  readonly network: Network;
  readonly units: ReadonlyMap<string, UnitDefinition>;
  readonly style: FoldingTarget['style'];
  /** The form that costs are counted in. */
  readonly form: Form;
  /** By layer, the candidate that a folding file asks for. */
  readonly fixed: readonly (Candidate | undefined)[];
  readonly #costs: PlumbingCosts;
  readonly #given: Given;
  readonly #least = new Map<number, number | undefined>();

  /**
   * @throws DiagnosticError QCC4105 for foldings of layers that there are not, QCC4107 for foldings that no unit takes.
   */
  constructor(
    network: Network,
    units: ReadonlyMap<string, UnitDefinition>,
    target: Pick<FoldingTarget, 'style' | 'given' | 'form'>,
    diagnostics: Diagnostics,
  ) {
    this.network = network;
    this.units = units;
    this.style = target.style;
    this.form = target.form ?? 'portable';
    this.#costs = new PlumbingCosts(units, this.form);
    this.#given = sortOut(network, target.given, diagnostics);
    diagnostics.throwIfErrors();
    this.fixed = network.layers.map((layer, i) => {
      const given = this.#given.layers[i];
      return given === undefined ? undefined : fixedCandidate(layer, given, this.form, diagnostics);
    });
    diagnostics.throwIfErrors();
  }

  /** Bit operations of one frame: multiply-accumulates times the bits of both factors, which is what they cost. */
  get operations(): number {
    return this.network.layers.reduce((sum, { request }) => {
      const weights = request.ops[0]?.consts.get(1)?.type.elem;
      const bits = weights === undefined ? 1 : bitWidth(weights) * bitWidth(request.input.elem);
      return sum + bits * operationsOf(request);
    }, 0);
  }

  /** Whether every layer that multiplies has a folding that was given. */
  get settled(): boolean {
    const { fixed } = this;
    return (
      fixed.some((candidate) => candidate !== undefined) &&
      this.network.layers.every((layer, i) => fixed[i] !== undefined || operationsOf(layer.request) === 0)
    );
  }

  /** Cycles that no conversion of lanes exceeds: one element a cycle in, and another one out. */
  get longestConversion(): number {
    return 2 * Math.max(...this.network.wires.map(({ type }) => elementCount(type.shape)));
  }

  candidates(index: number, cycles: number): readonly Candidate[] {
    const fixed = this.fixed[index];
    const layer = this.network.layers[index];
    if (layer === undefined) return [];
    if (fixed === undefined) return candidatesOf(layer, cycles, this.style, this.form);
    return fixed.timing.initiationInterval <= cycles ? [fixed] : [];
  }

  /** The least interval in which a layer can be built; undefined if it cannot in this style. */
  leastInterval(index: number): number | undefined {
    if (!this.#least.has(index)) this.#least.set(index, this.#findLeast(index));
    return this.#least.get(index);
  }

  #findLeast(index: number): number | undefined {
    const fixed = this.fixed[index];
    if (fixed !== undefined) return fixed.timing.initiationInterval;
    let high = 1;
    while (this.candidates(index, high).length === 0) {
      if (high >= longestInterval) return undefined;
      high *= 2;
    }
    let low = Math.floor(high / 2) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.candidates(index, middle).length > 0) high = middle;
      else low = middle + 1;
    }
    return high;
  }

  /** The cheapest design that takes at most `cycles` cycles a frame, without FIFOs; undefined if there is none. */
  solve(cycles: number, prices: Prices = usualPrices): Choice | undefined {
    const candidates = this.network.layers.map((_, index) => this.candidates(index, cycles));
    return cheapest(this.units, this.network, candidates, cycles, this.#costs, prices, this.#given);
  }

  /** The design of a choice, without FIFOs. */
  design(choice: Choice, name: string, clockMhz: number): Blueprint {
    return blueprint(name, clockMhz, this.units, this.network, choice);
  }

  /** The initiation interval of the slowest instance of a design. */
  slowest(plan: Blueprint): number {
    return Math.max(...plan.parts.map(({ node }) => timingOf(this.units, node)?.initiationInterval ?? 1));
  }
}
