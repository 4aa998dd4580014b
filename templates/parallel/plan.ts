import { beats, rowLength } from '../../compiler/hw/index.ts';
import type { HwNode, LayerRequest, StreamType, UnitDefinition } from '../../compiler/hw/index.ts';
import { elementCount } from '../../compiler/qir/types.ts';
import { unit as depthwise } from '../depthwise/unit.ts';
import { vectorsOf } from '../lib/rows.ts';
import { unit as mvu } from '../mvu/unit.ts';
import { unit as reduce } from '../reduce/unit.ts';
import { unit as unrolled } from '../unrolled/unit.ts';

/** Units that do the same to every row of a frame, and whose parameter `rows` says how many there are. */
export const copied: ReadonlyMap<string, UnitDefinition> = new Map(
  [depthwise, mvu, reduce, unrolled].map((unit) => [unit.name, unit]),
);

/** The parameters of an instance, typed. */
export interface ParallelParams {
  /** Name of the unit of which there are copies. */
  readonly unit: string;
  readonly copies: number;
  /** Its parameters for a whole frame. */
  readonly params: HwNode['params'];
}

/** The parameters of a checked instance. */
export function parallelParams(node: HwNode): ParallelParams {
  return node.params as unknown as ParallelParams;
}

/** The unit of the copies. */
export function unitOf(node: HwNode): UnitDefinition {
  const { unit } = parallelParams(node);
  const found = copied.get(unit);
  if (found === undefined) throw new RangeError(`${node.name}: no copies of unit ${unit}`);
  return found;
}

/** Rows of a frame. */
export function rowsOf(node: HwNode): number {
  return Number(parallelParams(node).params['rows'] ?? 1);
}

/** By the parameters of the whole frame and the copies: what plans of units are kept by. */
const shares = new WeakMap<HwNode['params'], Map<number, HwNode['params']>>();
const nodes = new WeakMap<HwNode, HwNode>();

/** The instance that would do all of a frame by itself. */
export function whole(node: HwNode): HwNode {
  const { unit, params } = parallelParams(node);
  return { ...node, unit, params };
}

/** One of the copies, as an instance of its own unit. */
export function copyOf(node: HwNode): HwNode {
  let copy = nodes.get(node);
  if (copy === undefined) {
    const { unit, copies, params } = parallelParams(node);
    let known = shares.get(params);
    if (known === undefined) shares.set(params, (known = new Map<number, HwNode['params']>()));
    let share = known.get(copies);
    if (share === undefined) known.set(copies, (share = { ...params, rows: rowsOf(node) / copies }));
    nodes.set(node, (copy = { ...node, unit, params: share }));
  }
  return copy;
}

/** Whether every beat of a stream is a whole row. */
export function wholeRows(stream: StreamType): boolean {
  return beats(stream) === (stream.rows ?? 1) && stream.lanes === rowLength(stream);
}

/** The rows of a request and the elements of one, in and out. */
export function rowsIn(
  request: LayerRequest,
): { readonly rows: number; readonly input: number; readonly output: number } | undefined {
  const { input, ops } = request;
  const output = ops.at(-1)?.result.shape.at(-1);
  if (output === undefined) return undefined;
  if (ops[0]?.op === 'matmul') return { rows: vectorsOf(input), input: input.shape.at(-1) ?? 1, output };
  const length = elementCount(input.shape.slice(-2));
  return { rows: elementCount(input.shape) / length, input: length, output };
}
