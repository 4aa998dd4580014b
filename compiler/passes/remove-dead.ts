import { withoutDeadNodes } from './graph-edit.ts';
import type { Pass } from './pass.ts';

/** Drops nodes and constants that no output needs. */
export const removeDead: Pass = {
  name: 'remove-dead',
  doc: 'Drops nodes and constants that no output needs.',
  requires: [],
  establishes: ['no-dead-nodes'],
  run: (graph) => withoutDeadNodes(graph),
};
