import { missingOpset, noGraph } from '../../diagnostics/catalog/frontend-graph.ts';
import { DiagnosticError, Diagnostics } from '../../diagnostics/index.ts';
import type { Where } from '../../diagnostics/index.ts';
import { value } from '../../qir/graph.ts';
import type { Graph } from '../../qir/graph.ts';
import { float32 } from '../../qir/types.ts';
import { assemble } from './assemble.ts';
import type { Bound } from './bound.ts';
import { convertNode, refuseUnsupported } from './convert.ts';
import { workLimit } from './conversion.ts';
import type { ImportState } from './conversion.ts';
import { Emitter } from './emitter.ts';
import { isFloat } from './elements.ts';
import type { InputFacts } from './input-type.ts';
import { parseInputType } from './input-type-text.ts';
import { chosenShapes, usedAsImage } from './images.ts';
import { declaredInput } from './inputs.ts';
import { parseInputShape } from './input-shape.ts';
import { sanitize } from './names.ts';
import { canBeImage } from './placed.ts';
import { decodeModel } from './proto.ts';
import type { GraphMessage, ModelMessage } from './schema.ts';
import { analyse, normalDomain } from './structure.ts';
import type { Structure } from './structure.ts';
import { decodeTensor } from './tensors.ts';

export { parseInputType } from './input-type-text.ts';

/** Opset version assumed for the standard operators where the model names none. */
const assumedOpset = 13;

export interface ImportOptions {
  /** The file's name, for messages. */
  readonly file: string;
  /** What the input carries, as `parseInputType` reads it; derived from the model if not given. */
  readonly inputType?: string;
  /**
   * Shapes of graph inputs that replace the declared ones, as `parseInputShape` reads them: a convolutional network often works at any
   * image size. All other shapes follow from the nodes.
   */
  readonly inputShape?: string;
  /** Receives every diagnostic of the import, also when it fails. */
  readonly diagnostics?: Diagnostics;
}

/**
 * Reads an ONNX model (QONNX, QCDQ, FINN or plain) into QIR of real form. Notes and warnings are in the graph's `notes`.
 *
 * @example
 * const graph = importOnnx(readFileSync('tfc.onnx'), { file: 'tfc.onnx' });
 * @throws DiagnosticError with all problems found (codes QCC2000 to QCC2499), whatever the bytes are.
 */
export function importOnnx(bytes: Uint8Array, options: ImportOptions): Graph {
  const diagnostics = new Diagnostics();
  let graph: Graph | undefined;
  try {
    graph = readModel(bytes, options, diagnostics);
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    // `throwIfErrors` throws what is collected already; `fail` throws one more.
    if (error.diagnostics !== diagnostics.all) for (const one of error.diagnostics) diagnostics.add(one);
  }
  const notes = [...diagnostics.all];
  for (const one of notes) options.diagnostics?.add(one);
  if (graph === undefined || diagnostics.hasErrors) throw new DiagnosticError(notes);
  return { ...graph, notes };
}

function readModel(bytes: Uint8Array, options: ImportOptions, diagnostics: Diagnostics): Graph {
  const { file } = options;
  const where: Where = { kind: 'file', file };
  if (options.inputType !== undefined) parseInputType(options.inputType);
  const shapes = options.inputShape === undefined ? undefined : parseInputShape(options.inputShape);
  const model = decodeModel(bytes, file);
  const { graph } = model;
  if (graph.output.length === 0) diagnostics.add(noGraph(where, 'a graph without outputs'));
  if (graph.sparseInitializer.length > 0)
    diagnostics.add(noGraph(where, 'sparse initializers, which qcc does not read'));

  const structure = analyse(graph, file, diagnostics);
  if (structure.inputs.size === 0) diagnostics.add(noGraph(where, 'a graph without inputs'));
  diagnostics.throwIfErrors();
  const constants = new Set(graph.initializer.map((tensor) => tensor.name));
  refuseUnsupported(structure.nodes, constants, diagnostics);
  diagnostics.throwIfErrors();

  const emitter = new Emitter(diagnostics);
  const versions = opsetVersions(
    model,
    structure.nodes.some((node) => node.domain === ''),
    where,
    diagnostics,
  );
  const state: ImportState = {
    emitter,
    diagnostics,
    opset: (domain) => versions.get(domain),
    used: structure.used,
    limit: workLimit(bytes.length),
    budget: workLimit(bytes.length),
    exhausted: false,
  };
  const bounds = new Map<string, Bound>();
  for (const tensor of graph.initializer) {
    if (!structure.used.has(tensor.name)) continue;
    const decoded = diagnostics.capture(() => decodeTensor(tensor, where));
    bounds.set(tensor.name, decoded ? { kind: 'const', tensor: decoded } : { kind: 'poison' });
  }
  const chosen = chosenShapes(shapes, graph, structure.inputs, file);
  const facts = bindInputs(graph, structure, { ...options, chosen }, bounds, emitter, diagnostics);
  for (const node of structure.nodes) {
    convertNode(node, bounds, state);
    if (state.exhausted) break;
  }
  diagnostics.throwIfErrors();
  return assemble({
    name: sanitize(graph.name, 'network'),
    graph,
    bounds,
    emitter,
    facts,
    reshaped: chosen.size > 0,
    where,
    diagnostics,
  });
}

/** Opset version by domain; a model without a default entry is read as the assumed version. */
function opsetVersions(
  model: ModelMessage,
  needed: boolean,
  where: Where,
  diagnostics: Diagnostics,
): ReadonlyMap<string, number> {
  const versions = new Map(model.opsetImport.map((o) => [normalDomain(o.domain), o.version.toNumber()]));
  if (needed && !versions.has('')) {
    versions.set('', assumedOpset);
    diagnostics.add(missingOpset(where, assumedOpset));
  }
  return versions;
}

/** Declares the graph inputs as values and gathers what decides their types. */
function bindInputs(
  graph: GraphMessage,
  structure: Structure,
  options: ImportOptions & { readonly chosen: ReadonlyMap<string, readonly number[]> },
  bounds: Map<string, Bound>,
  emitter: Emitter,
  diagnostics: Diagnostics,
): readonly InputFacts[] {
  const annotations = new Map<string, string>();
  for (const { tensorName, quantParameterTensorNames } of graph.quantizationAnnotation) {
    const type = quantParameterTensorNames.find(({ key }) => key === 'finn_datatype');
    if (type) annotations.set(tensorName, type.value);
  }
  const facts: InputFacts[] = [];
  for (const info of graph.input) {
    if (!structure.inputs.has(info.name)) continue;
    const where: Where = { kind: 'node', file: options.file, name: info.name, op: 'graph input' };
    const declared = diagnostics.capture(() =>
      declaredInput(info, where, diagnostics, options.chosen.get(info.name)),
    );
    if (declared === undefined) {
      bounds.set(info.name, { kind: 'poison' });
      continue;
    }
    const name = emitter.valueNames.unique(info.name, 'input');
    const annotation = annotations.get(info.name);
    const image = canBeImage(declared.dims) && usedAsImage(info.name, structure.nodes);
    const layout = image ? 'channels-last' : 'source';
    facts.push({
      declared,
      name,
      layout,
      where,
      ...(options.inputType === undefined ? {} : { option: options.inputType }),
      ...(annotation === undefined ? {} : { annotation }),
    });
    const content = isFloat(declared.elem) ? 'real' : 'integer-input';
    bounds.set(info.name, {
      kind: 'value',
      value: { operand: value(name), elem: float32, dims: declared.dims, layout, content },
    });
  }
  return facts;
}
