import { graphTooLarge } from '../../diagnostics/catalog/frontend-graph.ts';
import {
  badAttribute,
  integerValueUse,
  notConstant,
  operandCount,
  shapeMismatch,
  unsupportedUse,
} from '../../diagnostics/catalog/frontend-nodes.ts';
import { notAnImage } from '../../diagnostics/catalog/frontend-convolution.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Diagnostic, Diagnostics, Where } from '../../diagnostics/index.ts';
import type { Operand } from '../../qir/graph.ts';
import type { Attributes } from './attributes.ts';
import { dimsOf } from './bound.ts';
import type { Bound, Value } from './bound.ts';
import type { Emitter, Source } from './emitter.ts';
import { canBeImage, inSourceOrder, placedAxis } from './placed.ts';
import type { Placed } from './placed.ts';
import { broadcastShapes, normalAxis, showShape } from './shapes.ts';
import type { GraphNode } from './structure.ts';
import type { ConstTensor } from './tensors.ts';

/** A name that could be read; converters never see poison. */
export type Good = Exclude<Bound, { kind: 'poison' }>;

/**
 * Elements that constant folding and the uses of constants may touch in one import, so that the time and memory it takes are
 * proportional to the size of the file: every weight may be used several times, but not once by each of a million nodes.
 */
export function workLimit(fileBytes: number): number {
  return 2 ** 22 + 16 * fileBytes;
}

/** What is shared by all conversions of one import. */
export interface ImportState {
  readonly emitter: Emitter;
  readonly diagnostics: Diagnostics;
  /** Opset version of a domain, or undefined where the model names none. */
  readonly opset: (domain: string) => number | undefined;
  /** Names that a later node or the graph output reads. */
  readonly used: ReadonlySet<string>;
  /** `workLimit` of the file. */
  readonly limit: number;
  /** What is left of it. */
  budget: number;
  /** Set when the budget is spent: nothing more is converted. */
  exhausted: boolean;
}

/** Everything a converter needs to read one node and to state what its outputs stand for. */
export class Conversion {
  readonly node: GraphNode;
  readonly attributes: Attributes;
  readonly where: Where;
  readonly emitter: Emitter;
  readonly diagnostics: Diagnostics;
  /** Opset version that holds for this node; the newest where the model names none for a custom domain. */
  readonly opset: number;
  readonly results: (Good | undefined)[] = [];
  readonly #inputs: readonly (Good | undefined)[];
  readonly #state: ImportState;

  constructor(
    node: GraphNode,
    inputs: readonly (Good | undefined)[],
    attributes: Attributes,
    state: ImportState,
  ) {
    this.node = node;
    this.attributes = attributes;
    this.where = node.where;
    this.emitter = state.emitter;
    this.diagnostics = state.diagnostics;
    this.opset = state.opset(node.domain) ?? Infinity;
    this.#inputs = inputs;
    this.#state = state;
  }

  /** The same node with other inputs; its results are its own. */
  withInputs(inputs: readonly (Good | undefined)[]): Conversion {
    return new Conversion(this.node, inputs, this.attributes, this.#state);
  }

  /** Ends this node with a diagnostic; other nodes are still read. */
  fail(diagnostic: Diagnostic): never {
    fail(diagnostic);
  }

  note(diagnostic: Diagnostic): void {
    this.diagnostics.add(diagnostic);
  }

  /** The source of QIR nodes made for this node, optionally standing for earlier nodes as well. */
  source(earlier: readonly string[] = [], suffix = ''): Source {
    return { hint: this.node.label + suffix, origin: [...earlier, this.node.label], where: this.where };
  }

  get inputCount(): number {
    return this.#inputs.length;
  }

  inputName(index: number): string {
    return this.node.inputs[index] ?? '';
  }

  /** Checks the number of inputs (omitted trailing ones aside). */
  expectInputs(min: number, max = min): void {
    const given = this.#inputs.length;
    const missing = this.#inputs.slice(0, min).includes(undefined);
    if (given < min || given > max || missing) {
      const expected = min === max ? `${min} inputs` : `${min} to ${max} inputs`;
      fail(
        operandCount(this.where, `${given} inputs${missing ? ', a required one left out' : ''}`, expected),
      );
    }
  }

  /** Whether output `index` is read by anything. */
  outputUsed(index: number): boolean {
    const name = this.node.outputs[index];
    return name !== undefined && name !== '' && this.#state.used.has(name);
  }

  input(index: number): Good {
    const bound = this.#inputs[index];
    if (bound === undefined) fail(operandCount(this.where, `input ${index} left out`, 'an input there'));
    return bound;
  }

  optional(index: number): Good | undefined {
    return this.#inputs[index];
  }

  dims(index: number): readonly number[] {
    return dimsOf(this.input(index));
  }

  /** Input `index`, which must be a plain constant; `what` names it in messages. */
  constant(index: number, what: string): ConstTensor {
    const bound = this.input(index);
    if (bound.kind !== 'const') fail(notConstant(this.where, what, this.inputName(index)));
    return bound.tensor;
  }

  optionalConstant(index: number, what: string): ConstTensor | undefined {
    return this.optional(index) === undefined ? undefined : this.constant(index, what);
  }

  /** The integers of a constant input (a shape, axes). */
  integers(index: number, what: string): readonly number[] {
    const tensor = this.constant(index, what);
    if (tensor.dims.length > 1 || !tensor.data.every(Number.isInteger)) {
      fail(shapeMismatch(this.where, `${what} of shape ${showShape(tensor.dims)}`, 'a list of integers'));
    }
    return [...tensor.data];
  }

  /** The one number of a constant input. */
  scalar(index: number, what: string): number {
    const tensor = this.constant(index, what);
    const [value] = tensor.data;
    if (value === undefined || tensor.data.length !== 1) {
      fail(shapeMismatch(this.where, `${what} of shape ${showShape(tensor.dims)}`, 'one number'));
    }
    return value;
  }

  /** Input `index` as real numbers; integer tensors in between quantizers are refused. */
  real(index: number): Good {
    const bound = this.input(index);
    if (bound.kind === 'value' && bound.value.content !== 'real') {
      fail(integerValueUse(this.where, `input ${index} holds ${describeContent(bound.value)}`));
    }
    if (bound.kind === 'quantized' && bound.weight.levels) {
      fail(integerValueUse(this.where, `input ${index} holds the levels of a quantized constant`));
    }
    return bound;
  }

  /** Input `index` as a real value in the order of its ONNX tensor; constants are refused. */
  value(index: number): Value {
    return this.sourceOrder(this.placed(index));
  }

  /** Input `index` as an image or sequence, channels last, whatever it stood as. */
  image(index: number): Value {
    const x = this.placed(index);
    if (!canBeImage(x.dims)) {
      const volume = x.dims.length === 5 ? '; 3-D networks are not read' : '';
      this.fail(
        notAnImage(this.where, `${showShape(x.dims)}${volume}`, '[1, C, H, W] or [1, C, L], one sample'),
      );
    }
    return this.emitter.arrange(x, 'channels-last', this.source([], '_order'));
  }

  /** The value in the order of its ONNX tensor. */
  sourceOrder(x: Value): Value {
    return this.emitter.arrange(x, 'source', this.source([], '_order'));
  }

  /** Input `index` as a real value in the layout it stands in; constants are refused. */
  placed(index: number): Value {
    const bound = this.real(index);
    if (bound.kind === 'value') return bound.value;
    const placed = inSourceOrder(dimsOf(bound));
    if (bound.kind === 'quantized') {
      const operand = this.emitter.operand(bound, placed, this.where);
      return { operand, elem: { kind: 'float32' }, ...placed, content: 'real' };
    }
    fail(
      operandCount(
        this.where,
        `the constant ${this.inputName(index).slice(0, 60)} as input ${index}`,
        'a computed value',
      ),
    );
  }

  /** The ONNX shape of an elementwise result. */
  broadcast(a: readonly number[], b: readonly number[]): readonly number[] {
    const dims = broadcastShapes(a, b);
    if (dims === undefined) {
      fail(
        shapeMismatch(
          this.where,
          `${showShape(a)} and ${showShape(b)}`,
          'shapes that broadcast against each other',
        ),
      );
    }
    return dims;
  }

  /** Emits an elementwise node over inputs that broadcast; the result is channels last if one of the inputs is and it can be. */
  elementwise(op: string, inputs: readonly Good[], dims: readonly number[]): Value {
    const operands = this.operands(inputs, dims);
    return this.emitter.emit(op, operands.operands, {}, operands.placed, this.source());
  }

  /** Inputs brought to one layout, as operands of a node whose result has the ONNX dimensions `dims`. */
  operands(
    inputs: readonly Good[],
    dims: readonly number[],
  ): { readonly operands: readonly Operand[]; readonly placed: Placed } {
    const image = inputs.some(
      (bound) =>
        bound.kind === 'value' &&
        bound.value.layout === 'channels-last' &&
        bound.value.dims.length === dims.length,
    );
    const placed: Placed = { dims, layout: image && canBeImage(dims) ? 'channels-last' : 'source' };
    const operands = inputs.map((bound) =>
      bound.kind === 'value'
        ? this.#placedLike(bound.value, placed).operand
        : this.emitter.operand(bound, placed, this.where),
    );
    return { operands, placed };
  }

  /** A value as an operand of a node that stands as `placed`: the same layout, and as many axes where that matters. */
  #placedLike(x: Value, placed: Placed): Value {
    if (placed.layout === 'source') return this.sourceOrder(x);
    const missing = placed.dims.length - x.dims.length;
    if (missing === 0) return this.emitter.arrange(x, 'channels-last', this.source([], '_order'));
    const dims = [...new Array<number>(missing).fill(1), ...x.dims];
    const full = this.emitter.reshape(this.sourceOrder(x), inSourceOrder(dims), this.source([], '_axes'));
    return this.emitter.arrange(full, 'channels-last', this.source([], '_order'));
  }

  /** The QIR axis of an ONNX axis of a value; the batch axis, which QIR does not have, is refused. */
  qirAxis(x: Placed, axis: number): number {
    const found = placedAxis(x, this.axis(axis, x.dims.length));
    if (found === undefined) {
      this.fail(
        unsupportedUse(
          this.where,
          `${this.node.opType.slice(0, 80)} over the batch axis of ${showShape(x.dims)}`,
          'another axis',
        ),
      );
    }
    return found;
  }

  /** An axis attribute or input, checked and made non-negative. */
  axis(axis: number, rank: number): number {
    const normal = normalAxis(axis, rank);
    if (normal === undefined) fail(badAttribute(this.where, 'axis', `${axis}`, `${-rank} to ${rank - 1}`));
    return normal;
  }

  /** Takes elements from the folding budget; a hostile model ends here instead of in memory. */
  spend(count: number | undefined, dims: readonly number[]): number {
    if (count === undefined || count > this.#state.budget) {
      this.#state.exhausted = true;
      fail(
        graphTooLarge(this.where, `a constant of shape ${showShape(dims.slice(0, 16))}`, this.#state.limit),
      );
    }
    this.#state.budget -= count;
    return count;
  }

  /** States what output `index` stands for. */
  set(index: number, bound: Good): void {
    this.results[index] = bound;
  }

  setValue(index: number, value: Value): void {
    this.results[index] = { kind: 'value', value };
  }
}

function describeContent(value: Value): string {
  switch (value.content) {
    case 'index':
      return 'indices';
    case 'integer-input':
      return 'the integers of a graph input';
    default:
      return 'the integer levels of QuantizeLinear';
  }
}
