import { InternalError, invariant } from '../diagnostics/index.ts';
import {
  constant,
  value,
  type Attribute,
  type Const,
  type Graph,
  type Node,
  type Operand,
} from '../qir/graph.ts';
import { isProblem, type TypeProblem } from '../qir/op.ts';
import { ops } from '../qir/ops/index.ts';
import { uint, valueRange, type Tensor, type TensorType } from '../qir/types.ts';
import { addConst, freshName, withoutDeadNodes } from './graph-edit.ts';

/** A node to be added: its type comes from its op's own rule. */
export interface NewNode {
  readonly op: string;
  readonly operands: readonly Operand[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** Writes a graph anew node by node, in order: nodes are kept, or others put in their places. */
export class GraphEditor {
  readonly consts: Map<string, Const>;
  readonly #nodes: Node[] = [];
  readonly #types = new Map<string, TensorType>();
  readonly #names: Set<string>;

  constructor(graph: Graph) {
    this.consts = new Map(graph.consts);
    this.#names = new Set([...graph.inputs, ...graph.nodes].map((v) => v.name));
    for (const input of graph.inputs) this.#types.set(input.name, input.type);
  }

  /** The type of an operand of a node that is next. */
  typeOf(operand: Operand): TensorType {
    const type = operand.kind === 'const' ? this.tensor(operand)?.type : this.#types.get(operand.name);
    invariant(type, `no ${operand.kind} ${operand.name} yet`);
    return type;
  }

  /** The tensor of a constant; undefined for a value. */
  tensor(operand: Operand): Tensor | undefined {
    return operand.kind === 'const' ? this.consts.get(operand.name)?.tensor : undefined;
  }

  /** Adds a constant; returns the operand. */
  constant(wanted: string, tensor: Tensor): Operand {
    return constant(addConst(this.consts, wanted, tensor));
  }

  /** Leaves a node as it is. */
  keep(node: Node): void {
    this.#push(node);
  }

  /** Adds a node that helps to replace another, under a name made from the other's. */
  add(node: Node, helper: string, parts: NewNode): Operand {
    const name = freshName(`${node.name}_${helper}`, this.#names);
    this.#names.add(name);
    this.#push(this.#typed(name, node, parts));
    return value(name);
  }

  /**
   * Puts a node in the place of another one, under its name and with its type. Where the new node's operands have types so wide that
   * its own type must be wider, another node brings the same integers back to the type that readers know.
   */
  replace(node: Node, parts: NewNode): void {
    const { elem } = node.type;
    const same = this.#infer(parts, node.type);
    if (!isProblem(same)) {
      this.#push(made(node.name, node, parts, same));
      return;
    }
    const wide = this.add(node, 'wide', parts);
    const { min, max } = valueRange(elem);
    const one = this.constant(`${node.name}_one`, {
      type: { elem: uint(1), shape: [1] },
      data: Uint8Array.of(1),
    });
    const none = this.constant(`${node.name}_none`, {
      type: { elem: uint(1), shape: [1] },
      data: Uint8Array.of(0),
    });
    const back = { op: 'requantize', operands: [wide, one, none], attributes: { shift: 0, min, max } };
    this.#push(this.#typed(node.name, node, { ...back, type: node.type }));
  }

  /** The graph with the new nodes, less what nothing needs any more. */
  finish(graph: Graph): Graph {
    return withoutDeadNodes({ ...graph, nodes: this.#nodes, consts: this.consts });
  }

  #push(node: Node): void {
    this.#nodes.push(node);
    this.#types.set(node.name, node.type);
  }

  #typed(name: string, from: Node, parts: NewNode & { readonly type?: TensorType }): Node {
    const type = this.#infer(parts, parts.type);
    if (isProblem(type)) {
      throw new InternalError(`a pass made a wrong ${parts.op}: ${type.message}, ${type.found}`);
    }
    return made(name, from, parts, type);
  }

  #infer(
    { op, operands, attributes = {} }: NewNode,
    declared: TensorType | undefined,
  ): TensorType | TypeProblem {
    const definition = ops.get(op);
    invariant(definition, `no op ${op}`);
    const infos = operands.map((operand) => {
      const tensor = this.tensor(operand);
      const type = this.typeOf(operand);
      return tensor === undefined ? { type } : { type, tensor };
    });
    return definition.type(infos, attributes, declared);
  }
}

function made(name: string, from: Node, { op, operands, attributes = {} }: NewNode, type: TensorType): Node {
  const node: Node = { name, op, operands, attributes, type, origin: from.origin };
  return from.where === undefined ? node : { ...node, where: from.where };
}
