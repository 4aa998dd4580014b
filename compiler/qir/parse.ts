import type { IToken } from 'chevrotain';
import * as say from '../diagnostics/catalog/qir-text.ts';
import { excerpt } from '../diagnostics/wording.ts';
import { DiagnosticError, Diagnostics } from '../diagnostics/index.ts';
import type { Diagnostic, Where } from '../diagnostics/index.ts';
import type { Graph, GraphInput, GraphOutput, Node, Operand } from './graph.ts';
import type { OpDefinition } from './op.ts';
import { boundaryFrom } from './text/boundary.ts';
import type { FileText, NodeText } from './text/ast.ts';
import { constsFrom } from './text/consts.ts';
import type { ReadWeights } from './text/consts.ts';
import { noteFrom } from './text/notes.ts';
import { Source } from './text/source.ts';
import { readSyntax } from './text/syntax.ts';
import { Values } from './text/values.ts';
import { printType, sameType } from './types.ts';
import type { TensorType } from './types.ts';
import { verifyGraph } from './verify.ts';
import type { NodePart } from './verify-node.ts';

export interface ParseOptions {
  /** Name of the file, for messages. */
  readonly file: string;
  /** Reads the weights file by its plain name; needed if the text names one. */
  readonly readWeights?: ReadWeights;
  /** Receives warnings (values that nothing reads). Errors are thrown. */
  readonly diagnostics?: Diagnostics;
  /** The operations that exist; all of QIR's unless given. */
  readonly ops?: ReadonlyMap<string, OpDefinition>;
}

/**
 * Reads the text of a `.qir` file and verifies the graph. Every node's `where` is its place in the text.
 *
 * @throws DiagnosticError with every error found: those of the syntax, or, if the syntax is good, those of the weights file and the types,
 * or, if those are good, those of the graph
 * @example
 * const graph = parseQir(text, { file: 'tiny.qir' });
 */
export function parseQir(text: string, options: ParseOptions): Graph {
  const diagnostics = new Diagnostics();
  const source = new Source(options.file, text);
  const file = readSyntax(source, text, diagnostics);
  stopAtErrors(diagnostics.all);
  const reader = new Reader(source, file!, diagnostics);
  const graph = reader.read(options.readWeights);
  stopAtErrors(diagnostics.all);
  const found = verifyGraph(graph!, { places: reader.places(), ...(options.ops && { ops: options.ops }) });
  reader.outputTypes(graph!);
  const all = [...found, ...diagnostics.all];
  stopAtErrors(all);
  for (const d of all) options.diagnostics?.add(d);
  return graph!;
}

/** Throws the errors, if there are any, in the order of the text; what is merely superfluous is not worth mentioning then. */
function stopAtErrors(diagnostics: readonly Diagnostic[]): void {
  const errors = diagnostics.filter((d) => d.severity !== 'warning');
  if (!errors.some((d) => d.severity === 'error')) return;
  const at = ({ where }: Diagnostic): readonly [number, number] =>
    where?.kind === 'span' ? [where.line, where.column] : [Infinity, 0];
  throw new DiagnosticError(errors.sort((a, b) => at(a)[0] - at(b)[0] || at(a)[1] - at(b)[1]));
}

/** Makes a graph of a syntax tree. */
class Reader {
  readonly #source: Source;
  readonly #file: FileText;
  readonly #diagnostics: Diagnostics;
  readonly #values: Values;
  #constTokens: ReadonlyMap<string, IToken> = new Map();
  #outputTypes: (TensorType | undefined)[] = [];

  constructor(source: Source, file: FileText, diagnostics: Diagnostics) {
    this.#source = source;
    this.#file = file;
    this.#diagnostics = diagnostics;
    this.#values = new Values(source, diagnostics);
  }

  /** The graph, not yet verified; undefined after errors. */
  read(readWeights: ReadWeights | undefined): Graph | undefined {
    const values = this.#values;
    this.#sections();
    const { consts, tokens } = constsFrom(values, this.#file, readWeights);
    this.#constTokens = tokens;
    const inputs = this.#file.inputs.map((text): GraphInput | undefined => {
      const name = values.name(text.name);
      const subject = `The input %${excerpt(name)}`;
      const type = values.type(text.type, subject);
      const boundary = boundaryFrom(values, text.fields, subject);
      const origin = { nodes: values.strings(text.from) };
      return type && { name, type, boundary, origin };
    });
    const nodes = this.#file.nodes.map((text) => this.#node(text));
    const outputs = this.#file.outputs.map((text): GraphOutput => {
      const value = values.name(text.name);
      const subject = `The output %${excerpt(value)}`;
      this.#outputTypes.push(values.type(text.type, subject));
      const boundary = boundaryFrom(values, text.fields, subject);
      return {
        value,
        boundary,
        origin: { nodes: values.strings(text.from) },
        host: values.strings(text.host),
      };
    });
    const notes = this.#file.notes.map((text) => noteFrom(values, text));
    const graph = this.#file.graphs[0];
    if (this.#diagnostics.hasErrors || graph === undefined) return undefined;
    const present = <T>(list: readonly (T | undefined)[]): T[] => list.filter((item) => item !== undefined);
    return {
      name: values.name(graph.name),
      form: graph.form,
      inputs: present(inputs),
      nodes: present(nodes),
      outputs,
      consts,
      notes: present(notes),
    };
  }

  #node(text: NodeText): Node | undefined {
    const values = this.#values;
    const name = values.name(text.name);
    const type = values.type(text.type, `%${excerpt(name)}`);
    const operands = text.operands.map((token): Operand => ({
      kind: token.image.startsWith('@') ? 'const' : 'value',
      name: values.name(token),
    }));
    const attributes = values.attributes(text.fields);
    const origin = { nodes: values.strings(text.from) };
    const where = this.#source.span(text.name, text.type.last);
    return type && { name, op: text.op.image, operands, attributes, type, origin, where };
  }

  #sections(): void {
    const { version, weights, graphs } = this.#file;
    if (version !== undefined && version.image !== '1') {
      this.#diagnostics.add(say.unsupportedVersion(this.#source.span(version), version.image));
    }
    for (const [name, list] of [
      ['weights', weights],
      ['graph', graphs],
    ] as const) {
      for (const extra of list.slice(1)) {
        const first = this.#source.span(list[0]!.keyword);
        this.#diagnostics.add(say.repeatedSection(this.#source.span(extra.keyword), name, first));
      }
    }
    if (graphs.length === 0) this.#diagnostics.add(say.noGraph(this.#source.end()));
  }

  /** Reports outputs that are written with another type than their value has. */
  outputTypes(graph: Graph): void {
    const types = new Map([...graph.inputs, ...graph.nodes].map(({ name, type }) => [name, type]));
    graph.outputs.forEach(({ value }, i) => {
      const type = types.get(value);
      const written = this.#outputTypes[i];
      if (type === undefined || written === undefined || sameType(type, written)) return;
      const text = this.#file.outputs[i]!.type;
      const where = this.#source.span(text.name, text.last);
      this.#diagnostics.add(say.outputType(where, value, printType(written), printType(type)));
    });
  }

  /** Where everything stands in the text. */
  places() {
    const span = (token: IToken | undefined, last?: IToken): Where | undefined =>
      token && this.#source.span(token, last);
    return {
      graph: () => span(this.#file.graphs[0]?.name),
      input: (i: number) => span(this.#file.inputs[i]?.name),
      output: (i: number) => span(this.#file.outputs[i]?.name),
      constant: (name: string) => span(this.#constTokens.get(name)),
      node: (i: number, part: NodePart) => {
        const text = this.#file.nodes[i];
        if (text === undefined) return undefined;
        switch (part.kind) {
          case 'name':
            return span(text.name);
          case 'op':
            return span(text.op);
          case 'type':
            return span(text.type.name, text.type.last);
          case 'operand':
            return span(text.operands[part.index]);
          case 'attribute':
            return span(text.fields.find((f) => f.name.image === part.name)?.name);
        }
      },
    };
  }
}
