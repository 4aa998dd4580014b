import { describe, expect, test } from 'vitest';
import { parseFolding } from '../../compiler/commands/folding.ts';
import { DiagnosticError } from '../../compiler/diagnostics/index.ts';
import type { GivenFolding } from '../../compiler/lower/plan.ts';
import { createRandom } from '../../compiler/random.ts';
import { printHw } from '../../compiler/hw/index.ts';
import { binaryMlp, compile, problems, randomDag } from './nets.ts';

function refusal(text: string): readonly string[] {
  try {
    parseFolding(text, 'f.json');
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.map(({ code, found }) => `${code} ${found}`);
  }
  return [];
}

describe('a folding file', () => {
  test('is read', () => {
    const text =
      '{"a": {"unit": "mvu", "pe": 4, "fork": {"lanes": 4, "rows": 2}}, "b": {"lanes": 3}, "c": {"style": "unrolled"}}';
    expect([...parseFolding(text, 'f.json')]).toEqual([
      ['a', { unit: 'mvu', pe: 4, fork: { lanes: 4, rows: 2 } }],
      ['b', { lanes: 3 }],
      ['c', { style: 'unrolled' }],
    ]);
  });

  test.each([
    ['{"a": {"pe": 4}, "a": {"pe": 8}}', ['QCC6200 "a" for the second time']],
    ['{"a": {"pe": 4, "p\\u0065": 8}}', ['QCC6200 "pe" for the second time']],
    ['{"a": {"__proto__": {"pe": 4}}}', ['QCC6201 "__proto__"']],
    ['{"a": {"constructor": 4}}', ['QCC6201 "constructor"']],
    ['{"a": {"pe": 4, "style": "unrolled", "order": "input"}}', ['QCC6201 "pe", "order"']],
    ['{"a": {"unit": "sparse", "style": "unrolled", "variant": "packed"}}', ['QCC6201 "variant"']],
    ['{"a": {"variant": 2}}', ['QCC6201 2']],
    ['{"a": {"pe": 0}, "b": {"simd": 1.5}}', ['QCC6201 0', 'QCC6201 1.5']],
    ['{"a": {"pe": "4"}}', ['QCC6201 "4"']],
    ['{"a": {"fork": {"rows": 4}}}', ['QCC6201 {"rows":4}']],
    ['{"a": {"fork": 4}}', ['QCC6201 4']],
    ['{"a": 4}', ['QCC6201 4']],
    ['{"a": null}', ['QCC6201 null']],
    ['[]', ['QCC6200 []']],
    ['null', ['QCC6200 null']],
  ])('%s is refused', (text, expected) => expect(refusal(text)).toEqual(expected));

  test('a key inside a text, and the same key in different entries, are no repetition', () => {
    expect(refusal('{"a": {"unit": "x\\": {"}, "b\\"": {"pe": 1}, "c": {"pe": 1}}')).toEqual([]);
  });
});

describe('names of a folding file', () => {
  const net = binaryMlp([40, 24, 10]);
  const refused = (given: Record<string, GivenFolding>): readonly string[] =>
    problems(net, { folding: new Map(Object.entries(given)) });

  test.each<[string, Record<string, GivenFolding>, RegExp]>([
    ['an unknown name', { nonsense: { pe: 1 } }, /^QCC4105 /],
    ['a layer by two of its names', { fc0: { pe: 1 }, act0: { pe: 2 } }, /^QCC4111 .* layer act0/],
    ['lanes of a layer', { act0: { lanes: 1 } }, /^QCC4107 /],
    ['pe of an input', { x: { pe: 1 } }, /^QCC4107 /],
    ['more lanes than elements', { x: { lanes: 41 } }, /^QCC4107 /],
    ['a fork of what one layer reads', { act0: { fork: { lanes: 1 } } }, /^QCC4107 /],
    ['a variant of a unit that has none', { act0: { unit: 'mvu', variant: 'packed' } }, /^QCC4107 /],
    ['a variant of an input', { x: { variant: 'packed' } }, /^QCC4107 /],
    ['a unit that there is not', { act0: { unit: 'gather' } }, /^QCC4107 /],
    ['__proto__', JSON.parse('{"__proto__": {"pe": 1}}') as Record<string, GivenFolding>, /^QCC4105 /],
  ])('%s is refused', (_, given, expected) => expect(refused(given)[0]).toMatch(expected));
});

describe('the folding of a design, given again,', () => {
  // rates, budgets and styles that lead to other designs than the default
  test.each(Array.from({ length: 24 }, (_, i) => i + 1))('makes the same design: %i', (seed) => {
    const random = createRandom(seed);
    const net = randomDag(random, { layers: random.integer(2, 6), width: random.integer(2, 13) });
    const fps = 2e8 / random.integer(13, 400);
    const options = random.pick([{}, { fps }, { fps, style: 'folded' as const }, { budget: { lut: 3000 } }]);
    const first = compile(net, options);
    // through text, as a file has it
    const text = JSON.stringify(Object.fromEntries(first.folding));
    const again = compile(net, { folding: parseFolding(text, 'f.json') });
    expect(printHw(again.hw)).toBe(printHw(first.hw));
    expect(again.folding).toEqual(first.folding);
  });

  test('an edited entry changes that layer alone', () => {
    const net = binaryMlp([40, 24, 10]);
    const first = compile(net);
    const edited = new Map([...first.folding, ['act0', { pe: 1, simd: 1 }]]);
    const again = compile(net, { folding: edited });
    const [before, after] = [first, again].map(({ plan }) => new Map(plan.map((row) => [row.instance, row])));
    expect(after?.get('act0')?.folding).toMatchObject({ pe: 1, simd: 1 });
    expect(after?.get('act0')?.timing.initiationInterval).toBe(40 * 24);
    expect(after?.get('fc1')?.folding).toEqual(before?.get('fc1')?.folding);
  });
});
