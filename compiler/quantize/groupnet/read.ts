import { dirname, join } from 'node:path';
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { readArray } from '../../data/index.ts';
import { groupNetEntry, groupNetNotJson } from '../../diagnostics/catalog/groupnet.ts';
import { fileUnreadable } from '../../diagnostics/catalog/driver.ts';
import { DiagnosticError, fail } from '../../diagnostics/index.ts';
import { excerpt } from '../../diagnostics/wording.ts';
import type { Graph } from '../../qir/graph.ts';
import { buildGroupNet } from './build.ts';
import { groupNetOutputs, paddings, type GroupNet } from './network.ts';

/**
 * The files' schema: a GroupNet (network.ts) whose arrays are lists of numbers, or names of arrays in the file `arrays`.
 */
function schemaOf(numbers: z.ZodType<ArrayLike<number>>) {
  const count = z.int().min(0);
  const shape = z.array(z.int().min(1)).min(1).max(4);
  const norm = z.strictObject({
    gamma: numbers,
    beta: numbers,
    mean: numbers,
    variance: numbers,
    epsilon: z.number().exactOptional(),
  });
  const slide = { stride: count.exactOptional(), pad: count.exactOptional() };
  const base = z.strictObject({
    weights: numbers,
    alpha: numbers.exactOptional(),
    lambda: z.number().exactOptional(),
  });
  const layer = z.strictObject({ shape, bases: z.array(base), ...slide, norm });
  const skip = z.union([z.literal('identity'), z.literal('none'), layer]);
  const block = z.strictObject({ layers: z.array(layer), skip });
  const branch = z.strictObject({ lambda: z.number(), blocks: z.array(block) });
  const activation = z.strictObject({ bits: count, limit: z.number().exactOptional() });
  const scale = z.strictObject({ numerator: z.number().positive(), denominator: z.number().positive() });
  return z.strictObject({
    name: z.string().min(1),
    output: z.enum(groupNetOutputs).exactOptional(),
    arrays: z
      .string()
      .regex(/^[^/\\:]+$/, 'a plain file name expected')
      .exactOptional(),
    input: z.strictObject({ shape, scale: z.union([z.number().positive(), scale]) }),
    activation,
    padding: z.enum(paddings),
    stream: z.strictObject({ bits: count, fraction: count }).exactOptional(),
    first: z.strictObject({
      shape,
      levels: numbers,
      scale: numbers,
      ...slide,
      norm,
      pool: z.strictObject({ kernel: count, stride: count, pad: count }).exactOptional(),
    }),
    groups: z.array(z.strictObject({ branches: z.array(branch) })),
    last: z.strictObject({
      activation,
      shape,
      levels: numbers,
      scale: z.number(),
      bias: numbers.exactOptional(),
    }),
  });
}

/**
 * Reads a trained Group-Net from a JSON file and the `.npz` beside it that it names (docs/groupnet.md).
 *
 * @returns its integer form
 * @throws DiagnosticError QCC3654 if it is no JSON, QCC3655 for every entry that is malformed, those of arrays and of `buildGroupNet`
 */
export async function loadGroupNet(path: string): Promise<Graph> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(error instanceof SyntaxError ? groupNetNotJson(path, reason) : fileUnreadable(path, reason));
  }
  const wanted = new Set<string>();
  const listed = z.union([z.array(z.number()), z.string().min(1)]);
  // first the form alone, so that no array is read for a file that is malformed
  const form = schemaOf(
    listed.transform((array) => (typeof array === 'string' ? (wanted.add(array), []) : array)),
  );
  const { arrays } = checked(form, content, path);
  const known = new Map<string, ArrayLike<number>>();
  for (const name of wanted) {
    if (arrays === undefined)
      throw new DiagnosticError([
        groupNetEntry(path, 'arrays', `the array '${excerpt(name)}' is named, but no file with arrays`),
      ]);
    known.set(
      name,
      Float64Array.from((await readArray(`${join(dirname(path), arrays)}:${name}`)).data, Number),
    );
  }
  const {
    output,
    arrays: _,
    ...net
  } = checked(
    schemaOf(listed.transform((array) => (typeof array === 'string' ? (known.get(array) ?? []) : array))),
    content,
    path,
  );
  return buildGroupNet(net satisfies GroupNet, output === undefined ? {} : { output });
}

function checked<T>(schema: z.ZodType<T>, content: unknown, path: string): T {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new DiagnosticError(
    parsed.error.issues.map((issue) =>
      groupNetEntry(path, excerpt(issue.path.map(String).join('.') || 'the whole'), issue.message),
    ),
  );
}
