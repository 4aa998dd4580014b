import {
  badActivations,
  badMethodOption,
  methodWithoutOption,
  noSuchLayer,
  noSuchMethod,
} from '../diagnostics/catalog/quantize.ts';
import { fail } from '../diagnostics/index.ts';
import { sourceName } from '../passes/graph-edit.ts';
import type { Graph, Node } from '../qir/graph.ts';
import { quantizationPoints } from './activations/points.ts';
import { layersOf } from './layers.ts';
import type {
  ActivationLevels,
  Arithmetic,
  MethodOption,
  MethodValues,
  ScaleChoice,
  WeightMethod,
} from './method.ts';
import { methods } from './methods/index.ts';

/** A method and the values of its options. */
export interface LayerChoice {
  readonly method: WeightMethod;
  readonly values: MethodValues;
}

/** What is done with each layer, and with activations. */
export interface QuantizePlan {
  /** By the name of the layer's node. */
  readonly layers: ReadonlyMap<string, LayerChoice>;
  readonly scales: ScaleChoice;
  readonly activations: ActivationLevels;
  readonly arithmetic: Arithmetic;
  /** Exponents of 2 that the user has fixed, for the scale of the activations behind a layer. */
  readonly exponents: ReadonlyMap<string, number>;
}

/** What may be said of one layer, or of all. `options` are the method's, by name. */
export interface LayerRequest {
  readonly method?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Exponent of 2 of the scale of the activations behind the layer. */
  readonly exponent?: number;
}

/** What the user asks for. */
export interface QuantizeRequest extends LayerRequest {
  readonly method: string;
  readonly scales?: ScaleChoice;
  /** `uint8`, `int4`, ..., or `float`. */
  readonly activations?: string;
  readonly arithmetic?: Arithmetic;
  /** The method of the first and the last layers, if another one. */
  readonly ends?: string;
  /** By the name of the layer, in the model or in the graph. */
  readonly layers?: ReadonlyMap<string, LayerRequest>;
}

const mostActivationBits = 8;

/** `uint8` as levels. Throws a DiagnosticError for any other text than uintN, intN and float. */
export function activationLevels(text: string): ActivationLevels {
  if (text === 'float') return { kind: 'float' };
  const [, sign, digits] = /^(u?)int([1-9]\d*)$/.exec(text) ?? [];
  const bits = Number(digits);
  if (digits === undefined || bits > mostActivationBits)
    return fail(badActivations(text, mostActivationBits));
  return { kind: 'levels', bits, signed: sign === '' };
}

/** The method of that name. */
export function methodOf(name: string): WeightMethod {
  return methods.get(name) ?? fail(noSuchMethod(name, [...methods.keys()]));
}

/**
 * A method with the values of its options: those given, and the standard ones. Throws a DiagnosticError for an option that the method does
 * not take, or a value that the option does not.
 */
export function choiceOf(name: string, given: Readonly<Record<string, unknown>>): LayerChoice {
  const method = methodOf(name);
  const values: Record<string, number | boolean | string> = {};
  for (const [option, value] of Object.entries(given)) {
    const definition = method.options[option];
    if (definition === undefined) fail(methodWithoutOption(name, option, Object.keys(method.options)));
    else values[option] = checked(option, definition, value);
  }
  for (const [option, definition] of Object.entries(method.options)) {
    if (values[option] !== undefined || definition.kind === 'switch' || definition.standard === undefined)
      continue;
    values[option] = definition.standard;
  }
  return { method, values };
}

function checked(name: string, option: MethodOption, value: unknown): number | boolean | string {
  const shown = typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? 'nothing');
  const expected = expectedOf(option);
  switch (option.kind) {
    case 'number':
      return typeof value === 'number' &&
        value >= option.least &&
        value <= option.most &&
        (!option.integer || Number.isInteger(value))
        ? value
        : fail(badMethodOption(name, shown, expected));
    case 'switch':
      return typeof value === 'boolean' ? value : fail(badMethodOption(name, shown, expected));
    case 'choice':
      return typeof value === 'string' && option.choices.includes(value)
        ? value
        : fail(badMethodOption(name, shown, expected));
  }
}

/** What an option takes, in words. */
export function expectedOf(option: MethodOption): string {
  switch (option.kind) {
    case 'number':
      return `${option.integer ? 'an integer' : 'a number'} from ${option.least} to ${option.most}`;
    case 'switch':
      return 'true or false';
    case 'choice':
      return option.choices.join(' or ');
  }
}

/** The first layers: those that read an input of the graph with nothing but other operations between. */
function firstLayers(graph: Graph): ReadonlySet<string> {
  const layers = new Set(layersOf(graph).map(({ name }) => name));
  const raw = new Set(graph.inputs.map(({ name }) => name));
  const first = new Set<string>();
  for (const node of graph.nodes) {
    const isRaw = node.operands.some((o) => o.kind === 'value' && raw.has(o.name));
    if (!isRaw) continue;
    if (layers.has(node.name)) first.add(node.name);
    else raw.add(node.name);
  }
  return first;
}

/**
 * What is done with each layer of a graph. What is said of one layer goes before what is said of the ends, and that before what is said of all;
 * a layer that names another method takes none of the options of the common one.
 *
 * @throws DiagnosticError for a method, an option, a value or a layer that there is not
 */
export function planFor(graph: Graph, request: QuantizeRequest): QuantizePlan {
  const nodes = layersOf(graph);
  const common = choiceOf(request.method, request.options ?? {});
  const ends = request.ends === undefined ? undefined : choiceOf(request.ends, {});
  const endLayers = new Set([...firstLayers(graph), ...quantizationPoints(graph).last]);
  const layers = new Map(
    nodes.map(({ name }) => [name, ends !== undefined && endLayers.has(name) ? ends : common]),
  );
  const exponents = new Map<string, number>();
  for (const [name, asked] of request.layers ?? []) {
    const node = findLayer(nodes, name);
    const method = asked.method ?? layers.get(node.name)?.method.name ?? request.method;
    const inherited = method === request.method ? request.options : {};
    layers.set(node.name, choiceOf(method, { ...inherited, ...asked.options }));
    if (asked.exponent !== undefined) exponents.set(node.name, asked.exponent);
  }
  const activations = common.method.activations(common.values);
  return {
    layers,
    exponents,
    scales: request.scales ?? activations.scales,
    activations: activationLevels(request.activations ?? activations.levels),
    arithmetic: request.arithmetic ?? 'integer',
  };
}

function findLayer(nodes: readonly Node[], name: string): Node {
  const found = nodes.find((node) => node.name === name) ?? nodes.find((node) => sourceName(node) === name);
  return found ?? fail(noSuchLayer(name, nodes.map(sourceName)));
}
