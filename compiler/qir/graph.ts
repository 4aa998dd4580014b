import type { Diagnostic, Where } from '../diagnostics/index.ts';
import type { Tensor, TensorType } from './types.ts';

/** An attribute of a node: numbers print exactly (integers as such, others in shortest round-trip form). */
export type Attribute = number | string | boolean | readonly number[];

/** Where a node or value came from: the names of nodes in the source model. */
export interface Origin {
  /** Names of the source nodes, in execution order; empty for what the user wrote by hand. */
  readonly nodes: readonly string[];
}

/** A constant tensor. Large ones live in the weights file when printed. */
export interface Const {
  readonly name: string;
  readonly tensor: Tensor;
}

/** How the integers of a graph input or output relate to real numbers: real = (integer - zeroPoint) * scale + offset. */
export interface Boundary {
  /** A positive number, or a quotient written `1/255` where a decimal would not be exact. */
  readonly scale?: Scale;
  readonly zeroPoint?: number;
  /** Added after scaling (what remains of a bias that stays with the host). */
  readonly offset?: number;
  /**
   * How the source model orders the axes of an image tensor; `nchw`: channels first. The graph's tensor is channels last; arrays in
   * the source's order are turned where data is read and results are written.
   */
  readonly layout?: 'nchw';
}

/** numerator / denominator; denominator 1 for a plain number. The real value is float32(numerator / denominator * integer). */
export interface Scale {
  readonly numerator: number;
  readonly denominator: number;
}

export interface GraphInput {
  readonly name: string;
  readonly type: TensorType;
  readonly boundary: Boundary;
  readonly origin: Origin;
}

export interface GraphOutput {
  /** Name of the value that leaves. */
  readonly value: string;
  readonly boundary: Boundary;
  readonly origin: Origin;
  /**
   * What the host still has to do to get the source model's output, one sentence a step (a Softmax, an affine map);
   * goes into the report.
   */
  readonly host: readonly string[];
}

/** An operand: a value of the graph (`%name`) or a constant (`@name`). */
export type Operand =
  { readonly kind: 'value'; readonly name: string } | { readonly kind: 'const'; readonly name: string };

/** One operation with one result. Names are unique within a graph; the result carries the node's name. */
export interface Node {
  readonly name: string;
  readonly op: string;
  readonly operands: readonly Operand[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly type: TensorType;
  readonly origin: Origin;
  /** Where it was written, when parsed from text or imported. */
  readonly where?: Where;
}

/** Real form: what importers produce (float ops with quantizers). Integer form: integers only. */
export type Form = 'real' | 'integer';

/**
 * A graph: nodes in topological order (every operand is defined above its use). Immutable; passes return new graphs.
 */
export interface Graph {
  readonly name: string;
  readonly form: Form;
  readonly inputs: readonly GraphInput[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly GraphOutput[];
  readonly consts: ReadonlyMap<string, Const>;
  /** Notes and warnings gathered on the way (assumptions of the importer, work left to the host); printed by the report. */
  readonly notes: readonly Diagnostic[];
}

export function value(name: string): Operand {
  return { kind: 'value', name };
}
export function constant(name: string): Operand {
  return { kind: 'const', name };
}

/** The type of an operand, or undefined if nothing of that name exists. */
export function operandType(graph: Graph, operand: Operand): TensorType | undefined {
  if (operand.kind === 'const') return graph.consts.get(operand.name)?.tensor.type;
  return (
    graph.nodes.find((n) => n.name === operand.name)?.type ??
    graph.inputs.find((i) => i.name === operand.name)?.type
  );
}
