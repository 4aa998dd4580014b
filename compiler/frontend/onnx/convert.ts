import { opsetRange, unsupportedOp } from '../../diagnostics/catalog/frontend-graph.ts';
import { ignoredAttribute, operandCount } from '../../diagnostics/catalog/frontend-nodes.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Diagnostics } from '../../diagnostics/index.ts';
import { Attributes } from './attributes.ts';
import type { Bound } from './bound.ts';
import { Conversion } from './conversion.ts';
import type { Good, ImportState } from './conversion.ts';
import { alwaysConstant, folds } from './fold.ts';
import { findConverter, knownDomains } from './nodes/registry.ts';
import type { GraphNode } from './structure.ts';

function unsupported(node: GraphNode): ReturnType<typeof unsupportedOp> {
  const domains = knownDomains(node.opType);
  let help: string | undefined;
  if (folds.has(node.opType) && node.domain === '')
    help = 'it is only read where it computes shapes or other constants';
  else if (domains.length > 0) {
    help = `the operator is known in ${domains.map((d) => (d === '' ? 'the default domain' : d)).join(', ')}`;
  }
  return unsupportedOp(node.where, node.label, node.opType, node.domain, help);
}

/** Reports every node that qcc cannot read, so that the user sees all of them at once. */
export function refuseUnsupported(
  nodes: readonly GraphNode[],
  initializers: ReadonlySet<string>,
  diagnostics: Diagnostics,
): void {
  const constants = new Set(initializers);
  for (const node of nodes) {
    const standard = node.domain === '';
    const foldable =
      standard && folds.has(node.opType) && node.inputs.every((name) => name === '' || constants.has(name));
    if (foldable || (standard && alwaysConstant.has(node.opType))) {
      for (const name of node.outputs) constants.add(name);
    } else if (findConverter(node.domain, node.opType) === undefined) diagnostics.add(unsupported(node));
  }
}

/**
 * Converts one node: folds it if its inputs are constants, else hands it to its converter. Problems go to the diagnostics; the
 * outputs of a node that could not be read are poisoned, so that its users do not report the same problem again.
 */
export function convertNode(node: GraphNode, bounds: Map<string, Bound>, state: ImportState): void {
  const inputs: (Good | undefined)[] = [];
  let poisoned = false;
  for (const name of node.inputs) {
    const bound = name === '' ? undefined : bounds.get(name);
    if (bound?.kind === 'poison') poisoned = true;
    else inputs.push(bound);
  }
  const results = poisoned ? undefined : state.diagnostics.capture(() => run(node, inputs, state));
  node.outputs.forEach((name, i) => {
    if (name !== '') bounds.set(name, results?.[i] ?? { kind: 'poison' });
  });
}

function run(
  node: GraphNode,
  inputs: readonly (Good | undefined)[],
  state: ImportState,
): readonly (Good | undefined)[] {
  const c = new Conversion(node, inputs, new Attributes(node.attributes, node.where), state);
  // Every use of a constant may copy or check all of it: a small file must not ask for that a million times.
  for (const bound of inputs) {
    if (bound?.kind === 'const') c.spend(bound.tensor.data.length, bound.tensor.dims);
    if (bound?.kind === 'quantized') c.spend(bound.weight.x.data.length, bound.weight.x.dims);
  }
  const fold = node.domain === '' ? folds.get(node.opType) : undefined;
  const constant =
    inputs.length > 0 && inputs.every((bound) => bound === undefined || bound.kind === 'const');
  if (fold && (constant || alwaysConstant.has(node.opType))) {
    c.set(0, { kind: 'const', tensor: fold(c) });
    return checkedResults(c);
  }
  const converter = findConverter(node.domain, node.opType);
  if (converter === undefined) fail(unsupported(node));
  const since = converter.since ?? 1;
  if (c.opset < since) fail(opsetRange(node.where, node.opType.slice(0, 80), c.opset, since));
  const unknown = c.attributes.names.filter((name) => !converter.attributes.includes(name));
  if (unknown.length > 0) c.note(ignoredAttribute(node.where, unknown));
  converter.convert(c);
  return checkedResults(c);
}

/** The results of a node; an output that is read, but that the operator does not have, is refused. */
function checkedResults(c: Conversion): readonly (Good | undefined)[] {
  const missing = c.node.outputs.findIndex((_, i) => c.outputUsed(i) && c.results[i] === undefined);
  if (missing >= 0) fail(operandCount(c.where, `output ${missing} is read`, 'the outputs of the operator'));
  return c.results;
}
