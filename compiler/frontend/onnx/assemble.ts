import {
  outputNotComputed,
  outputShapeMismatch,
  unusedInput,
} from '../../diagnostics/catalog/frontend-graph.ts';
import { outputIsLevels } from '../../diagnostics/catalog/frontend-inputs.ts';
import type { Diagnostics, Where } from '../../diagnostics/index.ts';
import type { Const, Graph, GraphInput, GraphOutput, Node, Operand } from '../../qir/graph.ts';
import type { Bound, Levels } from './bound.ts';
import { uniform } from './constants.ts';
import type { Emitter } from './emitter.ts';
import { decideInput } from './input-type.ts';
import type { Consumers, InputFacts } from './input-type.ts';
import { declaredOutputDims } from './inputs.ts';
import type { GraphMessage, ValueInfoMessage } from './schema.ts';
import { showShape } from './shapes.ts';

/** What the conversion of the nodes has left. */
export interface Converted {
  readonly name: string;
  readonly graph: GraphMessage;
  readonly bounds: ReadonlyMap<string, Bound>;
  readonly emitter: Emitter;
  readonly facts: readonly InputFacts[];
  /** Whether an input has another shape than the model declares. */
  readonly reshaped: boolean;
  readonly where: Where;
  readonly diagnostics: Diagnostics;
}

/** Puts the graph together: outputs, input types, and only the nodes and constants that the outputs need. */
export function assemble(converted: Converted): Graph {
  const { emitter, facts, diagnostics } = converted;
  const outputs = converted.graph.output
    .map((info) => graphOutput(info, converted))
    .filter((output) => output !== undefined);
  diagnostics.throwIfErrors();

  const live = liveNodes(emitter.nodes, outputs);
  const consumers = consumersOf(live, emitter.consts);
  const results = new Set(outputs.map((output) => output.value));
  const replaced = new Map<string, Operand>();
  const inputs: GraphInput[] = [];
  for (const fact of facts) {
    if (consumers.of(fact.name).length === 0) {
      diagnostics.add(unusedInput(fact.where, fact.declared.name));
      continue;
    }
    const decided = diagnostics.capture(() => decideInput(fact, consumers, diagnostics));
    if (decided === undefined) continue;
    inputs.push(decided.input);
    for (const node of decided.redundant) {
      const [x] = node.operands;
      // A quantizer that is itself the output stays, or nothing would be computed.
      if (x && !results.has(node.name)) replaced.set(node.name, x);
    }
  }
  diagnostics.throwIfErrors();

  const redirect = (operand: Operand): Operand =>
    operand.kind === 'value' ? (replaced.get(operand.name) ?? operand) : operand;
  const nodes = live
    .filter((node) => !replaced.has(node.name))
    .map((node): Node => ({ ...node, operands: node.operands.map(redirect) }));
  const usedConsts = new Set(
    nodes.flatMap((n) => n.operands.filter((o) => o.kind === 'const').map((o) => o.name)),
  );
  const consts = new Map<string, Const>([...emitter.consts].filter(([name]) => usedConsts.has(name)));
  return { name: converted.name, form: 'real', inputs, nodes, outputs, consts, notes: [] };
}

function graphOutput(info: ValueInfoMessage, converted: Converted): GraphOutput | undefined {
  const { bounds, where, diagnostics, facts } = converted;
  const bound = bounds.get(info.name);
  if (bound === undefined || bound.kind === 'poison') return undefined;
  if (bound.kind !== 'value') {
    diagnostics.add(outputNotComputed(where, info.name, 'a constant'));
    return undefined;
  }
  const { operand, dims, layout, content, levels } = bound.value;
  if (facts.some((fact) => fact.name === operand.name)) {
    diagnostics.add(outputNotComputed(where, info.name, 'an input, unchanged'));
    return undefined;
  }
  // Under another input shape the declared shape of the output does not hold.
  const declared = converted.reshaped ? undefined : declaredOutputDims(info);
  const fits =
    declared === undefined ||
    (declared.length === dims.length && declared.every((n, i) => n === undefined || n === dims[i]));
  if (!fits) {
    const expected = `[${declared.map((n) => n ?? '?').join(', ')}]`;
    diagnostics.add(outputShapeMismatch(where, info.name, showShape(dims), expected));
    return undefined;
  }
  const origin = { nodes: [info.name] };
  const order = layout === 'channels-last' ? ({ layout: 'nchw' } as const) : {};
  if (content !== 'levels' || levels === undefined)
    return { value: operand.name, boundary: order, origin, host: [] };
  diagnostics.add(outputIsLevels(where, info.name));
  return {
    value: operand.name,
    boundary: { ...levelBoundary(levels), ...order },
    origin,
    host: levelSteps(levels),
  };
}

/** The boundary of an output that is the levels of one scale and zero point. */
function levelBoundary(levels: Levels): GraphOutput['boundary'] {
  const scale = uniform(levels.scale);
  const zeroPoint = uniform(levels.zeroPoint);
  if (scale === undefined || zeroPoint === undefined) return {};
  return { scale: { numerator: scale, denominator: 1 }, ...(zeroPoint === 0 ? {} : { zeroPoint }) };
}

function levelSteps(levels: Levels): readonly string[] {
  const same = uniform(levels.scale) !== undefined && uniform(levels.zeroPoint) !== undefined;
  return same
    ? []
    : ['Divide each channel by its scale and add its zero point to get the levels of QuantizeLinear.'];
}

/** The nodes that the outputs depend on, in order. */
function liveNodes(nodes: readonly Node[], outputs: readonly GraphOutput[]): readonly Node[] {
  const needed = new Set(outputs.map((output) => output.value));
  const live: Node[] = [];
  for (const node of nodes.toReversed()) {
    if (!needed.has(node.name)) continue;
    live.push(node);
    for (const operand of node.operands) if (operand.kind === 'value') needed.add(operand.name);
  }
  return live.reverse();
}

function consumersOf(nodes: readonly Node[], consts: ReadonlyMap<string, Const>): Consumers {
  const byName = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const operand of node.operands) {
      if (operand.kind !== 'value') continue;
      const list = byName.get(operand.name);
      if (list) list.push(node);
      else byName.set(operand.name, [node]);
    }
  }
  return { of: (name) => byName.get(name) ?? [], consts };
}
