import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { createRenderer } from '../../compiler/emit/index.ts';
import type { TemplateView } from '../../compiler/hw/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'qcc-render-'));
afterAll(() => rmSync(folder, { recursive: true }));
const render = createRenderer([pathToFileURL(`${folder}/`)]);
let count = 0;

function text(template: string, view: TemplateView): string {
  const name = `t${count++}.njk`;
  writeFileSync(join(folder, name), template);
  return render(name, view);
}

describe('templates', () => {
  test('print plain values, nested ones, lists and macros', () => {
    const view = { name: 'a<b', ports: [{ msb: 3 }, { msb: 0 }], on: false, word: { digits: [1, 2] } };
    const template =
      '{% macro two(x) %}{{ x }}{{ x }}{% endmacro %}{{ name }}{% for p in ports %} {{ loop.index0 }}:{{ p.msb }}{% endfor %}' +
      '{% if on %} on{% else %} off{% endif %} {{ word.digits.join("+") }} {{ word.digits | length }} {{ two(name) }}';
    expect(text(template, view)).toBe('a<b 0:3 1:0 off 1+2 2 a<ba<b');
  });

  test.each([
    ['printed', '{{ nam }}'],
    ['tested', '{% if nam %}a{% else %}b{% endif %}'],
    ['looped over', '{% for x in nam %}a{% endfor %}'],
    ['deep and printed', '{{ inner.wdith }}'],
    ['deep and tested', '{% if inner.wdith %}a{% endif %}'],
    ['deep and looped over', '{% for x in inner.wdith %}a{% endfor %}'],
    ['in a list', '{% for p in list %}{{ p.lsb }}{% endfor %}'],
    ['behind a list', '{% if list[2] %}a{% endif %}'],
    ['in arithmetic', '{{ inner.wdith + 1 }}'],
    ['in a comparison', '{% if nam == 3 %}a{% endif %}'],
  ])('refuse a misspelt field, %s', (_, template) => {
    expect(() => text(template, { name: 1, inner: { width: 2 }, list: [{ msb: 1 }] })).toThrow(
      /does not have/,
    );
  });

  test.each([
    ['NaN', Number.NaN],
    ['undefined', undefined],
    ['Infinity', Infinity],
    ['a function', () => 1],
  ])('refuse a view with %s in it', (_, value) => {
    expect(() => text('constant', { a: [{ b: value }] })).toThrow(/template field a\[0\]\.b/);
  });

  test('refuse to print null and whole objects', () => {
    expect(() => text('{{ a }}', { a: null })).toThrow();
    expect(() => text('{{ a }}', { a: { b: 1 } })).toThrow();
  });
});
