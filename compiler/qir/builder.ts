import * as sayGraph from '../diagnostics/catalog/qir-graph.ts';
import * as sayTypes from '../diagnostics/catalog/qir-types.ts';
import { excerpt } from '../diagnostics/wording.ts';
import { DiagnosticError, fail } from '../diagnostics/index.ts';
import type { Diagnostic, Diagnostics, Where } from '../diagnostics/index.ts';
import { elementProblem, isName } from './check-type.ts';
import type { Attribute, Const, Form, Graph, GraphInput, GraphOutput, Node, Operand } from './graph.ts';
import type { OpDefinition } from './op.ts';
import { isProblem } from './op.ts';
import { ops } from './ops/index.ts';
import { nearest } from '../diagnostics/suggest.ts';
import { toTensor } from './tensor-like.ts';
import type { TensorLike } from './tensor-like.ts';
import type { ElementType, TensorType } from './types.ts';
import { printElement } from './types.ts';
import { verifyGraph } from './verify.ts';
import { asColumn, boundaryFrom, Constant, given, isList, isNumbers, Value } from './builder-values.ts';
import type {
  BoundaryOptions,
  NodeOptions,
  OperandLike,
  OutputOptions,
  SlideOptions,
} from './builder-values.ts';
import { verifyUse } from './verify-node.ts';

/**
 * Builds a graph call by call. Every call checks its arguments and infers the type of its result; a mistake throws a DiagnosticError
 * that names the call.
 *
 * Networks given as arrays go in as they are: weights are `[outputs, inputs]`, one row a neuron; thresholds `[neurons, n]`, or
 * one number a neuron; `strictlyGreater` turns `sum > t` into the `sum >= t` of QIR.
 *
 * @example
 * // two binary neurons of three inputs: +1 where the sum is greater than 0 (first neuron), than -1 (second)
 * const g = new GraphBuilder('tiny');
 * const x = g.input('x', bipolar, [3]);
 * const sum = g.matmul(x, { elem: bipolar, data: [[1, -1, 1], [-1, -1, 1]] });
 * const bit = g.threshold(sum, strictlyGreater([0, -1]), { result: bipolar });
 * g.output(bit);
 * const graph = g.build();
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #form: Form;
  readonly #inputs: GraphInput[] = [];
  readonly #nodes: Node[] = [];
  readonly #outputs: GraphOutput[] = [];
  readonly #consts = new Map<string, Const>();
  readonly #notes: Diagnostic[] = [];
  readonly #values = new Map<string, Value>();
  readonly #constants = new Map<string, Constant>();
  readonly #calls = new Map<string, number>();

  /**
   * @param name name of the graph: letters, digits, underscores
   * @param options form of the graph, `integer` unless given
   */
  constructor(name: string, options: { readonly form?: Form } = {}) {
    if (!isName(name)) fail(sayGraph.badName(call('new GraphBuilder'), 'graph', name));
    this.#name = name;
    this.#form = options.form ?? 'integer';
  }

  /**
   * An input of the graph.
   *
   * @param elem what travels on the wires
   * @param shape one sample, channels last, no batch axis
   */
  input(name: string, elem: ElementType, shape: readonly number[], options: BoundaryOptions = {}): Value {
    const where = call('input', name);
    const value = this.#define(name, { elem, shape: [...shape] }, where);
    const origin = { nodes: [...(options.origin ?? [])] };
    this.#inputs.push({ name, type: value.type, boundary: boundaryFrom(options), origin });
    return value;
  }

  /** A constant under a name of its own, for use at several places. Other constants are named after the node that uses them. */
  const(name: string, tensor: TensorLike): Constant {
    return this.#constant(name, tensor, call('const', name));
  }

  /**
   * Any operation of QIR.
   *
   * @param op its name
   * @param operands in the order of its definition; arrays become constants
   * @param attributes as its definition lists them
   * @returns its result
   */
  op(
    op: string,
    operands: readonly OperandLike[],
    attributes: Readonly<Record<string, Attribute>> = {},
    options: NodeOptions = {},
  ): Value {
    return this.#node('op', op, operands, attributes, options);
  }

  /**
   * A fully connected layer without activation: y[o] = sum over i of w[o][i] * x[i], plus bias[o]; exact.
   *
   * @param weights [outputs, inputs]
   */
  matmul(
    x: Value,
    weights: Constant | TensorLike,
    options: NodeOptions & { bias?: Constant | TensorLike } = {},
  ): Value {
    const { bias, ...rest } = options;
    return this.#node('matmul', 'matmul', bias === undefined ? [x, weights] : [x, weights, bias], {}, rest);
  }

  /**
   * A convolution of an image [height, width, channels], without activation; exact.
   *
   * @param weights [outputs, kernel height, kernel width, channels / groups]
   * @param options `padValue`: what stands around the image (integer form), 0 unless given
   */
  conv2d(
    x: Value,
    weights: Constant | TensorLike,
    options: NodeOptions &
      SlideOptions & { bias?: Constant | TensorLike; groups?: number; padValue?: number } = {},
  ): Value {
    const { bias, strides, pads, dilations, groups, padValue, ...rest } = options;
    const operands = bias === undefined ? [x, weights] : [x, weights, bias];
    const attributes = given({ strides, pads, dilations, groups, pad_value: padValue });
    return this.#node('conv2d', 'conv2d', operands, attributes, rest);
  }

  /** The greatest element of each window of `kernel` [height, width], channel by channel. */
  maxpool(x: Value, kernel: readonly [number, number], options: NodeOptions & SlideOptions = {}): Value {
    const { strides, pads, dilations, ...rest } = options;
    return this.#node('maxpool', 'maxpool', [x], given({ kernel, strides, pads, dilations }), rest);
  }

  /** Tensors one behind the other along an axis, the last one unless given. */
  concat(parts: readonly Value[], options: NodeOptions & { axis?: number } = {}): Value {
    const { axis, ...rest } = options;
    return this.#node('concat', 'concat', parts, given({ axis }), rest);
  }

  /**
   * A sum of tensors of one shape, each times its coefficient, plus `bias` for each channel; exact.
   *
   * @param coefficients one number a tensor, or a constant [tensors, channels] with a factor for every channel of each
   */
  combine(
    parts: readonly Value[],
    coefficients: readonly number[] | Constant | TensorLike,
    options: NodeOptions & { bias?: Constant | TensorLike } = {},
  ): Value {
    const { bias, ...rest } = options;
    const last = bias === undefined ? [] : [bias];
    return isList(coefficients)
      ? this.#node('combine', 'combine', [...parts, ...last], { coefficients: [...coefficients] }, rest)
      : this.#node('combine', 'combine', [...parts, coefficients, ...last], {}, rest);
  }

  /**
   * Compares with thresholds: base plus the number of thresholds t of the channel with x >= t. With `result: bipolar` and one threshold a
   * channel: +1 where x >= t, otherwise -1.
   *
   * @param thresholds integers [channels, n], each row ascending, or one number a channel; one row serves all channels
   * @param options `flip`: 1 for a channel that counts x < t instead, one number a channel; `base`: the lowest level, 0 unless given (-1 for a bipolar result)
   */
  threshold(
    x: Value,
    thresholds: Constant | TensorLike,
    options: NodeOptions & { flip?: Constant | TensorLike; base?: number } = {},
  ): Value {
    const { flip, base = options.result?.kind === 'bipolar' ? -1 : 0, ...rest } = options;
    const operands: OperandLike[] = [x, isNumbers(thresholds) ? asColumn(thresholds) : thresholds];
    if (flip !== undefined)
      operands.push(isNumbers(flip) ? { elem: { kind: 'uint', bits: 1 }, data: flip } : flip);
    return this.#node('threshold', 'threshold', operands, { base }, rest);
  }

  /**
   * A table: y = table[channel][x - offset].
   *
   * @param table [channels, size] or [1, size]
   */
  lookup(x: Value, table: Constant | TensorLike, options: NodeOptions & { offset?: number } = {}): Value {
    const { offset = 0, ...rest } = options;
    return this.#node('lookup', 'lookup', [x, table], { offset }, rest);
  }

  /** The same elements under another shape. */
  reshape(x: Value, shape: readonly number[], options: NodeOptions = {}): Value {
    return this.#node('reshape', 'reshape', [x], { shape: [...shape] }, options);
  }

  /** The index of the greatest element along the last axis, the first one on a tie. */
  argmax(x: Value, options: NodeOptions = {}): Value {
    return this.#node('argmax', 'argmax', [x], {}, options);
  }

  /** The indices of the k greatest elements (or least, with `largest: false`) along the last axis; on a tie the lower index comes first. */
  topk(x: Value, k: number, options: NodeOptions & { largest?: boolean } = {}): Value {
    const { largest = true, ...rest } = options;
    return this.#node('topk', 'topk', [x], { k, largest }, rest);
  }

  /** Lets a value leave the graph. */
  output(value: Value, options: OutputOptions = {}): void {
    this.#own(value, call('output', value.name));
    this.#outputs.push({
      value: value.name,
      boundary: boundaryFrom(options),
      origin: { nodes: [...(options.origin ?? [])] },
      host: [...(options.host ?? [])],
    });
  }

  /** Adds a note for the report. */
  note(note: Diagnostic): void {
    this.#notes.push(note);
  }

  /**
   * The finished graph, verified. The builder can be used further; what it adds does not change this graph.
   *
   * @param diagnostics receives warnings (values that nothing reads)
   * @throws DiagnosticError with everything that is wrong
   */
  build(diagnostics?: Diagnostics): Graph {
    const graph: Graph = {
      name: this.#name,
      form: this.#form,
      inputs: [...this.#inputs],
      nodes: [...this.#nodes],
      outputs: [...this.#outputs],
      consts: new Map(this.#consts),
      notes: [...this.#notes],
    };
    const found = verifyGraph(graph, {
      places: {
        graph: () => call('build', this.#name),
        input: (i) => call('input', graph.inputs[i]?.name),
        output: (i) => call('output', graph.outputs[i]?.value),
        constant: (name) => call('const', name),
      },
    });
    const errors = found.filter((d) => d.severity === 'error');
    if (errors.length > 0) throw new DiagnosticError(errors);
    for (const d of found) diagnostics?.add(d);
    return graph;
  }

  #node(
    method: string,
    name: string,
    operands: readonly OperandLike[],
    attributes: Readonly<Record<string, Attribute>>,
    options: NodeOptions,
  ): Value {
    const result = options.name ?? this.#fresh(name);
    const where = call(method, result);
    const op = ops.get(name);
    if (op === undefined) {
      const near = nearest(name, ops.keys());
      return fail(sayGraph.unknownOp(where, result, name, near && `\`${near}\``, [...ops.keys()]));
    }
    if (!op.forms.includes(this.#form)) fail(sayGraph.opNotInForm(where, result, name, this.#form, op.forms));
    const references = operands.map((operand, i) => this.#operand(operand, op, result, i, where));
    const node = { name: result, op: name, operands: references, attributes: { ...attributes } };
    const found: Diagnostic[] = [];
    verifyUse(op, node, () => where, found);
    if (found.length > 0) throw new DiagnosticError(found);
    const type = this.#infer(op, node, options.result, where);
    const value = this.#define(result, type, where);
    this.#nodes.push({ ...node, type, origin: { nodes: [...(options.origin ?? [])] }, where });
    return value;
  }

  /** The type of a node: what its op infers, with the element type that the caller asks for. */
  #infer(
    op: OpDefinition,
    node: Pick<Node, 'name' | 'operands' | 'attributes'>,
    elem: ElementType | undefined,
    where: Where,
  ): TensorType {
    const problem = elem && elementProblem(elem);
    if (problem !== undefined) fail(sayTypes.badType(where, `%${node.name}`, printElement(elem!), problem));
    const operands = node.operands.map(({ kind, name }) => {
      const tensor = this.#consts.get(name)?.tensor;
      return kind === 'const' && tensor
        ? { type: tensor.type, tensor }
        : { type: this.#values.get(name)!.type };
    });
    const inferred = op.type(operands, node.attributes, undefined);
    if (elem === undefined) {
      if (isProblem(inferred)) fail(sayGraph.operandsDoNotFit(where, node.name, op.name, inferred));
      return inferred;
    }
    // what cannot be inferred, but only declared, has the shape of the operand
    const shape = isProblem(inferred) ? (operands[0]?.type.shape ?? []) : inferred.shape;
    const declared = op.type(operands, node.attributes, { elem, shape });
    if (isProblem(declared)) fail(sayGraph.operandsDoNotFit(where, node.name, op.name, declared));
    return declared;
  }

  #operand(operand: OperandLike, op: OpDefinition, node: string, index: number, where: Where): Operand {
    if (operand instanceof Value) {
      this.#own(operand, where);
      return { kind: 'value', name: operand.name };
    }
    if (operand instanceof Constant) {
      if (this.#constants.get(operand.name) !== operand)
        fail(sayGraph.foreignValue(where, `@${operand.name}`));
      return { kind: 'const', name: operand.name };
    }
    const base = `${node}_${op.operands[index]?.name ?? `c${index}`}`;
    let name = base;
    for (let i = 2; this.#consts.has(name); i++) name = `${base}_${i}`;
    return { kind: 'const', name: this.#constant(name, operand, where).name };
  }

  #constant(name: string, tensor: TensorLike, where: Where): Constant {
    if (!isName(name)) fail(sayGraph.badName(where, 'constant', name));
    if (this.#consts.has(name)) fail(sayTypes.repeatedConst(where, name, call('const', name)));
    const made = toTensor(tensor, name, where);
    const constant = new Constant(name, made.type);
    this.#consts.set(name, { name, tensor: made });
    this.#constants.set(name, constant);
    return constant;
  }

  #define(name: string, type: TensorType, where: Where): Value {
    if (!isName(name)) fail(sayGraph.badName(where, 'value', name));
    if (this.#values.has(name)) fail(sayGraph.repeatedValue(where, name, undefined));
    const value = new Value(name, type);
    this.#values.set(name, value);
    return value;
  }

  #own(value: Value, where: Where): void {
    if (this.#values.get(value.name) !== value) fail(sayGraph.foreignValue(where, `%${value.name}`));
  }

  /** A name that is not taken. */
  #fresh(op: string): string {
    let number = this.#calls.get(op) ?? 0;
    while (this.#values.has(`${op}${number}`)) number++;
    this.#calls.set(op, number + 1);
    return `${op}${number}`;
  }
}

/** Names the user's call in a diagnostic. */
function call(method: string, name?: string): Where {
  const method_ = method.startsWith('new') ? method : `GraphBuilder.${method}`;
  return { kind: 'option', option: name === undefined ? method_ : `${method_}("${excerpt(name)}")` };
}
