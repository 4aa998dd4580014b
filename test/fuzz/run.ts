import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { DiagnosticError } from '../../compiler/diagnostics/index.ts';
import type { Compilation } from '../../compiler/driver.ts';
import { loadQir, saveQir } from '../../compiler/qir/index.ts';
import { checkRtl, checkValues, imageSubjectOf, isBeyondUnits, subjectOf } from './check.ts';
import type { Form, Subject } from './check.ts';
import { imageRecipe, type ImageRecipe } from './image-recipe.ts';
import { recipe, type Recipe } from './recipe.ts';

/** Networks that failed once, kept as tests. */
export const fixtureFolder = fileURLToPath(new URL('./fixtures/', import.meta.url));

/** Milliseconds that are spent on making a failing network smaller. */
const shrinkingTime = 240_000;

export interface Round {
  /** The same seed gives the same networks, frames, stalls and resets. */
  readonly seed: number;
  readonly networks: number;
  /** `dense`: layers of neurons, one behind the other; `images`: convolutions, pools, branches and joins. */
  readonly kind: 'dense' | 'images';
  /** Greatest number of neurons of a layer; of images, of channels, and a third of it the greatest side. */
  readonly size: number;
  /** Whether the Verilog runs too. */
  readonly rtl: boolean;
}

export interface RoundResult {
  /** Networks that went through, and those that have no integer form or a table beyond the hardware's limit. */
  readonly passed: number;
  readonly refused: number;
  /** How often each operation stood in the sources, and each unit in the designs, of those that went through. */
  readonly used: ReadonlyMap<string, number>;
}

type Draw =
  | { readonly kind: 'dense'; readonly form: Form; readonly recipe: Recipe }
  | { readonly kind: 'images'; readonly form: Form; readonly recipe: ImageRecipe };

const form = fc.constantFrom<Form[]>('integer', 'real');

function draw({ kind, size }: Round): fc.Arbitrary<Draw> {
  if (kind === 'dense') return fc.record({ kind: fc.constant(kind), form, recipe: recipe(size) });
  const images = imageRecipe(Math.ceil(size / 3), Math.ceil(size / 2));
  return fc.record({ kind: fc.constant(kind), form, recipe: images });
}

const toSubject = (drawn: Draw): Subject | null =>
  drawn.kind === 'dense' ? subjectOf(drawn.form, drawn.recipe) : imageSubjectOf(drawn.form, drawn.recipe);

/** The compilation of a drawn network, all its levels equal; null if it is refused. */
function compiled(drawn: Draw): { subject: Subject; compilation: Compilation } | null {
  const subject = toSubject(drawn);
  if (subject === null) return null;
  try {
    return { subject, compilation: checkValues(subject) };
  } catch (error) {
    if (isBeyondUnits(error)) return null;
    throw error;
  }
}

/** Writes a failing network with its foldings into the fixtures; returns the file. */
export function saveFixture(subject: Subject, folder: string = fixtureFolder): string {
  const { pace } = subject;
  const notes = {
    seed: subject.seed,
    ...(pace !== undefined && { pace }),
    foldings: Object.fromEntries(subject.foldings),
  };
  const text = `${JSON.stringify(notes, null, 2)}\n`;
  const digest = createHash('sha256')
    .update(text)
    .update(JSON.stringify([...subject.graph.nodes.map(({ op, type }) => [op, type])]))
    .digest('hex')
    .slice(0, 10);
  mkdirSync(folder, { recursive: true });
  const path = `${folder}${subject.graph.form}-${digest}`;
  saveQir(subject.graph, `${path}.qir`);
  writeFileSync(`${path}.json`, text);
  return `${path}.qir`;
}

/** The fixtures by name. */
export function loadFixtures(folder: string = fixtureFolder): ReadonlyMap<string, Subject> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.qir'));
  return new Map(
    names.sort().map((name) => {
      const notes = JSON.parse(readFileSync(`${folder}${name.replace(/qir$/, 'json')}`, 'utf8')) as {
        seed: number;
        pace?: number;
        foldings: Record<string, NonNullable<ReturnType<Subject['foldings']['get']>>>;
      };
      const foldings = new Map(Object.entries(notes.foldings));
      const { seed, pace } = notes;
      const graph = loadQir(`${folder}${name}`);
      return [name, { graph, foldings, seed, ...(pace !== undefined && { pace }) }];
    }),
  );
}

function message(error: unknown): string {
  if (error instanceof DiagnosticError)
    return error.diagnostics
      .map((d) => `${d.code} ${d.message}: ${d.found ?? ''} (${d.expected ?? ''})`)
      .join('\n');
  return error instanceof Error ? error.message : String(error);
}

/** Ends a round: keeps the smallest failing network and says how to see it again. */
function give(up: Draw, round: Round, error: unknown): never {
  let where = 'the network cannot be built at all';
  try {
    const subject = toSubject(up);
    if (subject !== null) where = saveFixture(subject);
  } catch (second) {
    where += `: ${message(second)}`;
  }
  throw new Error(`seed ${round.seed}: ${message(error)}\nkept: ${where}\n${JSON.stringify(up)}`, {
    cause: error,
  });
}

/**
 * Draws networks and takes them through all engines. A failing one is made smaller and written to the fixtures.
 *
 * @throws Error that names the seed, the difference and the fixture
 */
export async function fuzzRound(round: Round): Promise<RoundResult> {
  const passed: { readonly index: number; readonly compilation: Compilation; readonly seed: number }[] = [];
  const arbitrary = draw(round);
  const limits = { seed: round.seed, interruptAfterTimeLimit: shrinkingTime };
  let index = 0;
  const values = fc.check(
    fc.property(arbitrary, (one) => {
      const found = compiled(one);
      if (found !== null) passed.push({ index, compilation: found.compilation, seed: found.subject.seed });
      index++;
    }),
    { ...limits, numRuns: round.networks },
  );
  const [smaller] = values.counterexample ?? [];
  if (smaller !== undefined) give(smaller, round, values.errorInstance);
  const used = new Map<string, number>();
  for (const { compilation } of passed) {
    const { source, hw } = compilation;
    for (const what of [...source.nodes.map(({ op }) => op), ...hw.nodes.map(({ unit }) => unit)])
      used.set(what, (used.get(what) ?? 0) + 1);
  }
  const result = { passed: passed.length, refused: round.networks - passed.length, used };
  if (!round.rtl || passed.length === 0) return result;
  try {
    await checkRtl(passed.map(({ compilation, seed }) => [compilation, seed]));
    return result;
  } catch (error) {
    // one by one, to find the culprit and to make it smaller
    const alone = fc.asyncProperty(arbitrary, async (one) => {
      const found = compiled(one);
      if (found !== null) await checkRtl([[found.compilation, found.subject.seed]]);
    });
    for (const { index: at } of passed) {
      const single = await fc.check(alone, { ...limits, path: String(at), numRuns: 1 });
      const [culprit] = single.counterexample ?? [];
      if (culprit !== undefined) give(culprit, round, single.errorInstance);
    }
    throw new Error(`seed ${round.seed}: only the networks together fail: ${message(error)}`, {
      cause: error,
    });
  }
}
