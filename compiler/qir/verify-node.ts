import * as say from '../diagnostics/catalog/qir-graph.ts';
import { excerpt } from '../diagnostics/wording.ts';
import type { Diagnostic, Where } from '../diagnostics/index.ts';
import { elementProblem, goodShape } from './check-type.ts';
import type { Attribute, Const, Graph, Node } from './graph.ts';
import type { OpDefinition, OperandInfo } from './op.ts';
import { isProblem } from './op.ts';
import { printAttribute } from './print-attribute.ts';
import { nearest } from '../diagnostics/suggest.ts';
import { printType, sameType } from './types.ts';
import type { TensorType } from './types.ts';

/** The part of a node that a diagnostic is about. */
export type NodePart =
  | { readonly kind: 'name' | 'op' | 'type' }
  | { readonly kind: 'operand'; readonly index: number }
  | { readonly kind: 'attribute'; readonly name: string };

/** What is known while the nodes are checked one after another. */
export interface Scope {
  readonly graph: Graph;
  readonly ops: ReadonlyMap<string, OpDefinition>;
  /** Values defined so far. */
  readonly defined: Map<string, TensorType>;
  readonly definedAt: Map<string, Where | undefined>;
  /** The index of every node, by its name. */
  readonly later: ReadonlyMap<string, number>;
  /** Constants whose type and size are sound. */
  readonly goodConsts: ReadonlyMap<string, Const>;
  readonly place: (node: number, part: NodePart) => Where | undefined;
}

/** Checks one node against the definition of its op; what is defined before it stands in `scope`. */
export function verifyNode(scope: Scope, node: Node, index: number, found: Diagnostic[]): void {
  const before = found.length;
  const at = (part: NodePart): Where | undefined => scope.place(index, part);
  const operands = node.operands.map((_, i) =>
    resolve(scope, node, i, at({ kind: 'operand', index: i }), found),
  );
  const op = scope.ops.get(node.op);
  if (op === undefined) {
    const near = nearest(node.op, scope.ops.keys());
    found.push(
      say.unknownOp(at({ kind: 'op' }), node.name, node.op, near && `\`${near}\``, [...scope.ops.keys()]),
    );
    return;
  }
  if (!op.forms.includes(scope.graph.form)) {
    found.push(say.opNotInForm(at({ kind: 'op' }), node.name, op.name, scope.graph.form, op.forms));
  }
  verifyUse(op, node, at, found);
  if (elementProblem(node.type.elem) !== undefined || !goodShape(node.type.shape)) return;
  const known = operands.filter((operand) => operand !== undefined);
  if (found.length > before || known.length < operands.length) return;
  const result = op.type(known, node.attributes, node.type);
  if (isProblem(result)) found.push(say.operandsDoNotFit(at({ kind: 'name' }), node.name, op.name, result));
  else if (!sameType(result, node.type)) {
    const where = at({ kind: 'type' });
    found.push(say.resultType(where, node.name, op.name, printType(node.type), printType(result)));
  }
}

function resolve(
  scope: Scope,
  node: Node,
  index: number,
  where: Where | undefined,
  found: Diagnostic[],
): OperandInfo | undefined {
  const { kind, name } = node.operands[index]!;
  const user = `%${excerpt(node.name)}`;
  if (kind === 'const') {
    const c = scope.goodConsts.get(name);
    if (c !== undefined) return { type: c.tensor.type, tensor: c.tensor };
    if (!scope.graph.consts.has(name)) {
      const near = nearest(name, scope.graph.consts.keys());
      found.push(say.undefinedConst(where, name, user, near && `@${near}`));
    }
    return undefined;
  }
  const type = scope.defined.get(name);
  // a type that is itself at fault has been reported where it stands
  if (type !== undefined)
    return elementProblem(type.elem) === undefined && goodShape(type.shape) ? { type } : undefined;
  const definition = scope.later.get(name);
  if (definition !== undefined) {
    found.push(say.usedBeforeDefinition(where, name, user, scope.place(definition, { kind: 'name' })));
  } else {
    const near = nearest(name, scope.defined.keys());
    found.push(say.undefinedValue(where, name, user, near && `%${near}`));
  }
  return undefined;
}

/** Checks number and kinds of the operands and the attributes of a node, but not their types. */
export function verifyUse(
  op: OpDefinition,
  node: Pick<Node, 'name' | 'operands' | 'attributes'>,
  at: (part: NodePart) => Where | undefined,
  found: Diagnostic[],
): void {
  verifyOperands(op, node, at, found);
  verifyAttributes(op, node, at, found);
}

function verifyOperands(
  op: OpDefinition,
  node: Pick<Node, 'name' | 'operands' | 'attributes'>,
  at: (part: NodePart) => Where | undefined,
  found: Diagnostic[],
): void {
  const repeated = op.operands.at(-1)?.repeated === true;
  const most = repeated ? Infinity : op.operands.length;
  const least = op.operands.filter((spec) => spec.optional !== true).length;
  const count = node.operands.length;
  if (count < least || count > most) {
    const list = op.operands
      .map((spec) => `${spec.name}${spec.repeated === true ? ' ...' : ''}`)
      .map((name, i) => (op.operands[i]?.optional === true ? `[${name}]` : name))
      .join(', ');
    const range = repeated ? `${least} or more` : least === most ? `${most}` : `${least} to ${most}`;
    found.push(say.operandCount(at({ kind: 'op' }), node.name, op.name, count, `${range}: ${list}`));
  }
  node.operands.forEach((operand, index) => {
    const spec = op.operands[index] ?? (repeated ? op.operands.at(-1) : undefined);
    if (spec === undefined || spec.kind === 'any' || spec.kind === operand.kind) return;
    const shown = `${operand.kind === 'const' ? '@' : '%'}${operand.name}`;
    const expected = spec.kind === 'const' ? 'a constant (@name)' : 'a value (%name)';
    found.push(
      say.operandKind(at({ kind: 'operand', index }), node.name, op.name, spec.name, shown, expected),
    );
  });
}

function verifyAttributes(
  op: OpDefinition,
  node: Pick<Node, 'name' | 'operands' | 'attributes'>,
  at: (part: NodePart) => Where | undefined,
  found: Diagnostic[],
): void {
  const known = Object.keys(op.attributes);
  for (const [name, attribute] of Object.entries<Attribute>(node.attributes)) {
    const where = at({ kind: 'attribute', name });
    if (!Object.hasOwn(op.attributes, name)) {
      const near = nearest(name, known);
      found.push(say.unknownAttribute(where, node.name, op.name, name, near && `\`${near}\``, known));
      continue;
    }
    const expected = op.attributes[name]!.check(attribute);
    if (expected !== undefined) {
      found.push(say.badAttribute(where, node.name, op.name, name, printAttribute(attribute), expected));
    }
  }
  for (const [name, spec] of Object.entries(op.attributes)) {
    if (spec.optional === true || Object.hasOwn(node.attributes, name)) continue;
    found.push(say.missingAttribute(at({ kind: 'op' }), node.name, op.name, name, spec.doc));
  }
}
