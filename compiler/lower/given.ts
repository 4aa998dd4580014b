import type { Diagnostics } from '../diagnostics/index.ts';
import {
  ambiguousLayer,
  foldingRefused,
  layerNamedTwice,
  unknownLayer,
} from '../diagnostics/catalog/lower.ts';
import { elementCount } from '../qir/types.ts';
import { layerSize, operationsOf } from './candidates.ts';
import type { Layer, Network } from './layers.ts';
import type { FoldingTarget, GivenFolding } from './plan.ts';
import type { Choice } from './search.ts';

/** A folding file, sorted out: what it says of each layer, of each input, and of the values that several layers read. */
export interface Given {
  readonly layers: readonly (GivenFolding | undefined)[];
  /** By input, the elements of a beat. */
  readonly inputs: readonly (number | undefined)[];
  /** By wire. */
  readonly forks: ReadonlyMap<number, NonNullable<GivenFolding['fork']>>;
}

/** The layers that a name of the source model stands for: the one that multiplies if there is one, as `conv1` means the convolution and not its window. */
function layersBehind(layers: readonly Layer[], name: string): readonly number[] {
  const all = layers.flatMap((layer, i) =>
    layer.nodes.some((node) => node.origin.nodes.includes(name)) ? [i] : [],
  );
  const multiplying = all.filter((i) => operationsOf((layers[i] as Layer).request) > 0);
  return multiplying.length > 0 ? multiplying : all;
}

/**
 * Finds the layer or input that each entry of a folding file speaks of: by the name of a node, of an input, or of a node of the source model.
 *
 * Adds QCC4105 for a name that there is not, QCC4111 for two names of one layer, QCC4112 for a name of several layers, QCC4107 for a field
 * that does not belong there.
 */
export function sortOut(network: Network, given: FoldingTarget['given'], diagnostics: Diagnostics): Given {
  const { layers, inputs, wires } = network;
  const byNode = new Map(layers.flatMap((layer, i) => layer.nodes.map((node) => [node.name, i] as const)));
  const byInput = new Map(inputs.map((input, i) => [input.name, i]));
  const named = new Map<number, string>();
  const found = {
    layers: layers.map((): GivenFolding | undefined => undefined),
    inputs: inputs.map((): number | undefined => undefined),
    forks: new Map<number, NonNullable<GivenFolding['fork']>>(),
  };
  const fork = (name: string, wire: number, wanted: GivenFolding['fork']): void => {
    if (wanted === undefined) return;
    const { readers = [], type } = wires[wire] ?? {};
    const elements = type === undefined ? 1 : elementCount(type.shape);
    const text = `fork of ${wanted.lanes} lanes${wanted.rows === undefined ? '' : `, ${wanted.rows} rows`}`;
    if (readers.length < 2) diagnostics.add(foldingRefused(name, text, 'no fork: one layer alone reads it'));
    else if (elements % (wanted.rows ?? 1) !== 0 || wanted.lanes > elements)
      diagnostics.add(foldingRefused(name, text, `lanes and rows of ${elements} elements`));
    else found.forks.set(wire, wanted);
  };
  for (const [name, entry] of given ?? []) {
    const input = byInput.get(name);
    if (input !== undefined && !byNode.has(name)) {
      const elements = elementCount(inputs[input]?.type.shape ?? []);
      const other = (['pe', 'simd', 'order', 'style', 'variant', 'unit'] as const).find(
        (key) => entry[key] !== undefined,
      );
      if (other !== undefined) diagnostics.add(foldingRefused(name, `"${other}"`, '"lanes": it is an input'));
      else if ((entry.lanes ?? 1) > elements)
        diagnostics.add(foldingRefused(name, `${entry.lanes} lanes`, `at most ${elements}, its elements`));
      found.inputs[input] = entry.lanes;
      fork(name, input, entry.fork);
      continue;
    }
    const exact = byNode.get(name);
    const meant = exact === undefined ? layersBehind(layers, name) : [exact];
    const [index] = meant;
    const values = meant.map((i) => layers[i]?.request.value ?? '');
    if (index === undefined)
      diagnostics.add(unknownLayer(name, [...layers.map(({ request }) => request.value), ...byInput.keys()]));
    else if (meant.length > 1) diagnostics.add(ambiguousLayer(name, values));
    else if (named.has(index))
      diagnostics.add(layerNamedTwice(values[0] ?? '', [named.get(index) ?? '', name]));
    else if (entry.lanes !== undefined)
      diagnostics.add(foldingRefused(name, '"lanes"', '"pe" and "simd": it is a layer'));
    else {
      named.set(index, name);
      const { fork: wanted, ...folding } = entry;
      if (Object.keys(folding).length > 0) found.layers[index] = folding;
      fork(name, layers[index]?.output ?? -1, wanted);
    }
  }
  return found;
}

/** What a folding file has to say for exactly this choice: an entry for every layer and every input. */
export function writtenFolding(network: Network, choice: Choice): ReadonlyMap<string, GivenFolding> {
  const forkOf = (wire: number): Pick<GivenFolding, 'fork'> => {
    const stream = choice.forks.get(wire);
    if (stream === undefined) return {};
    const { lanes, rows } = stream;
    return { fork: { lanes, ...(rows === undefined ? {} : { rows }) } };
  };
  const entries = new Map<string, GivenFolding>();
  network.inputs.forEach(({ name }, i) => {
    const lanes = choice.inputs[i]?.lanes;
    if (lanes !== undefined) entries.set(name, { lanes, ...forkOf(i) });
  });
  network.layers.forEach(({ request, output }, i) => {
    const candidate = choice.chosen[i];
    if (candidate === undefined) return;
    const { style, pe, simd, order, variant } = candidate.folding;
    const unit = candidate.unit.name;
    const { inputs, outputs } = layerSize(request);
    const whole = style === 'unrolled' && pe === outputs && simd === inputs;
    const how = whole ? { style } : { style, pe, simd, ...(style === 'unrolled' ? {} : { order }) };
    const which = variant === undefined ? {} : { variant };
    entries.set(request.value, { unit, ...how, ...which, ...forkOf(output) });
  });
  return entries;
}
