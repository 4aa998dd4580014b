import * as sayGraph from '../diagnostics/catalog/qir-graph.ts';
import * as sayTypes from '../diagnostics/catalog/qir-types.ts';
import { excerpt } from '../diagnostics/wording.ts';
import type { Diagnostic, Where } from '../diagnostics/index.ts';
import { elementProblem, goodShape, isName } from './check-type.ts';
import { dataProblem } from './verify-data.ts';
import { verifyNode } from './verify-node.ts';
import type { NodePart, Scope } from './verify-node.ts';
import type { Boundary, Const, Graph } from './graph.ts';
import { printNumber } from './numbers.ts';
import type { OpDefinition } from './op.ts';
import { ops as allOps } from './ops/index.ts';
import { nearest } from '../diagnostics/suggest.ts';
import type { TensorType } from './types.ts';
import { printElement } from './types.ts';

/** Where the parts of a graph were written, for diagnostics that point into a text. */
export interface Places {
  readonly graph?: () => Where | undefined;
  readonly input?: (index: number) => Where | undefined;
  readonly output?: (index: number) => Where | undefined;
  readonly constant?: (name: string) => Where | undefined;
  /** A part of the node; without it, a diagnostic points to the node's own `where`. */
  readonly node?: (index: number, part: NodePart) => Where | undefined;
}

export interface VerifyOptions {
  readonly places?: Places;
  /** The operations that exist; all of QIR's unless given. */
  readonly ops?: ReadonlyMap<string, OpDefinition>;
}

/**
 * Checks everything that a graph promises: names and their uniqueness, order of definition, kinds of operands, attributes, type rules,
 * form, boundaries, and that constants hold finite values of their type. Returns all that is wrong (severity `error`) and what
 * is superfluous (severity `warning`: values, inputs and constants that nothing reads); never throws.
 *
 * @example
 * const errors = verifyGraph(graph).filter((d) => d.severity === 'error');
 */
export function verifyGraph(graph: Graph, options: VerifyOptions = {}): Diagnostic[] {
  const found: Diagnostic[] = [];
  const places = options.places ?? {};
  if (!isName(graph.name)) found.push(sayGraph.badName(places.graph?.(), 'graph', graph.name));
  verifyConsts(graph, places, found);

  const scope: Scope = {
    graph,
    ops: options.ops ?? allOps,
    defined: new Map(),
    definedAt: new Map(),
    later: new Map(graph.nodes.map((node, i) => [node.name, i])),
    goodConsts: goodConsts(graph),
    place: (i, part) => places.node?.(i, part) ?? graph.nodes[i]?.where,
  };
  graph.inputs.forEach((input, i) => {
    const where = places.input?.(i);
    const subject = `The input %${excerpt(input.name)}`;
    define(scope, input.name, input.type, where, found);
    verifyType(input.type, subject, graph, where, found);
    verifyBoundary(input.boundary, input.type, subject, where, found);
  });
  graph.nodes.forEach((node, i) => {
    verifyNode(scope, node, i, found);
    const typeAt = scope.place(i, { kind: 'type' });
    verifyType(node.type, `%${excerpt(node.name)}`, graph, typeAt, found);
    define(scope, node.name, node.type, scope.place(i, { kind: 'name' }), found);
  });
  if (graph.inputs.length === 0) found.push(sayGraph.noInput(places.graph?.(), graph.name));
  if (graph.outputs.length === 0) found.push(sayGraph.noOutput(places.graph?.(), graph.name));
  graph.outputs.forEach((output, i) => {
    const where = places.output?.(i);
    if (!scope.defined.has(output.value)) {
      const near = nearest(output.value, scope.defined.keys());
      found.push(sayGraph.undefinedValue(where, output.value, 'An output', near && `%${near}`));
    }
    const type = scope.defined.get(output.value);
    verifyBoundary(output.boundary, type, `The output %${excerpt(output.value)}`, where, found);
  });
  warnUnused(graph, places, scope, found);
  return found;
}

function define(
  scope: Scope,
  name: string,
  type: TensorType,
  where: Where | undefined,
  found: Diagnostic[],
): void {
  if (!isName(name)) found.push(sayGraph.badName(where, 'value', name));
  if (scope.defined.has(name)) found.push(sayGraph.repeatedValue(where, name, scope.definedAt.get(name)));
  else {
    scope.defined.set(name, type);
    scope.definedAt.set(name, where);
  }
}

function verifyType(
  type: TensorType,
  subject: string,
  graph: Graph,
  where: Where | undefined,
  found: Diagnostic[],
): void {
  const expected = elementProblem(type.elem);
  if (expected !== undefined) found.push(sayTypes.badType(where, subject, printElement(type.elem), expected));
  if (!goodShape(type.shape)) found.push(sayTypes.badShape(where, subject, `[${type.shape.join(', ')}]`));
  if (graph.form === 'integer' && type.elem.kind === 'float32')
    found.push(sayTypes.floatInIntegerForm(where, subject));
}

/** The constants whose type is sound, so that a type rule may look at them. */
function goodConsts(graph: Graph): ReadonlyMap<string, Const> {
  return new Map(
    [...graph.consts].filter(
      ([, c]) =>
        elementProblem(c.tensor.type.elem) === undefined &&
        goodShape(c.tensor.type.shape) &&
        c.tensor.data.length === c.tensor.type.shape.reduce((product, n) => product * n, 1),
    ),
  );
}

function verifyConsts(graph: Graph, places: Places, found: Diagnostic[]): void {
  for (const [key, c] of graph.consts) {
    const where = places.constant?.(key);
    const before = found.length;
    if (key !== c.name) found.push(sayTypes.constKey(where, key, c.name));
    if (!isName(c.name)) found.push(sayGraph.badName(where, 'constant', c.name));
    verifyType(c.tensor.type, `The constant @${excerpt(c.name)}`, graph, where, found);
    if (found.length > before) continue;
    const problem = dataProblem(c, where);
    if (problem !== undefined) found.push(problem);
  }
}

/** The least positive normal float32: below it a scale loses digits. */
const leastNormal = 2 ** -126;

function verifyBoundary(
  boundary: Boundary,
  type: TensorType | undefined,
  subject: string,
  where: Where | undefined,
  found: Diagnostic[],
): void {
  const { scale, zeroPoint, offset, layout } = boundary;
  if (scale !== undefined) {
    const real = Math.fround(scale.numerator / scale.denominator);
    if (!(scale.numerator > 0 && scale.denominator > 0 && real >= leastNormal && real < Infinity)) {
      const over = scale.denominator === 1 ? '' : `/${printNumber(scale.denominator)}`;
      const text = `${printNumber(scale.numerator)}${over}`;
      found.push(
        sayGraph.badBoundary(where, subject, 'scale', text, 'a positive number that is a normal float32'),
      );
    }
  }
  if (zeroPoint !== undefined && !(Number.isInteger(zeroPoint) && Math.abs(zeroPoint) <= 2 ** 32)) {
    found.push(
      sayGraph.badBoundary(
        where,
        subject,
        'zero point',
        printNumber(zeroPoint),
        'a whole number from -2^32 to 2^32',
      ),
    );
  }
  if (offset !== undefined && !Number.isFinite(offset)) {
    found.push(sayGraph.badBoundary(where, subject, 'offset', printNumber(offset), 'a finite number'));
  }
  // the type says what may stand here, but a graph need not come from where types are checked
  const named: string | undefined = layout;
  if (named !== undefined && named !== 'nchw') {
    found.push(sayGraph.badBoundary(where, subject, 'layout', named, '"nchw", or none'));
  } else if (layout !== undefined && type !== undefined && type.shape.length !== 3) {
    const shape = `[${type.shape.join(', ')}]`;
    found.push(
      sayGraph.badBoundary(where, subject, 'layout', `nchw of a tensor ${shape}`, 'an image [H, W, C]'),
    );
  }
}

function warnUnused(graph: Graph, places: Places, scope: Scope, found: Diagnostic[]): void {
  // of a dead chain of nodes only the end is read by nobody, and one warning says it all
  const read = new Set(graph.outputs.map((output) => output.value));
  const readConsts = new Set<string>();
  for (const node of graph.nodes) {
    for (const operand of node.operands) (operand.kind === 'value' ? read : readConsts).add(operand.name);
  }
  graph.inputs.forEach((input, i) => {
    if (!read.has(input.name)) found.push(sayGraph.unreadInput(places.input?.(i), input.name));
  });
  graph.nodes.forEach((node, i) => {
    if (!read.has(node.name)) found.push(sayGraph.deadValue(scope.place(i, { kind: 'name' }), node.name));
  });
  for (const name of graph.consts.keys()) {
    if (!readConsts.has(name)) found.push(sayGraph.unusedConst(places.constant?.(name), name));
  }
}
