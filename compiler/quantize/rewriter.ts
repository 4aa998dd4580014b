import { InternalError, invariant } from '../diagnostics/index.ts';
import { addConst, freshName, originOf, withoutDeadNodes } from '../passes/graph-edit.ts';
import { tensorOf } from '../passes/integerize/builder.ts';
import type { NewNode } from '../passes/graph-editor.ts';
import { constant, value, type Const, type Graph, type Node, type Operand } from '../qir/graph.ts';
import { isProblem, type TypeProblem } from '../qir/op.ts';
import { ops } from '../qir/ops/index.ts';
import { fitInteger, int, sameType, type ElementType, type TensorType } from '../qir/types.ts';

/**
 * Writes an integer graph anew, node by node, where the types of values may change: a node that is kept takes the type that follows from
 * those of its operands if its own no longer does.
 */
export class Rewriter {
  readonly consts: Map<string, Const>;
  readonly #graph: Graph;
  readonly #nodes: Node[] = [];
  readonly #types = new Map<string, TensorType>();
  readonly #names: Set<string>;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.consts = new Map(graph.consts);
    this.#names = new Set([...graph.inputs, ...graph.nodes].map(({ name }) => name));
    for (const input of graph.inputs) this.#types.set(input.name, input.type);
  }

  /** The type of an operand of the new graph. */
  typeOf(operand: Operand): TensorType {
    const type =
      operand.kind === 'const' ? this.consts.get(operand.name)?.tensor.type : this.#types.get(operand.name);
    invariant(type, `no ${operand.kind} ${operand.name} yet`);
    return type;
  }

  /** A constant of integers in the narrowest type of at least `elem`; returns the operand. */
  constant(
    wanted: string,
    shape: readonly number[],
    numbers: ArrayLike<number>,
    elem?: ElementType,
  ): Operand {
    return constant(addConst(this.consts, wanted, tensorOf(elem ?? narrowest(numbers), shape, numbers)));
  }

  /** Leaves a node as it is, but for its type. */
  keep(node: Node): void {
    const same = this.#infer(node, node.type);
    const type = isProblem(same) ? this.#infer(node, undefined) : same;
    this.#push(node.name, node, node, typed(node.op, type));
  }

  /** Adds a node that helps to replace another one, under a name made from the other's; returns its result. */
  add(from: Node, helper: string, parts: NewNode): Operand {
    const name = freshName(`${from.name}_${helper}`, this.#names);
    this.#names.add(name);
    const origin = originOf(from);
    this.#push(name, { ...from, origin }, parts, typed(parts.op, this.#infer(parts, undefined)));
    return value(name);
  }

  /** Puts a node in the place of another, under its name; `elem`: the element type that it must have. */
  replace(from: Node, parts: NewNode, elem?: ElementType): void {
    const declared = elem && { elem, shape: from.type.shape };
    this.#push(from.name, from, parts, typed(parts.op, this.#infer(parts, declared)));
  }

  /** The graph with the new nodes, less what nothing needs any more. */
  finish(): Graph {
    return withoutDeadNodes({ ...this.#graph, nodes: this.#nodes, consts: this.consts });
  }

  #push(name: string, from: Node, { op, operands, attributes = {} }: NewNode, type: TensorType): void {
    const node: Node =
      from.op === op && from.name === name && sameType(from.type, type) && from.operands === operands
        ? from
        : {
            name,
            op,
            operands,
            attributes,
            type,
            origin: from.origin,
            ...(from.where && { where: from.where }),
          };
    this.#nodes.push(node);
    this.#types.set(name, type);
  }

  #infer(
    { op, operands, attributes = {} }: NewNode,
    declared: TensorType | undefined,
  ): TensorType | TypeProblem {
    const definition = ops.get(op);
    invariant(definition, `no op ${op}`);
    const infos = operands.map((operand) => {
      const tensor = operand.kind === 'const' ? this.consts.get(operand.name)?.tensor : undefined;
      const type = this.typeOf(operand);
      return tensor === undefined ? { type } : { type, tensor };
    });
    return definition.type(infos, attributes, declared);
  }
}

function typed(op: string, type: TensorType | TypeProblem): TensorType {
  if (isProblem(type))
    throw new InternalError(`quantization made a wrong ${op}: ${type.message}, ${type.found}`);
  return type;
}

/** The narrowest uint, or the narrowest int where something is negative; at least one bit. */
function narrowest(numbers: ArrayLike<number>): ElementType {
  let [min, max] = [0, 0];
  for (let i = 0; i < numbers.length; i++) {
    min = Math.min(min, numbers[i] ?? 0);
    max = Math.max(max, numbers[i] ?? 0);
  }
  return min === 0 && max === 0 ? int(1) : fitInteger(min, max);
}
