import { inputShapeConflict } from '../../diagnostics/catalog/frontend-convolution.ts';
import { fail } from '../../diagnostics/index.ts';
import type { InputShape } from './input-shape.ts';
import { findConverter } from './nodes/registry.ts';
import type { GraphMessage } from './schema.ts';
import type { GraphNode } from './structure.ts';

/**
 * Whether a value reaches a node that works on images (a convolution, a pooling) through nodes that leave the layout alone: then it
 * is worth having channels last from the beginning.
 */
export function usedAsImage(name: string, nodes: readonly GraphNode[]): boolean {
  const reached = new Set([name]);
  for (const node of nodes) {
    if (!node.inputs.some((input) => reached.has(input))) continue;
    const takes = findConverter(node.domain, node.opType)?.layout ?? 'source';
    if (takes === 'image' && reached.has(node.inputs[0] ?? '')) return true;
    if (takes === 'any') for (const output of node.outputs) reached.add(output);
  }
  return false;
}

/** The shapes that the user chose, by the name of the graph input. */
export function chosenShapes(
  shapes: readonly InputShape[] | undefined,
  graph: GraphMessage,
  inputs: ReadonlySet<string>,
  file: string,
): ReadonlyMap<string, readonly number[]> {
  const names = graph.input.map((info) => info.name).filter((name) => inputs.has(name));
  const chosen = new Map<string, readonly number[]>();
  for (const { name, dims } of shapes ?? []) {
    const [only] = names;
    const target = name ?? (names.length === 1 ? only : undefined);
    if (target === undefined || !names.includes(target)) {
      const where = { kind: 'file', file } as const;
      const found =
        name === undefined ? `${names.length} inputs, and a shape without a name` : 'no such graph input';
      fail(
        inputShapeConflict(where, name ?? '', found, `one of ${names.slice(0, 20).join(', ').slice(0, 400)}`),
      );
    }
    chosen.set(target, dims);
  }
  return chosen;
}
