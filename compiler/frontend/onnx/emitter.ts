import { graphTooLarge, inexactConstant, quote, shapeMismatch } from '../../diagnostics/catalog/frontend.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Diagnostics, Where } from '../../diagnostics/index.ts';
import { constant, value } from '../../qir/graph.ts';
import type { Attribute, Const, Node, Operand } from '../../qir/graph.ts';
import { float32 } from '../../qir/types.ts';
import type { ElementType } from '../../qir/types.ts';
import type { Bound, QuantizedConst, Value } from './bound.ts';
import { padRank, transposed, withDims } from './constants.ts';
import { Names } from './names.ts';
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

  constructor(diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
  }

  /** Emits one node. `dims` is the ONNX shape of its result. */
  emit(
    op: string,
    operands: readonly Operand[],
    attributes: Readonly<Record<string, Attribute>>,
    dims: readonly number[],
    source: Source,
    elem: ElementType = float32,
  ): Value {
    return this.#emit(op, operands, attributes, dims, qirShape(dims), source, elem);
  }

  #emit(
    op: string,
    operands: readonly Operand[],
    attributes: Readonly<Record<string, Attribute>>,
    dims: readonly number[],
    shape: readonly number[],
    source: Source,
    elem: ElementType,
  ): Value {
    if (countElements(shape) === undefined)
      fail(graphTooLarge(source.where, `shape [${shape.join(', ')}]`, maxElements));
    if (shape.includes(0))
      fail(shapeMismatch(source.where, `the empty shape [${shape.join(', ')}]`, 'at least one element'));
    const name = this.valueNames.unique(source.hint, op);
    const origin = { nodes: source.origin };
    const node: Node = { name, op, operands, attributes, type: { elem, shape }, origin, where: source.where };
    this.nodes.push(node);
    this.#byName.set(name, node);
    return { operand: value(name), elem, dims, content: 'real' };
  }

  /** The source nodes that an emitted node stands for. */
  originOf(operand: Operand): readonly string[] {
    return this.#byName.get(operand.name)?.origin.nodes ?? [];
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
    const { operand } = this.#emit(weight.op, operands, weight.attributes, dims, dims, source, float32);
    layouts.set(key, operand);
    return operand;
  }

  /** Any bound name as an operand of an elementwise node whose QIR result has `rank` axes. */
  operand(bound: Exclude<Bound, { kind: 'poison' }>, rank: number, where: Where): Operand {
    switch (bound.kind) {
      case 'value':
        return bound.value.operand;
      case 'const':
        return this.constant(bound.tensor, rank, where);
      case 'quantized':
        return this.weight(bound.weight, rank, where);
    }
  }

  /** The value under other ONNX dimensions (same count); emits a reshape only where the QIR shape really changes. */
  reshape(input: Value, dims: readonly number[], source: Source): Value {
    const { operand } = input;
    const base = this.#reshaped.get(operand.name) ?? { operand, shape: qirShape(input.dims) };
    const shape = qirShape(dims);
    if (sameShape(base.shape, shape)) return { ...input, operand: base.operand, dims };
    if (sameShape(qirShape(input.dims), shape)) return { ...input, dims };
    const made = this.emit('reshape', [base.operand], { shape: [...shape] }, dims, source, input.elem);
    this.#reshaped.set(made.operand.name, base);
    return { ...input, operand: made.operand, dims };
  }

  /** The value with its ONNX axes permuted; a reshape where only axes of size 1 move. */
  transpose(input: Value, perm: readonly number[], source: Source): Value {
    const dims = perm.map((axis) => input.dims[axis] ?? 1);
    const moving = perm.filter((axis) => input.dims[axis] !== 1);
    if (moving.every((axis, i) => i === 0 || axis > (moving[i - 1] ?? 0)))
      return this.reshape(input, dims, source);
    const from = qirShape(input.dims);
    const lead = input.dims.length - from.length;
    const inner = perm.filter((axis) => axis >= lead).map((axis) => axis - lead);
    const shape = inner.map((axis) => from[axis] ?? 1);
    const made = this.#emit('transpose', [input.operand], { perm: inner }, shape, shape, source, input.elem);
    // The transposed QIR value has the right order of elements; 1-axes may still stand elsewhere.
    const target = qirShape(dims);
    if (sameShape(shape, target)) return { ...input, operand: made.operand, dims };
    const moved = this.emit('reshape', [made.operand], { shape: [...target] }, dims, source, input.elem);
    this.#reshaped.set(moved.operand.name, { operand: made.operand, shape });
    return { ...input, operand: moved.operand, dims };
  }
}
