import * as say from '../diagnostics/catalog/qir-graph.ts';
import { fail, invariant } from '../diagnostics/index.ts';
import type { Diagnostic, Where } from '../diagnostics/index.ts';
import { isName } from './check-type.ts';
import type { Boundary, Const, Graph, GraphOutput, Node, Origin } from './graph.ts';
import { printFloat32, printNumber } from './numbers.ts';
import { printAttribute, printString } from './print-attribute.ts';
import { printType } from './types.ts';
import type { TensorType } from './types.ts';
import { isInline } from './weights.ts';

export interface PrintOptions {
  /** Plain name of the weights file, given together with its sha256. Without it every constant stands in the text. */
  readonly weightsFile?: string;
  /** The sha256 of the weights file, as `sha256` gives it. */
  readonly sha256?: string;
}

/**
 * The text of a graph. Reading it gives the same graph: `parseQir(printQir(g))` equals `g` but for the nodes' `where`, which then
 * points into the text, and for the kind of typed array that holds a constant (always the one `allocate` gives).
 *
 * @throws DiagnosticError for a name that the text cannot spell, or an output of a value that does not exist
 */
export function printQir(graph: Graph, options: PrintOptions = {}): string {
  const lines: string[] = ['qir 1'];
  const { weightsFile, sha256 } = options;
  if (weightsFile !== undefined) {
    invariant(sha256 !== undefined, 'a weights file is named together with its sha256');
    lines.push(`weights ${printString(weightsFile)} sha256 ${printString(sha256)}`);
  }
  lines.push('', `graph ${graph.form} @${named(graph.name, 'graph')} {`);
  for (const input of graph.inputs) {
    const name = named(input.name, 'value');
    lines.push(
      `  input %${name} : ${printType(input.type)}${fields(boundaryFields(input.boundary))}${from(input.origin)}`,
    );
  }
  for (const node of graph.nodes) lines.push(`  ${printNode(node)}`);
  const types = new Map<string, TensorType>();
  for (const { name, type } of [...graph.inputs, ...graph.nodes]) types.set(name, type);
  for (const output of graph.outputs) lines.push(`  ${printOutput(output, types.get(output.value))}`);
  for (const note of graph.notes) lines.push(`  ${printNote(note)}`);
  lines.push('}');
  for (const c of graph.consts.values()) lines.push(printConst(c, weightsFile === undefined || isInline(c)));
  return `${lines.join('\n')}\n`;
}

function named(name: string, what: string): string {
  if (!isName(name)) fail(say.badName(undefined, what, name));
  return name;
}

function fields(list: readonly (readonly [string, string])[]): string {
  return list.length === 0 ? '' : ` {${list.map(([name, value]) => `${name} = ${value}`).join(', ')}}`;
}

function boundaryFields(boundary: Boundary): [string, string][] {
  const list: [string, string][] = [];
  if (boundary.scale !== undefined) {
    const { numerator, denominator } = boundary.scale;
    const over = denominator === 1 ? '' : `/${printNumber(denominator)}`;
    list.push(['scale', `${printNumber(numerator)}${over}`]);
  }
  if (boundary.zeroPoint !== undefined) list.push(['zero_point', printNumber(boundary.zeroPoint)]);
  if (boundary.offset !== undefined) list.push(['offset', printNumber(boundary.offset)]);
  if (boundary.layout !== undefined) list.push(['layout', printString(boundary.layout)]);
  return list;
}

function strings(keyword: string, list: readonly string[]): string {
  return list.length === 0 ? '' : ` ${keyword} ${list.map(printString).join(', ')}`;
}

function from(origin: Origin): string {
  return strings('from', origin.nodes);
}

/** One node as a line of text, without indentation. */
export function printNode(node: Node): string {
  const operands = node.operands
    .map((o) => ` ${o.kind === 'const' ? '@' : '%'}${named(o.name, 'value')}`)
    .join(',');
  const attributes = fields(
    Object.entries(node.attributes).map(
      ([name, value]) => [named(name, 'attribute'), printAttribute(value)] as const,
    ),
  );
  const head = `%${named(node.name, 'value')} = ${named(node.op, 'op')}${operands}${attributes}`;
  return `${head} : ${printType(node.type)}${from(node.origin)}`;
}

function printOutput(output: GraphOutput, type: TensorType | undefined): string {
  if (type === undefined) return fail(say.undefinedValue(undefined, output.value, 'An output', undefined));
  const head = `output %${output.value} : ${printType(type)}${fields(boundaryFields(output.boundary))}`;
  return `${head}${from(output.origin)}${strings('host', output.host)}`;
}

function printPlace(where: Where): string {
  const list: [string, string][] = [];
  for (const [name, value] of Object.entries(where)) {
    if (name !== 'kind') list.push([name, printAttribute(value)]);
  }
  return `at ${where.kind}${fields(list)}`;
}

function printNote(note: Diagnostic): string {
  const list: [string, string][] = [];
  for (const name of ['found', 'expected', 'help'] as const) {
    const value = note[name];
    if (value !== undefined) list.push([name, printString(value)]);
  }
  const at = note.where === undefined ? '' : ` ${printPlace(note.where)}`;
  const also = (note.related ?? [])
    .map((r) => ` also ${printString(r.message)} ${printPlace(r.where)}`)
    .join('');
  return `note ${note.code} ${note.severity} ${printString(note.message)}${fields(list)}${at}${also}`;
}

function printConst(c: Const, inline: boolean): string {
  const head = `const @${named(c.name, 'constant')} : ${printType(c.tensor.type)}`;
  if (!inline) return head;
  const print = c.tensor.type.elem.kind === 'float32' ? printFloat32 : printNumber;
  const items = Array.from(c.tensor.data, print);
  if (c.tensor.type.shape.length === 0 && items.length === 1) return `${head} = ${items[0]!}`;
  return `${head} = [${wrap(items)}]`;
}

/** Breaks a long list into lines, so that a diff shows what changed. */
function wrap(items: readonly string[]): string {
  if (items.length <= 32) return items.join(', ');
  const lines: string[] = [];
  for (let i = 0; i < items.length; i += 32) lines.push(`  ${items.slice(i, i + 32).join(', ')}`);
  return `\n${lines.join(',\n')}\n`;
}
