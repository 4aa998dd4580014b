import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { printable, renderDiagnostic, renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import { nearest } from '../../compiler/diagnostics/suggest.ts';

const span: Diagnostic = {
  code: 'QCC1003',
  severity: 'error',
  message: 'this is no operation',
  where: {
    kind: 'span',
    file: 'tfc.qir',
    line: 12,
    column: 9,
    text: '  %x1 = matml %x0, @w : int8[3]',
    length: 5,
  },
  found: "'matml'",
  expected: 'an operation',
  help: "did you mean 'matmul'?",
};
const node: Diagnostic = {
  code: 'QCC2104',
  severity: 'warning',
  message:
    'a message so long that it does not fit the width of the terminal and goes on in the line after the first one, indented',
  where: { kind: 'node', file: 'model.onnx', name: 'Conv_3', op: 'Conv' },
  help: 'advice that is just as long, so that it does not fit either and is continued below the place where it started',
  related: [{ where: { kind: 'unit', instance: 'fc1', unit: 'mvu' }, message: 'the other end' }],
};

test('plain', async () => {
  const text = renderDiagnostics([span, node, { code: 'QCC0001', severity: 'note', message: 'by the way' }], {
    color: false,
  });
  await expect(text).toMatchFileSnapshot('../golden/cli/render-plain.txt');
});

test('coloured: the same text but for the escapes', () => {
  const colored = renderDiagnostics([span, node], { color: true });
  expect(colored).toContain('\u001b[31m');
  // oxlint-disable-next-line no-control-regex
  expect(colored.replaceAll(/\u001b\[\d+m/g, '')).toBe(renderDiagnostics([span, node], { color: false }));
});

test('the caret stands under the place, wherever it is in however long a line', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 0, max: 3000 }), (column, after) => {
      const text = `${'.'.repeat(column - 1)}X${'.'.repeat(after)}`;
      const drawn = renderDiagnostic(
        { ...span, where: { kind: 'span', file: 'f', line: 7, column, text } },
        { color: false },
      );
      const lines = drawn.split('\n');
      const source = lines.find((line) => line.startsWith('7 |')) ?? '';
      const caret = lines.find((line) => line.includes('^')) ?? '';
      expect(source[caret.indexOf('^')]).toBe('X');
      expect(source.length).toBeLessThan(110);
    }),
  );
});

test('nothing out of a model reaches the terminal as a control sequence', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (name) => {
      const hostile = `\u001b[2J\u0007\u202e${name}`;
      const drawn = renderDiagnostic(
        {
          ...node,
          message: hostile,
          found: hostile,
          help: hostile,
          where: { kind: 'node', name: hostile, op: hostile },
        },
        { color: false },
      );
      // oxlint-disable-next-line no-control-regex
      expect(drawn).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }),
  );
  expect(printable('x'.repeat(10_000)).length).toBeLessThan(500);
});

test('the nearest name', () => {
  expect(nearest('matml', ['matmul', 'mul', 'threshold'])).toBe('matmul');
  expect(nearest('Pixels', ['labels', 'pixels'])).toBe('pixels');
  expect(nearest('frobnicate', ['matmul', 'mul'])).toBeUndefined();
});
