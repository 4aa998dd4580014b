import { exactInFloat32 } from '../../passes/integerize/exact.ts';
import { boundaryScale } from '../../qir/evaluate.ts';
import type { Graph, Node } from '../../qir/graph.ts';
import { divide, multiply, rationalOf, type Rational } from '../../qir/rational.ts';
import { valueRange } from '../../qir/types.ts';

/** Operations that only move elements, or choose among them: rounding before them is rounding after them. */
export const moving: ReadonlySet<string> = new Set([
  'reshape',
  'transpose',
  'maxpool',
  'slice',
  'pad',
  'upsample',
  'dilate',
  'depth_to_space',
]);

/** The grid of one value: level * scale, zero at level 0. */
export interface Grid {
  readonly scale: number;
  readonly min: number;
  readonly max: number;
}

/** The scale behind a node that multiplies or divides by one number; undefined for any other node. */
function scaled(graph: Graph, node: Node, from: Rational): Rational | undefined {
  const [, by] = node.operands;
  const factor = by?.kind === 'const' ? graph.consts.get(by.name)?.tensor.data : undefined;
  const [number] = factor ?? [];
  if (factor?.length !== 1 || number === undefined || !(number > 0 && Number.isFinite(number)))
    return undefined;
  if (node.op === 'mul') return multiply(from, rationalOf(number));
  return node.op === 'div' ? divide(from, rationalOf(number)) : undefined;
}

/**
 * The grids of values that are an input of the graph times a number, moved or not: integers already, if no multiplication rounds.
 * Inputs that stay float32 numbers are not among them; inputs themselves always are.
 */
export function inputGrids(graph: Graph): ReadonlyMap<string, Grid> {
  const exact = new Map<string, Rational | undefined>();
  const grids = new Map<string, Grid>();
  for (const { name, type, boundary } of graph.inputs) {
    if (type.elem.kind === 'float32') continue;
    const scale = boundaryScale(type.elem, boundary);
    const isPlain = (boundary.offset ?? 0) === 0 && (boundary.zeroPoint ?? 0) === 0;
    exact.set(name, isPlain ? scale : undefined);
    grids.set(name, { scale: Number(scale.numerator) / Number(scale.denominator), ...valueRange(type.elem) });
  }
  for (const node of graph.nodes) {
    const [x] = node.operands;
    const [grid, from] = x?.kind === 'value' ? [grids.get(x.name), exact.get(x.name)] : [];
    if (grid === undefined) continue;
    if (moving.has(node.op) && node.operands.length === 1) {
      grids.set(node.name, grid);
      exact.set(node.name, from);
      continue;
    }
    const scale = from && scaled(graph, node, from);
    const most = Math.max(-grid.min, grid.max);
    if (
      from === undefined ||
      scale === undefined ||
      !exactInFloat32(from, most) ||
      !exactInFloat32(scale, most)
    )
      continue;
    exact.set(node.name, scale);
    grids.set(node.name, { ...grid, scale: Number(scale.numerator) / Number(scale.denominator) });
  }
  return grids;
}
