import { inexactConstant } from '../../diagnostics/catalog/frontend-file.ts';
import { graphTooLarge } from '../../diagnostics/catalog/frontend-graph.ts';
import { shapeMismatch } from '../../diagnostics/catalog/frontend-nodes.ts';
import { quote } from '../../diagnostics/wording.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Diagnostics, Where } from '../../diagnostics/index.ts';
import { constant, value } from '../../qir/graph.ts';
import type { Attribute, Const, Node, Operand } from '../../qir/graph.ts';
import { float32 } from '../../qir/types.ts';
import type { ElementType } from '../../qir/types.ts';
import type { Bound, QuantizedConst, Value } from './bound.ts';
import { padRank, transposed, withDims } from './constants.ts';
import { Names } from './names.ts';
import { inSourceOrder, placedConstant, placedShape, sameOrder } from './placed.ts';
import type { Layout, Placed } from './placed.ts';
import { qirShape, sameShape, trimLeading } from './shapes.ts';
import { countElements, maxElements } from './tensors.ts';
import type { ConstTensor } from './tensors.ts';

/** Who asks for a node: the source nodes it stands for, and where messages point. */
export interface Source {
  /** Name hint of the QIR node. */
  readonly hint: string;
  readonly origin: readonly string[];
  readonly where: Where;
}

/** Collects the QIR nodes and constants while the ONNX nodes are converted in order. */
export class Emitter {
  readonly nodes: Node[] = [];
  readonly consts = new Map<string, Const>();
  readonly valueNames = new Names();
  readonly #constNames = new Names();
  readonly #diagnostics: Diagnostics;
  readonly #byName = new Map<string, Node>();
  /** Constants made so far, by source name: equal ones are shared. */
  readonly #constsOf = new Map<string, Const[]>();
  /** Emitted weights, by recipe and layout: a weight used twice is emitted once. */
  readonly #weights = new Map<QuantizedConst, Map<string, Operand>>();
  /** For results of reshape: what was reshaped, so that chains of reshapes fold into one. */
  readonly #reshaped = new Map<string, { readonly operand: Operand; readonly shape: readonly number[] }>();

  /** Values under their other layout, by operand, dimensions and layout: a value that two nodes read is turned once. */
  readonly #arranged = new Map<string, Operand>();
  /** For sequences whose two axes a transpose swapped: what was swapped, which is the channels-last form. */
  readonly #swapped = new Map<string, Value>();

  constructor(diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
  }

  /** Emits one node. `placed` says the ONNX shape of its result and how it stands. */
  emit(
    op: string,
    operands: readonly Operand[],
    attributes: Readonly<Record<string, Attribute>>,
    { dims, layout }: Placed,
    source: Source,
    elem: ElementType = float32,
  ): Value {
    const made = this.#emit(op, operands, attributes, placedShape({ dims, layout }), source, elem);
    return { operand: made, elem, dims, layout, content: 'real' };
  }

  #emit(
    op: string,
    operands: readonly Operand[],
    attributes: Readonly<Record<string, Attribute>>,
    shape: readonly number[],
    source: Source,
    elem: ElementType,
  ): Operand {
    if (countElements(shape) === undefined)
      fail(graphTooLarge(source.where, `shape [${shape.join(', ')}]`, maxElements));
    if (shape.includes(0))
      fail(shapeMismatch(source.where, `the empty shape [${shape.join(', ')}]`, 'at least one element'));
    const name = this.valueNames.unique(source.hint, op);
    const origin = { nodes: source.origin };
    const node: Node = { name, op, operands, attributes, type: { elem, shape }, origin, where: source.where };
    this.nodes.push(node);
    this.#byName.set(name, node);
    return value(name);
  }

  /** The source nodes that an emitted node stands for. */
  originOf(operand: Operand): readonly string[] {
    return this.#byName.get(operand.name)?.origin.nodes ?? [];
  }

  /** A float32 constant that broadcasts against a value of this placing. */
  parameter(tensor: ConstTensor, placed: Placed, where: Where): Operand {
    return this.exactConstant(placedConstant(tensor, placed), where);
  }

  /** A float32 constant with leading 1-axes removed down to `rank` axes; a single element becomes a scalar. */
  constant(tensor: ConstTensor, rank: number, where: Where): Operand {
    const dims = tensor.data.length === 1 ? [] : trimLeading(tensor.dims, rank);
    return this.exactConstant(withDims(tensor, dims), where);
  }

  /** A float32 constant of exactly these dimensions. */
  exactConstant(tensor: ConstTensor, where: Where): Operand {
    if (tensor.data.length === 0)
      fail(shapeMismatch(where, `the empty constant ${quote(tensor.name)}`, 'at least one element'));
    const data = tensor.data instanceof Float32Array ? tensor.data : Float32Array.from(tensor.data);
    if (data !== tensor.data) {
      const at = data.findIndex((x, i) => !Object.is(x, tensor.data[i]));
      if (at >= 0)
        this.#diagnostics.add(
          inexactConstant(where, tensor.name, `${tensor.data[at]} of type ${tensor.elem}`),
        );
    }
    const known = this.#constsOf.get(tensor.name) ?? [];
    const same = known.find(
      (c) =>
        sameShape(c.tensor.type.shape, tensor.dims) && data.every((x, i) => Object.is(x, c.tensor.data[i])),
    );
    if (same) return constant(same.name);
    const name = this.#constNames.unique(tensor.name, 'c');
    const made: Const = { name, tensor: { type: { elem: float32, shape: tensor.dims }, data } };
    this.consts.set(name, made);
    // Folded scalars come unnamed in numbers; a short list per name keeps the search linear.
    if (known.length < 16) this.#constsOf.set(tensor.name, [...known, made]);
    return constant(name);
  }

  /** A quantized constant as an operand, its axes permuted by `perm`, leading 1-axes removed down to `rank` axes. */
  weight(weight: QuantizedConst, rank: number, where: Where, perm?: readonly number[]): Operand {
    const key = `${rank}/${perm?.join() ?? ''}`;
    const layouts = this.#weights.get(weight) ?? new Map<string, Operand>();
    this.#weights.set(weight, layouts);
    const known = layouts.get(key);
    if (known) return known;
    const arrange = (tensor: ConstTensor): ConstTensor =>
      perm ? transposed(padRank(tensor, perm.length), perm) : tensor;
    const x = arrange(weight.x);
    const dims = trimLeading(x.dims, rank);
    const operands = [
      this.exactConstant(withDims(x, dims), where),
      ...weight.parameters.map((p) => this.constant(arrange(p), dims.length, where)),
    ];
    const source: Source = { hint: weight.origin[0] ?? weight.op, origin: weight.origin, where };
    const operand = this.#emit(weight.op, operands, weight.attributes, dims, source, float32);
    layouts.set(key, operand);
    return operand;
  }

  /** Any bound name as an operand of an elementwise node whose result stands as `placed`; values must stand so already. */
  operand(bound: Exclude<Bound, { kind: 'poison' }>, placed: Placed, where: Where): Operand {
    switch (bound.kind) {
      case 'value':
        return bound.value.operand;
      case 'const':
        return this.parameter(bound.tensor, placed, where);
      case 'quantized': {
        if (placed.layout === 'source') return this.weight(bound.weight, qirShape(placed.dims).length, where);
        const perm = placed.dims.length === 4 ? [0, 2, 3, 1] : [0, 2, 1];
        return this.weight(bound.weight, 1, where, perm);
      }
    }
  }

  /**
   * The value under another placing with the same order of elements in QIR (same count); emits a reshape only where the QIR shape
   * really changes.
   */
  reshape(input: Value, placed: Placed, source: Source): Value {
    const { dims, layout } = placed;
    const { operand } = input;
    const own = placedShape(input);
    const base = this.#reshaped.get(operand.name) ?? { operand, shape: own };
    const shape = placedShape(placed);
    if (sameShape(base.shape, shape)) return { ...input, operand: base.operand, dims, layout };
    if (sameShape(own, shape)) return { ...input, dims, layout };
    const made = this.#emit('reshape', [base.operand], { shape: [...shape] }, shape, source, input.elem);
    this.#reshaped.set(made.name, base);
    return { ...input, operand: made, dims, layout };
  }

  /** The value under another layout: a transpose, or a reshape where that changes no order. Asked again, the same operand. */
  arrange(input: Value, layout: Layout, source: Source): Value {
    if (input.layout === layout) return input;
    const key = (operand: Operand, to: Layout): string => `${operand.name}/${to}/${input.dims.join()}`;
    const known = this.#arranged.get(key(input.operand, layout));
    if (known) return { ...input, operand: known, layout };
    const made = this.#turn(input, layout, source);
    this.#arranged.set(key(input.operand, layout), made.operand);
    this.#arranged.set(key(made.operand, input.layout), input.operand);
    return made;
  }

  #turn(input: Value, layout: Layout, source: Source): Value {
    const placed: Placed = { dims: input.dims, layout };
    if (sameOrder(input.dims)) return this.reshape(input, placed, source);
    const unswapped = layout === 'channels-last' ? this.#swapped.get(input.operand.name) : undefined;
    if (unswapped) return { ...input, ...placed, operand: this.reshape(unswapped, placed, source).operand };
    const from = placedShape(input);
    // [.., C] to [C, ..], or [C, ..] to [.., C]
    const axes = from.map((_, axis) => axis);
    const perm = layout === 'source' ? [...axes.slice(-1), ...axes.slice(0, -1)] : [...axes.slice(1), 0];
    return this.#permuted(input, perm, placed, source);
  }

  /** Emits a transpose of the QIR axes, and a reshape where 1-axes still stand elsewhere than `placed` wants them. */
  #permuted(input: Value, perm: readonly number[], placed: Placed, source: Source): Value {
    const from = placedShape(input);
    const shape = perm.map((axis) => from[axis] ?? 1);
    const made = this.#emit('transpose', [input.operand], { perm: [...perm] }, shape, source, input.elem);
    const target = placedShape(placed);
    if (sameShape(shape, target)) return { ...input, operand: made, ...placed };
    const moved = this.#emit('reshape', [made], { shape: [...target] }, target, source, input.elem);
    this.#reshaped.set(moved.name, { operand: made, shape });
    return { ...input, operand: moved, ...placed };
  }

  /** The value with its ONNX axes permuted: another layout where that is all, a reshape where only axes of size 1 move. */
  transpose(input: Value, perm: readonly number[], source: Source): Value {
    const dims = perm.map((axis) => input.dims[axis] ?? 1);
    const order = perm.join();
    if (input.layout === 'channels-last') {
      const last = order === '0,2,3,1' || order === '0,2,1';
      if (last) return this.reshape(input, inSourceOrder(dims), source);
      return this.transpose(this.arrange(input, 'source', source), perm, source);
    }
    const moving = perm.filter((axis) => input.dims[axis] !== 1);
    if (moving.every((axis, i) => i === 0 || axis > (moving[i - 1] ?? 0)))
      return this.reshape(input, inSourceOrder(dims), source);
    if (order === '0,3,1,2' && dims[0] === 1) return { ...input, dims, layout: 'channels-last' };
    const from = qirShape(input.dims);
    const lead = input.dims.length - from.length;
    const inner = perm.filter((axis) => axis >= lead).map((axis) => axis - lead);
    const made = this.#permuted(input, inner, inSourceOrder(dims), source);
    if (order === '0,2,1' && dims[0] === 1) this.#swapped.set(made.operand.name, input);
    return made;
  }
}
