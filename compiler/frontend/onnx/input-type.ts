import {
  inputQuantizedByHost,
  inputTypeAssumed,
  inputTypeConflict,
} from '../../diagnostics/catalog/frontend-inputs.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Diagnostics, Where } from '../../diagnostics/index.ts';
import type { Const, GraphInput, Node } from '../../qir/graph.ts';
import {
  bipolar,
  fitInteger,
  float32,
  int,
  printElement,
  ternary,
  uint,
  valueRange,
} from '../../qir/types.ts';
import type { ElementType } from '../../qir/types.ts';
import { elements, isFloat } from './elements.ts';
import { finnElementType, parseInputType } from './input-type-text.ts';
import type { InputType } from './input-type-text.ts';
import type { DeclaredInput } from './inputs.ts';
import { placedShape } from './placed.ts';
import type { Layout } from './placed.ts';

/** What is known about one graph input when its type is decided. */
export interface InputFacts {
  readonly declared: DeclaredInput;
  /** Identifier of the input in QIR. */
  readonly name: string;
  /** How the input stands in QIR. */
  readonly layout: Layout;
  /** The `--input-type` text, if given. */
  readonly option?: string;
  /** The finn_datatype annotation, if there is one. */
  readonly annotation?: string;
  readonly where: Where;
}

/** A decided input, and the quantizers that became the identity by it. */
export interface DecidedInput {
  readonly input: GraphInput;
  readonly redundant: readonly Node[];
}

/** The emitted nodes, indexed by what they read. */
export interface Consumers {
  readonly of: (name: string) => readonly Node[];
  readonly consts: ReadonlyMap<string, Const>;
}

const onlyMoves = new Set(['reshape', 'transpose']);
const elementwise = new Set([
  'reshape',
  'transpose',
  'add',
  'sub',
  'mul',
  'div',
  'clip',
  'relu',
  'batchnorm',
]);
const quantizers = new Set(['quant', 'bipolar_quant', 'multithreshold']);

/** The nodes at which every path from `name` through `passing` ops ends; undefined if one ends in an op not in `last`. */
function pathEnds(
  name: string,
  passing: ReadonlySet<string>,
  last: ReadonlySet<string>,
  consumers: Consumers,
): readonly Node[] | undefined {
  const ends = new Set<Node>();
  const seen = new Set<string>();
  const open = [name];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const node of consumers.of(at)) {
      if (last.has(node.op)) ends.add(node);
      else if (!passing.has(node.op)) return undefined;
      else if (!seen.has(node.name)) {
        seen.add(node.name);
        open.push(node.name);
      }
    }
  }
  return ends.size === 0 ? undefined : [...ends];
}

/** The single number a constant operand holds. */
function single(node: Node, index: number, consts: ReadonlyMap<string, Const>): number | undefined {
  const operand = node.operands[index];
  const data = operand?.kind === 'const' ? consts.get(operand.name)?.tensor.data : undefined;
  return data?.length === 1 ? data[0] : undefined;
}

interface LevelType extends InputType {
  /** Whether the element type has exactly the quantizer's levels, so that quantizing again changes nothing. */
  readonly exact: boolean;
}

/** What a quantizer with one scale makes of its input. */
function levelType(node: Node, consts: ReadonlyMap<string, Const>): LevelType | undefined {
  const scale = single(node, 1, consts);
  if (scale === undefined) return undefined;
  const boundary = scale === 1 ? {} : { scale: { numerator: scale, denominator: 1 } };
  if (node.op === 'bipolar_quant') return { elem: bipolar, boundary, exact: true };
  if (node.op !== 'quant') return undefined;
  const zeroPoint = single(node, 2, consts);
  const { min, max } = node.attributes;
  if (zeroPoint === undefined || typeof min !== 'number' || typeof max !== 'number') return undefined;
  // The host rounds real / scale + zero point half to even. A quantizer that does otherwise stays in the graph; an even zero point
  // can be added before or after rounding.
  const plain = node.attributes['zero_point_first'] === true || zeroPoint % 2 === 0;
  if (node.attributes['rounding'] !== 'HALF_EVEN' || !plain) return undefined;
  const elem = min === -1 && max === 1 ? ternary : fitInteger(min, max);
  const range = valueRange(elem);
  // Up to 2^22 the division by the scale cannot lose a level: its relative error is below 2^-23.
  const small = Math.max(Math.abs(min - zeroPoint), Math.abs(max - zeroPoint)) <= 2 ** 22;
  return {
    elem,
    boundary: zeroPoint === 0 ? boundary : { ...boundary, zeroPoint },
    exact: range.min === min && range.max === max && small,
  };
}

/** The quantizers that the input feeds through changes of shape only, if they all agree. */
function hostQuantizer(
  name: string,
  consumers: Consumers,
): { readonly type: LevelType; readonly nodes: readonly Node[] } | undefined {
  const nodes = pathEnds(name, onlyMoves, quantizers, consumers);
  const types = nodes?.map((node) => levelType(node, consumers.consts));
  const first = types?.[0];
  if (nodes === undefined || first === undefined) return undefined;
  const agree = types?.every((t) => t !== undefined && JSON.stringify(t) === JSON.stringify(first)) ?? false;
  return agree ? { type: first, nodes } : undefined;
}

/** Whether the ONNX shape is one image in channels-first order. */
function looksLikeImage(dims: readonly number[]): boolean {
  const [batch, channels, height = 0, width = 0] = dims;
  return dims.length === 4 && batch === 1 && [1, 3, 4].includes(channels ?? 0) && height > 1 && width > 1;
}

/** The QIR type of an integer element type of ONNX. */
function integerElement(facts: InputFacts): ElementType | undefined {
  const { elem } = facts.declared;
  if (isFloat(elem)) return undefined;
  if (elem === 'bool') return uint(1);
  const { bits, range } = elements[elem];
  return range !== undefined && range.min < 0 ? int(bits) : uint(bits);
}

/** The option's type, checked against an integer input of the model, which could not hold other values. */
function fromOption(facts: InputFacts, text: string, declared: ElementType | undefined): InputType {
  const chosen = parseInputType(text);
  if (declared === undefined) return chosen;
  const [inner, outer] = [valueRange(chosen.elem), valueRange(declared)];
  const { boundary } = chosen;
  const scaled =
    chosen.elem.kind === 'fixed' || boundary.scale !== undefined || boundary.zeroPoint !== undefined;
  if (scaled || inner.min < outer.min || inner.max > outer.max) {
    fail(
      inputTypeConflict(
        text,
        facts.declared.name,
        text,
        `integers of ${printElement(declared)}, without scale or zero point`,
      ),
    );
  }
  return chosen;
}

/**
 * Decides what travels at a graph input. In order: the option; an integer type of the model; a FINN annotation; a quantizer as the
 * first operation (then the host applies it); 8-bit pixels for a float image that reaches a quantizer elementwise; else float32,
 * which `integerize` refuses with a hint to `--input-type`.
 */
export function decideInput(facts: InputFacts, consumers: Consumers, diagnostics: Diagnostics): DecidedInput {
  const { name, declared, where, layout } = facts;
  const shape = placedShape({ dims: declared.dims, layout });
  const order = layout === 'channels-last' ? ({ layout: 'nchw' } as const) : {};
  const origin = { nodes: [declared.name] };
  const decided = (type: InputType, redundant: readonly Node[] = []): DecidedInput => ({
    input: { name, type: { elem: type.elem, shape }, boundary: { ...type.boundary, ...order }, origin },
    redundant,
  });

  const integer = integerElement(facts);
  if (facts.option !== undefined) return decided(fromOption(facts, facts.option, integer));
  if (integer) return decided({ elem: integer, boundary: {} });
  const annotated = facts.annotation === undefined ? undefined : finnElementType(facts.annotation);
  if (annotated) return decided({ elem: annotated, boundary: {} });
  const host = hostQuantizer(name, consumers);
  if (host) {
    const { elem, boundary, exact } = host.type;
    const scale = boundary.scale === undefined ? '' : ` * ${boundary.scale.numerator}`;
    const zero = boundary.zeroPoint === undefined ? '' : `, zero point ${boundary.zeroPoint}`;
    diagnostics.add(inputQuantizedByHost(where, declared.name, `${printElement(elem)}${scale}${zero}`));
    return decided({ elem, boundary }, exact ? host.nodes : []);
  }
  if (looksLikeImage(declared.dims) && pathEnds(name, elementwise, quantizers, consumers)) {
    diagnostics.add(inputTypeAssumed(where, declared.name, 'uint8*1/255'));
    return decided({ elem: uint(8), boundary: { scale: { numerator: 1, denominator: 255 } } });
  }
  return decided({ elem: float32, boundary: {} });
}
