import * as z from 'zod';
import type { Diagnostic } from '../diagnostics/index.ts';
import { badUnitParameter } from '../diagnostics/catalog/hw.ts';
import type { HwNode, Param, StreamType } from './graph.ts';
import type { RandomSource } from './unit.ts';

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
export const streamSchema = z
  .object({
    elem: elementSchema,
    elements: z.int().min(1),
    lanes: z.int().min(1),
    rows: z.int().min(1).exactOptional(),
  })
  .refine(({ elements, rows = 1 }) => elements % rows === 0, 'rows do not divide the elements');

/** Holds an instance's parameters against its unit's schema; one diagnostic for each field that does not fit. */
export function checkParams(node: HwNode, schema: z.ZodType): Diagnostic[] {
  const result = schema.safeParse(node.params);
  if (result.success) return [];
  return result.error.issues.map((issue) => badUnitParameter(node, issue.path.join('.'), issue.message));
}

/** The `stream` parameter of units that pass one stream through. */
export function streamParam(node: HwNode): StreamType {
  return node.params['stream'] as unknown as StreamType;
}

/** A random small stream for the conformance suite, often of several rows that end in padded beats. */
export function sampleStream(random: RandomSource): Param {
  const elem = random.pick<Record<string, Param>>([
    { kind: 'bipolar' },
    { kind: 'ternary' },
    { kind: 'uint', bits: 5 },
    { kind: 'int', bits: 9 },
    { kind: 'fixed', bits: 12, frac: 7 },
  ]);
  const stream = { elem, elements: random.integer(1, 30), lanes: random.integer(1, 8) };
  const rows = random.pick([1, 1, 2, 3]);
  return rows === 1 ? stream : { ...stream, elements: rows * stream.elements, rows };
}
