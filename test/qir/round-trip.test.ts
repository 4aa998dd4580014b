import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNumber, printFloat32, printNumber } from '../../compiler/qir/numbers.ts';
import { encodeWeights, parseQir, printQir, sha256 } from '../../compiler/qir/index.ts';
import type { Graph } from '../../compiler/qir/index.ts';
import { anyGraph, anythingOps, withoutPlaces } from './arbitrary.ts';

function printed(graph: Graph): { text: string; bytes: Uint8Array } {
  const bytes = encodeWeights([...graph.consts.values()].filter((c) => c.tensor.data.length > 16));
  return { text: printQir(graph, { weightsFile: 'w.safetensors', sha256: sha256(bytes) }), bytes };
}

describe('printQir and parseQir', () => {
  it('give back the same graph, constants in the weights file', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const { text, bytes } = printed(graph);
        const again = parseQir(text, { file: 'a.qir', readWeights: () => bytes, ops: anythingOps });
        // strict: -0 is not 0, and the kind of typed array counts
        deepStrictEqual(withoutPlaces(again), graph);
        expect(printed(again).text).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('give back the same graph, all constants in the text', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const text = printQir(graph);
        deepStrictEqual(withoutPlaces(parseQir(text, { file: 'a.qir', ops: anythingOps })), graph);
      }),
      { numRuns: 150 },
    );
  });

  it('do not mind line ends of other systems, a byte order mark, remarks and spare spaces', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const lines = printQir(graph).split('\n');
        const text = `\ufeff// first\r\n${lines.map((line) => `\t${line}  // remark`).join('\r\n')}`;
        deepStrictEqual(withoutPlaces(parseQir(text, { file: 'a.qir', ops: anythingOps })), graph);
      }),
      { numRuns: 50 },
    );
  });

  it('remembers where each node stands', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const text = printQir(graph);
        const lines = text.split('\n');
        for (const node of parseQir(text, { file: 'a.qir', ops: anythingOps }).nodes) {
          const { where } = node;
          if (where?.kind !== 'span') throw new Error('no span');
          expect(where.text).toBe(lines[where.line - 1]);
          const marked = where.text?.slice(where.column - 1, where.column - 1 + (where.length ?? 0));
          expect(marked?.startsWith(`%${node.name} = ${node.op}`) && marked.endsWith(']')).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('numbers', () => {
  it('read back as the same double', () => {
    fc.assert(fc.property(fc.double(), (x) => Object.is(parseNumber(printNumber(x)), x)));
  });

  it('read back as the same float32, in at most nine digits', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (x) => {
        const text = printFloat32(x);
        expect(Object.is(Math.fround(parseNumber(text)), x)).toBe(true);
        if (!Number.isInteger(x))
          expect(text.replace(/e.*|[-.]/g, '').replace(/^0+|0+$/g, '').length).toBeLessThanOrEqual(9);
      }),
    );
  });

  it.each([
    [Math.fround(0.1), '0.1'],
    [Math.fround(1 / 3), '0.33333334'],
    [-0, '-0'],
    [2 ** -149, '1e-45'],
    [1e10, '10000000000'],
  ])('%s prints as %s', (value, text) => {
    expect(printFloat32(value)).toBe(text);
  });
});
