import * as say from '../../diagnostics/catalog/frontend-tflite.ts';
import { unusedInput } from '../../diagnostics/catalog/frontend-graph.ts';
import { quote } from '../../diagnostics/wording.ts';
import { DiagnosticError, Diagnostics, fail } from '../../diagnostics/index.ts';
import type { Where } from '../../diagnostics/index.ts';
import { GraphBuilder } from '../../qir/builder.ts';
import type { Graph } from '../../qir/graph.ts';
import { int, uint } from '../../qir/types.ts';
import { Names, sanitize } from '../onnx/names.ts';
import { qirShape, showShape } from '../onnx/shapes.ts';
import { workLimit } from '../onnx/conversion.ts';
import { Conversion } from './conversion.ts';
import type { Activation, ImportState } from './conversion.ts';
import { converters, supported } from './ops/index.ts';
import { activationParameters } from './quantization.ts';
import type { Affine } from './quantization.ts';
import { readTflite } from './schema.ts';
import type { TfliteModel, TfliteOperator, TfliteTensor } from './schema.ts';

export interface TfliteOptions {
  /** The file's name, for messages. */
  readonly file: string;
  /** What `--input-type` says: refused, since the model states the types of its inputs. */
  readonly inputType?: string;
  /** Receives every diagnostic of the import, also when it fails. */
  readonly diagnostics?: Diagnostics;
}

/**
 * Reads a fully quantized (int8) TFLite model into QIR of integer form, with the arithmetic of TensorFlow Lite's reference kernels.
 * Notes are in the graph's `notes`.
 *
 * @example
 * const graph = importTflite(readFileSync('kws.tflite'), { file: 'kws.tflite' });
 * @throws DiagnosticError with all problems found (codes QCC2600 to QCC2699), whatever the bytes are.
 */
export function importTflite(bytes: Uint8Array, options: TfliteOptions): Graph {
  const diagnostics = new Diagnostics();
  const graph = diagnostics.capture(() => readModel(bytes, options, diagnostics));
  const notes = [...diagnostics.all];
  for (const one of notes) options.diagnostics?.add(one);
  if (graph === undefined || diagnostics.hasErrors) throw new DiagnosticError(notes);
  return { ...graph, notes };
}

function readModel(bytes: Uint8Array, options: TfliteOptions, diagnostics: Diagnostics): Graph {
  const { file } = options;
  const where: Where = { kind: 'file', file };
  if (options.inputType !== undefined) fail(say.inputTypeFixed(options.inputType));
  const model = readTflite(bytes, where);
  checkIndices(model, where, file);
  const live = liveOperators(model);
  refuseUnknown(live, file, diagnostics);
  diagnostics.throwIfErrors();

  const builder = new GraphBuilder(sanitize(model.name, 'network'));
  const state: ImportState = {
    file,
    model,
    builder,
    names: new Names(),
    bounds: new Map(),
    diagnostics,
    places: new Map(),
    budget: workLimit(bytes.length),
  };
  bindInputs(state, live);
  for (const operator of live) convert(operator, state);
  diagnostics.throwIfErrors();
  for (const index of model.outputs) giveOutput(index, state, where);
  const graph = builder.build(diagnostics);
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, where: state.places.get(node.name) ?? where })),
  };
}

/** Every tensor that is named exists, and is computed at most once, before it is used. */
function checkIndices(model: TfliteModel, where: Where, file: string): void {
  const good = (index: number): boolean => index >= 0 && index < model.tensorCount;
  for (const index of [...model.inputs, ...model.outputs]) {
    if (good(index)) continue;
    const expected = `an index below ${model.tensorCount}`;
    fail(say.malformedFlatBuffer(where, 'inputs and outputs of the graph', String(index), expected));
  }
  if (model.inputs.length === 0 || model.outputs.length === 0 || model.operators.length === 0) {
    const found = `${model.inputs.length} inputs, ${model.operators.length} operators, ${model.outputs.length} outputs`;
    fail(say.malformedFlatBuffer(where, 'no network in it', found, 'at least one of each'));
  }
  const computed = new Set(model.inputs);
  for (const operator of model.operators) {
    const at = placeOf(operator, file);
    const odd =
      operator.inputs.find((i) => i !== -1 && !good(i)) ?? operator.outputs.find((index) => !good(index));
    if (odd !== undefined) {
      const expected = `an index below ${model.tensorCount}`;
      fail(say.malformedFlatBuffer(at, `a tensor of operator ${operator.index}`, String(odd), expected));
    }
    for (const index of operator.outputs) {
      if (computed.has(index)) {
        fail(say.usedBeforeDefined(at, model.tensor(index).name, 'an input, or computed twice'));
      }
      computed.add(index);
    }
  }
}

function placeOf(operator: TfliteOperator, file: string): Where {
  return { kind: 'node', file, name: `operator ${operator.index}`, op: operator.name.slice(0, 80) };
}

/** The operators that the outputs depend on, in order. */
function liveOperators(model: TfliteModel): readonly TfliteOperator[] {
  const needed = new Set(model.outputs);
  const live = model.operators.toReversed().filter((operator) => {
    if (!operator.outputs.some((index) => needed.has(index))) return false;
    for (const index of operator.inputs) needed.add(index);
    return true;
  });
  return live.reverse();
}

/** One diagnostic for each kind of operator that is not read, with all its places. */
function refuseUnknown(operators: readonly TfliteOperator[], file: string, diagnostics: Diagnostics): void {
  const unknown = new Map<string, TfliteOperator[]>();
  for (const operator of operators) {
    if (!operator.custom && converters.has(operator.name)) continue;
    const list = unknown.get(operator.name);
    if (list) list.push(operator);
    else unknown.set(operator.name, [operator]);
  }
  for (const [name, list] of unknown) {
    const [first] = list;
    if (first === undefined) continue;
    const shown = list.slice(0, 10).map(({ index }) => index);
    const more = list.length > shown.length ? ` and ${list.length - shown.length} more` : '';
    const kind = first.custom ? 'custom operator' : 'operator';
    diagnostics.add(
      say.unknownOperators(placeOf(first, file), name, `${kind} ${shown.join(', ')}${more}`, supported),
    );
  }
}

/** Declares the inputs: integers as they are, floats as what the QUANTIZE behind them makes of them. */
function bindInputs(state: ImportState, live: readonly TfliteOperator[]): void {
  const { model, diagnostics, bounds } = state;
  for (const index of model.inputs) {
    const done = diagnostics.capture(() => {
      const tensor = model.tensor(index);
      const where: Where = { kind: 'node', file: state.file, name: quote(tensor.name), op: 'graph input' };
      if (tensor.dims.length > 1 && tensor.dims[0] !== 1) {
        fail(say.badTfliteShape(where, tensor.name, showShape(tensor.dims), 'a batch (axis 0) of 1'));
      }
      if (!live.some(({ inputs }) => inputs.includes(index))) {
        diagnostics.add(unusedInput(where, tensor.name));
      } else if (tensor.type === 'float32') bindFloatInput(tensor, live, where, state);
      else if (tensor.type === 'int8' || tensor.type === 'uint8') {
        bounds.set(index, declare(tensor, tensor, activationParameters(tensor, where), state));
      } else
        fail(say.notAnActivation(where, tensor.name, tensor.type, 'int8, uint8, or float32 before QUANTIZE'));
      return true;
    });
    if (done === undefined) bounds.set(index, { kind: 'poison' });
  }
}

/** `tensor` is what the hardware takes, `source` the model's input. */
function declare(
  tensor: TfliteTensor,
  source: TfliteTensor,
  parameters: Affine,
  state: ImportState,
): Activation {
  const { scale, zeroPoint } = parameters;
  const value = state.builder.input(
    state.names.unique(source.name, 'input'),
    tensor.type === 'uint8' ? uint(8) : int(8),
    qirShape(tensor.dims),
    { scale, ...(zeroPoint === 0 ? {} : { zeroPoint }), origin: [source.name] },
  );
  return { kind: 'activation', tensor, value, ...parameters };
}

/** A float input is read by QUANTIZE operators of one scale and zero point, which the host carries out. */
function bindFloatInput(
  tensor: TfliteTensor,
  live: readonly TfliteOperator[],
  where: Where,
  state: ImportState,
): void {
  const readers = live.filter((operator) => operator.inputs.includes(tensor.index));
  let input: Activation | undefined;
  for (const reader of readers) {
    const result = reader.outputs[0];
    if (reader.name !== 'QUANTIZE' || result === undefined) {
      fail(
        say.notAnActivation(
          where,
          tensor.name,
          `float32, read by ${reader.name}`,
          'int8, or float32 before QUANTIZE',
        ),
      );
    }
    const own = state.model.tensor(result);
    if (own.type !== 'int8' && own.type !== 'uint8') {
      fail(say.notAnActivation(placeOf(reader, state.file), own.name, own.type, 'int8'));
    }
    const parameters = activationParameters(own, placeOf(reader, state.file));
    if (input === undefined) {
      input = declare(own, tensor, parameters, state);
      const { scale, zeroPoint } = parameters;
      state.diagnostics.add(say.quantizedByHost(where, tensor.name, scale, zeroPoint));
    } else if (input.scale !== parameters.scale || input.zeroPoint !== parameters.zeroPoint) {
      fail(say.boundaryOnly(where, tensor.name, 'a float input that is quantized in two ways'));
    }
    state.bounds.set(result, { ...input, tensor: own });
  }
}

/** Converts one operator; where that fails, what depends on it is left out without further messages. */
function convert(operator: TfliteOperator, state: ImportState): void {
  const { bounds, diagnostics } = state;
  const poisoned = operator.inputs.some((index) => bounds.get(index)?.kind === 'poison');
  // what the host quantizes is bound already
  const bound = operator.outputs.every((index) => bounds.has(index));
  if (bound) return;
  const done = poisoned ? undefined : diagnostics.capture(() => attempt(new Conversion(operator, state)));
  if (done !== undefined) return;
  for (const index of operator.outputs) bounds.set(index, { kind: 'poison' });
}

/** Runs a converter; what the graph builder refuses is told of the operator, not of a call of the builder. */
function attempt(conversion: Conversion): true {
  try {
    converters.get(conversion.operator.name)?.(conversion);
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    const { where } = conversion;
    throw new DiagnosticError(
      error.diagnostics.map((d) => (d.where?.kind === 'option' ? { ...d, where } : d)),
    );
  }
  return true;
}

function giveOutput(index: number, state: ImportState, where: Where): void {
  const { model, builder } = state;
  const tensor = model.tensor(index);
  const bound = state.bounds.get(index);
  if (bound === undefined || bound.kind === 'poison' || model.inputs.includes(index)) {
    return fail(say.usedBeforeDefined(where, tensor.name, 'an output that no operator computes'));
  }
  const from = bound.kind === 'hosted' ? bound.from : bound;
  const { scale, zeroPoint } = from;
  const steps = bound.kind === 'hosted' ? bound.steps : [];
  builder.output(from.value, {
    scale,
    ...(zeroPoint === 0 ? {} : { zeroPoint }),
    origin: [tensor.name],
    host: steps,
  });
}
