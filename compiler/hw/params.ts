import { z } from 'zod';
import type { Diagnostic } from '../diagnostics/index.ts';
import { badUnitParameter } from '../diagnostics/catalog/hw.ts';
import type { HwNode } from './graph.ts';

/** Schema of an element type that a channel can carry. */
export const elementSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('bipolar') }),
  z.object({ kind: z.literal('ternary') }),
  z.object({ kind: z.literal('uint'), bits: z.int().min(1).max(32) }),
  z.object({ kind: z.literal('int'), bits: z.int().min(1).max(32) }),
  z.object({ kind: z.literal('fixed'), bits: z.int().min(1).max(32), frac: z.int() }),
  z.object({ kind: z.literal('pow2'), lo: z.int().min(0), hi: z.int().max(30) }),
]);

/** Schema of a stream type. */
export const streamSchema = z.object({
  elem: elementSchema,
  elements: z.int().min(1),
  lanes: z.int().min(1),
});

/** Holds an instance's parameters against its unit's schema; one diagnostic for each field that does not fit. */
export function checkParams(node: HwNode, schema: z.ZodType): Diagnostic[] {
  const result = schema.safeParse(node.params);
  if (result.success) return [];
  return result.error.issues.map((issue) => badUnitParameter(node, issue.path.join('.'), issue.message));
}
