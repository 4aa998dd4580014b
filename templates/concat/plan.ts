import type { ElementType } from '../../compiler/qir/types.ts';
import { elementCount } from '../../compiler/qir/types.ts';
import type { HwNode, LayerRequest, StreamType } from '../../compiler/hw/index.ts';
import { repeated, rowCount } from '../lib/rows.ts';

/** One input: its element type and how many of its elements stand in each row of the result. */
export interface Part {
  readonly elem: ElementType;
  readonly elements: number;
}

/** The parameters of an instance, typed. */
export interface ConcatParams {
  readonly inputs: readonly Part[];
  readonly lanes: number;
  readonly y: ElementType;
  readonly rows?: number;
}

/** The parameters of a checked instance. */
export function concatParams(node: HwNode): ConcatParams {
  return node.params as unknown as ConcatParams;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The most elements of which all inputs' shares are multiples: every lane count divides it. */
export function commonShare(parts: readonly Pick<Part, 'elements'>[]): number {
  return parts.reduce((common, { elements }) => greatestCommonDivisor(elements, common), 0);
}

/**
 * What each input gives to a row, and the rows: along the axis, everything before it is repeated and everything after it stays
 * together, so that a concatenation along the first axis is one row.
 */
export function partsOf(request: LayerRequest): { readonly rows: number; readonly parts: readonly Part[] } {
  const { shape } = request.input;
  const given = request.ops[0]?.attributes['axis'];
  const axis = typeof given === 'number' ? given : shape.length - 1;
  return {
    rows: elementCount(shape.slice(0, axis)),
    parts: request.inputs.map((input) => ({
      elem: input.elem,
      elements: elementCount(input.shape.slice(axis)),
    })),
  };
}

/** Beats of a row from each input. */
export function shares(node: HwNode): readonly number[] {
  const { inputs, lanes } = concatParams(node);
  return inputs.map(({ elements }) => elements / lanes);
}

/** Beats of a row. */
export function rowBeats(node: HwNode): number {
  return shares(node).reduce((a, b) => a + b, 0);
}

/** The streams of all inputs and of the output. */
export function streamsOf(node: HwNode): {
  readonly inputs: readonly StreamType[];
  readonly output: StreamType;
} {
  const { inputs, lanes, y } = concatParams(node);
  const rows = rowCount(node);
  const elements = inputs.reduce((sum, part) => sum + part.elements, 0);
  return {
    inputs: inputs.map((part) => repeated({ elem: part.elem, elements: part.elements, lanes }, rows)),
    output: repeated({ elem: y, elements, lanes }, rows),
  };
}
