import * as say from '../../diagnostics/catalog/passes.ts';
import { DiagnosticError, invariant, type Diagnostic, type Diagnostics } from '../../diagnostics/index.ts';
import {
  value,
  type Boundary,
  type Graph,
  type GraphInput,
  type GraphOutput,
  type Node,
} from '../../qir/graph.ts';
import { boundaryScale, evaluateConstant, levelsFit, toReal } from '../../qir/evaluate.ts';
import { rational } from '../../qir/rational.ts';
import { elementCount, printElement, valueRange, type Tensor, type TensorType } from '../../qir/types.ts';
import { countReaders, sourceName, whereOf } from '../graph-edit.ts';
import { Builder } from './builder.ts';
import { extend, gridCarrier, moveOrigin, withMovesOf, type Carrier, type TailStep } from './carrier.ts';
import { exactBias, exactScaling } from './exact.ts';
import { quantizedInput } from './input.ts';
import { isJoin, join } from './join.ts';
import { addBias, integerLayer, type Layer } from './layer.ts';
import { isMovement, movement } from './movement.ts';
import { leaving } from './outputs.ts';
import { averagePool, maxPool } from './pool.ts';
import { onGrid, quantize, settled } from './quantize.ts';
import { rank, rankType } from './ranking.ts';

/** Quantizers, where a tail ends; multithreshold and trunc likewise, if their results lie on a grid. */
const quantizers = new Set(['quant', 'bipolar_quant', 'trunc', 'multithreshold']);
/** Operations that act on each element for itself, given constants. */
const elementwise = new Set([
  ...['add', 'sub', 'mul', 'div', 'pow', 'batchnorm'],
  ...['relu', 'clip', 'leaky_relu', 'prelu', 'sigmoid', 'tanh'],
]);

/** One run of `integerize` over one graph. */
export class Integerizer {
  readonly #graph: Graph;
  readonly #diagnostics: Diagnostics;
  readonly #builder: Builder;
  readonly #notes: Diagnostic[] = [];
  readonly #inputs: GraphInput[] = [];
  /** What depends on constants only, with the source nodes it came through. */
  readonly #fixed = new Map<string, { readonly tensor: Tensor; readonly origin: readonly string[] }>();
  /** Every other value; undefined where a diagnostic has been given for it or for what it depends on. */
  readonly #carriers = new Map<string, Carrier | undefined>();
  readonly #layers = new Map<string, Layer>();
  /** What has been made of a carrier for one reader serves the next. */
  readonly #onGrid = new Map<Carrier, Carrier>();
  readonly #settled = new Map<Carrier, Carrier>();
  readonly #absorbed = new Map<Carrier, Carrier>();
  readonly #readers: ReadonlyMap<string, number>;

  constructor(graph: Graph, diagnostics: Diagnostics) {
    this.#graph = graph;
    this.#diagnostics = diagnostics;
    this.#readers = countReaders(graph);
    this.#builder = new Builder([...graph.inputs, ...graph.nodes].map((v) => v.name));
  }

  /** The integer form; undefined if diagnostics were given instead. */
  run(): Graph | undefined {
    for (const input of this.#graph.inputs) this.#carriers.set(input.name, this.#enter(input));
    for (const node of this.#graph.nodes) this.#capture(node, () => this.#convert(node));
    const outputs = this.#graph.outputs.map((output) => this.#leave(output));
    const good = outputs.filter((output) => output !== undefined);
    if (this.#diagnostics.hasErrors || good.length < outputs.length) return undefined;
    return {
      name: this.#graph.name,
      form: 'integer',
      inputs: this.#inputs,
      nodes: this.#builder.nodes,
      outputs: good,
      consts: this.#builder.consts,
      notes: [...this.#graph.notes, ...this.#notes],
    };
  }

  #enter(input: GraphInput): Carrier | undefined {
    if (input.type.elem.kind === 'float32') return this.#enterFloat(input);
    this.#inputs.push(input);
    this.#builder.input(input);
    const { min, max } = valueRange(input.type.elem);
    const { offset = 0, zeroPoint = 0 } = input.boundary;
    if (offset !== 0 || !levelsFit(input.type.elem, zeroPoint)) {
      const toReals = (integers: Tensor) =>
        toReal({ ...integers, type: { ...integers.type, elem: input.type.elem } }, input.boundary);
      return {
        base: input.name,
        type: input.type,
        range: { min, max },
        toReal: toReals,
        carried: false,
        tail: [],
        moves: [],
        shape: input.type.shape,
      };
    }
    const scales = [boundaryScale(input.type.elem, input.boundary)];
    return gridCarrier(input.name, input.type, { min, max }, { scales, scaleShape: [], zeroPoint });
  }

  /** A float32 input whose only reader is a quantizer carries that quantizer's levels. */
  #enterFloat(input: GraphInput): Carrier | undefined {
    const found = quantizedInput(this.#graph, input, (name) => this.#graph.consts.get(name)?.tensor);
    if ('user' in found) {
      const { user } = found;
      this.#diagnostics.add(
        say.inputTypeUnknown(input.name, user && { where: whereOf(user), op: sourceName(user) }),
      );
      return undefined;
    }
    const { type, range, grid, node, boundary } = found;
    this.#inputs.push({
      ...input,
      type,
      boundary: { ...boundary, ...layoutOf(input.boundary) },
      origin: node.origin,
    });
    this.#builder.input({ name: input.name, type });
    this.#notes.push(say.inputQuantizedByHost(whereOf(node), input.name, printElement(type.elem)));
    // the quantizer maps its own results to themselves, so what stands between keeps its meaning
    const carrier = gridCarrier(input.name, type, range, grid);
    const shaped = this.#builder.reshape(baseOf(carrier), node.type.shape, node.name, node.origin.nodes);
    this.#carriers.set(node.name, gridCarrier(shaped.name, shaped.type, range, grid));
    return carrier;
  }

  #convert(node: Node): void {
    if (this.#carriers.has(node.name)) return;
    const constants = node.operands.map((o) => this.#constant(o));
    const present = constants.filter((c) => c !== undefined);
    if (present.length === constants.length) {
      const tensor = evaluateConstant(
        node,
        present.map((c) => c.tensor),
      );
      const origin = [...present.flatMap((c) => c.origin), ...node.origin.nodes];
      this.#fixed.set(node.name, { tensor, origin: [...new Set(origin)] });
      return;
    }
    const running = node.operands
      .filter((_, i) => constants[i] === undefined)
      .map((o) => this.#carriers.get(o.name));
    // what could not be converted has been reported where it stands
    this.#carriers.set(node.name, undefined);
    if (running.some((carrier) => carrier === undefined)) return;
    const good = running.filter((carrier) => carrier !== undefined);
    const tensors = constants.map((c) => c?.tensor);
    const [carrier] = good;
    invariant(carrier, 'a node without operands');
    this.#carriers.set(
      node.name,
      good.length > 1 || node.op === 'concat'
        ? this.#join(node, good, tensors)
        : this.#convertOn(node, carrier, tensors),
    );
  }

  /** Values that meet in one node. */
  #join(
    node: Node,
    carriers: readonly Carrier[],
    constants: readonly (Tensor | undefined)[],
  ): Carrier | undefined {
    if (!isJoin(node) || constants.some((tensor) => tensor !== undefined)) {
      const found = `${carriers.length} values that are not constant in one ${node.op}`;
      return this.#refuse(node, found, 'one value and constants, or a sum or concatenation of values');
    }
    // sums need levels; side by side, rounded numbers stay what they are
    const absorbed = carriers.map((x) => this.#absorb(x));
    const branches = absorbed.map((x) =>
      node.op === 'concat' && x.grid !== undefined && x.tail.length === 0 ? x : this.#levels(x, node),
    );
    return join(this.#builder, node, branches);
  }

  #convertOn(node: Node, carrier: Carrier, constants: readonly (Tensor | undefined)[]): Carrier | undefined {
    if (node.op === 'matmul' || node.op === 'conv2d') return this.#layer(node, carrier);
    if (node.op === 'argmax' || node.op === 'topk') return this.#index(node, carrier);
    if (node.op === 'maxpool')
      return maxPool(this.#builder, node, carrier, this.#ownLayer(carrier), this.#origin(carrier));
    if (node.op === 'avgpool')
      return averagePool(this.#builder, node, this.#absorb(carrier), this.#origin(carrier));
    if (isMovement(node)) return movement(this.#builder, node, carrier, this.#origin(carrier));
    const constant = node.operands.length === constants.filter((c) => c !== undefined).length + 1;
    if (!constant || (!quantizers.has(node.op) && !elementwise.has(node.op))) {
      return this.#refuse(
        node,
        node.op,
        `one of ${[...elementwise, ...quantizers].join(', ')}, a layer, a pool, a join, or a move of elements`,
      );
    }
    if (elementCount(node.type.shape) !== elementCount(carrier.shape)) {
      return this.#refuse(node, 'a constant that repeats the value', 'constants that broadcast to the value');
    }
    const next = extend(carrier, node, constants);
    return quantizers.has(node.op) ? quantize(this.#builder, next, this.#origin(next)) : next;
  }

  #layer(node: Node, x: Carrier): Carrier | undefined {
    const w = node.operands[1];
    const weights = w && this.#constant(w);
    if (weights === undefined || node.operands[0]?.name === w?.name) {
      this.#diagnostics.add(say.weightsNotQuantized(whereOf(node), sourceName(node), 'no constant'));
      return undefined;
    }
    const levels = this.#levels(this.#absorb(x), node);
    const operand = this.#settled.get(levels) ?? settled(this.#builder, levels, node);
    this.#settled.set(levels, operand);
    const origin = [...weights.origin, ...node.origin.nodes];
    const layer = integerLayer(this.#builder, node, operand, weights.tensor, origin);
    this.#layers.set(layer.carrier.base, layer);
    return layer.carrier;
  }

  /** The carrier without its tail, for a reader that needs levels; made once for all readers. */
  #levels(x: Carrier, reader: Node): Carrier {
    const levels = this.#onGrid.get(x) ?? onGrid(this.#builder, x, reader, this.#origin(x));
    this.#onGrid.set(x, levels);
    return levels;
  }

  /** The layer whose sums the carrier reads, if nothing else does. */
  #ownLayer(carrier: Carrier): Layer | undefined {
    const layer = this.#layers.get(carrier.base);
    const nodes = [...carrier.tail, ...carrier.moves].map(({ node }) => node);
    const alone = layer && [layer.source, ...nodes].every(({ name }) => this.#readers.get(name) === 1);
    return alone === true ? layer : undefined;
  }

  #index(node: Node, x: Carrier): Carrier | undefined {
    const carrier = this.#absorb(x);
    const found = rank(carrier);
    const origin = this.#origin(carrier);
    if (found.kind === 'too-large') {
      this.#diagnostics.add(say.tailTooLarge(whereOf(node), sourceName(node), found.found, found.expected));
      return undefined;
    }
    let ranked = carrier;
    if (found.kind !== 'order-kept') {
      const name = this.#builder.unusedName(`${node.name}_rank`);
      const { name: base, type } = this.#builder.levels(
        baseOf(carrier),
        found,
        rankType(found),
        name,
        origin,
      );
      ranked = { ...carrier, base, type };
    }
    const ranks = this.#builder.moves(ranked, node.name, moveOrigin(carrier));
    const result = this.#builder.add({
      name: node.name,
      op: node.op,
      operands: [value(ranks.name)],
      attributes: node.attributes,
      origin: [...(found.kind === 'order-kept' ? origin : []), ...node.origin.nodes],
    });
    const { min, max } = valueRange(result.type.elem);
    const scales = [rational(1n, 1n)];
    return gridCarrier(result.name, result.type, { min, max }, { scales, scaleShape: [], zeroPoint: 0 });
  }

  /** Takes leading tail steps that are exact in integers into the layer's bias and scales. */
  #absorb(carrier: Carrier): Carrier {
    const known = this.#absorbed.get(carrier) ?? this.#absorbSteps(carrier);
    this.#absorbed.set(carrier, known);
    return known;
  }

  #absorbSteps(carrier: Carrier): Carrier {
    let current = carrier;
    for (;;) {
      const scaled = exactScaling(current);
      const bias = exactBias(current);
      const layer = this.#layers.get(current.base);
      if (scaled !== undefined) {
        current = scaled;
      } else if (bias !== undefined && layer !== undefined) {
        const [first, ...rest] = current.tail;
        invariant(first, 'a bias without a step');
        const origin = [...layer.origin, ...this.#stepOrigin(first)];
        const next = addBias(this.#builder, layer, bias, first.node, origin, current);
        if (next === undefined) return current;
        this.#layers.set(next.carrier.base, next);
        current = withMovesOf({ ...next.carrier, tail: rest }, carrier);
      } else {
        return current;
      }
    }
  }

  #leave(output: GraphOutput): GraphOutput | undefined {
    const found = this.#carriers.get(output.value);
    if (found === undefined) {
      const node = this.#graph.nodes.find((n) => n.name === output.value);
      if (node !== undefined && this.#fixed.has(output.value)) {
        this.#refuse(node, 'an output that does not depend on the input', 'a result of the input');
      }
      return undefined;
    }
    const carrier = this.#absorb(found);
    const input = this.#graph.inputs.find((i) => i.name === carrier.base);
    const { boundary: read, host } = leaving(carrier, input?.boundary);
    const { layout: _, ...boundary } = read;
    const last = carrier.tail.at(-1);
    if (last !== undefined) this.#notes.push(say.tailOnHost(whereOf(last.node), output.value, host.length));
    const shaped = this.#builder.moves(carrier, output.value, moveOrigin(carrier));
    const origin = { nodes: [...new Set([...this.#origin(carrier), ...output.origin.nodes])] };
    return {
      value: shaped.name,
      boundary: { ...boundary, ...layoutOf(output.boundary) },
      origin,
      host: [...host, ...output.host],
    };
  }

  #constant(
    operand: Node['operands'][number],
  ): { readonly tensor: Tensor; readonly origin: readonly string[] } | undefined {
    if (operand.kind === 'value') return this.#fixed.get(operand.name);
    const found = this.#graph.consts.get(operand.name);
    return found && { tensor: found.tensor, origin: [] };
  }

  #origin(carrier: Carrier): string[] {
    return [...carrier.tail.flatMap((step) => this.#stepOrigin(step)), ...moveOrigin(carrier)];
  }

  /** The source nodes of a step and of its quantized constants. */
  #stepOrigin(step: TailStep): string[] {
    return [
      ...step.node.operands.flatMap((o) => this.#fixed.get(o.name)?.origin ?? []),
      ...step.node.origin.nodes,
    ];
  }

  #refuse(node: Node, found: string, expected: string): undefined {
    this.#diagnostics.add(say.noIntegerForm(whereOf(node), sourceName(node), found, expected));
    return undefined;
  }

  #capture(node: Node, body: () => void): void {
    try {
      body();
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      for (const diagnostic of error.diagnostics) this.#diagnostics.add(diagnostic);
      this.#carriers.set(node.name, undefined);
    }
  }
}

/** The order of the elements in the source model, which the integers keep. */
function layoutOf({ layout }: Boundary): Pick<Boundary, 'layout'> {
  return layout === undefined ? {} : { layout };
}

function baseOf(carrier: Carrier): { name: string; type: TensorType } {
  return { name: carrier.base, type: carrier.type };
}
