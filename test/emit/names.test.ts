import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isVerilogIdentifier,
  maxIdentifierLength,
  safeComment,
  verilogIdentifier,
} from '../../compiler/hw/index.ts';

const hostile = [
  '../../etc/passwd',
  'a"b\nc',
  '$(rm -rf /)',
  '`define',
  'module',
  'Signal',
  'ENDMODULE',
  'x'.repeat(10_000),
  '',
  '9lives',
  '__',
  'Ünïcode',
  '层',
];

describe('verilogIdentifier', () => {
  test.each(hostile)('makes %j legal', (text) => {
    const name = verilogIdentifier(text, new Set());
    expect(isVerilogIdentifier(name)).toBe(true);
    expect(name.length).toBeLessThanOrEqual(maxIdentifierLength);
  });

  test('keeps a legal name', () => {
    expect(verilogIdentifier('MatMul_0', new Set())).toBe('MatMul_0');
  });

  test('tells apart what clashes after escaping, and in case only', () => {
    const taken = new Set<string>();
    expect(['a.b', 'a/b', 'A_B', 'a_b_2'].map((text) => verilogIdentifier(text, taken))).toEqual([
      'a_b',
      'a_b_2',
      'A_B_3',
      'a_b_2_2',
    ]);
  });

  test('law: any sequence of texts gives legal names, unique whatever their case, and the same ones again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.constantFrom(...hostile)), {
          maxLength: 40,
        }),
        (texts) => {
          const make = (): string[] => {
            const taken = new Set<string>();
            return texts.map((text) => verilogIdentifier(text, taken));
          };
          const names = make();
          expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(texts.length);
          for (const name of names) {
            expect(isVerilogIdentifier(name)).toBe(true);
            expect(name.length).toBeLessThanOrEqual(maxIdentifierLength);
          }
          expect(make()).toEqual(names);
        },
      ),
    );
  });
});

describe('safeComment', () => {
  test('law: one line of printable ASCII that neither opens nor closes a comment', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[*/\\`\n v]*$/)), (text) => {
        const safe = safeComment(text);
        expect(safe).toMatch(/^[\x20-\x7e]*$/);
        expect(safe).not.toMatch(/\*\/|\/\*|\/\/|[\\`]/);
        expect(safe.length).toBeLessThanOrEqual(200);
      }),
    );
  });

  test('gives no directive to a tool', () => {
    expect(safeComment('verilator lint_off WIDTH')).toBe("'verilator' lint_off WIDTH");
  });
});
