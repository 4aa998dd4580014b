import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emitRtl } from '../../compiler/emit/index.ts';
import { designPorts, freeze } from '../../compiler/hw/index.ts';
import type { Channel, HwConst, HwGraph, HwNode } from '../../compiler/hw/index.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import type { VerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { randomFrames, randomSource, sameRun } from '../conformance/bench.ts';

const random = randomSource(20);
const bipolar: ElementType = { kind: 'bipolar' };

/** An XNOR unit of this size and folding: with thresholds (and some of them flipped), or giving its sums. */
function xnorUnit(
  index: number,
  [inputs, outputs, pe, simd]: readonly [number, number, number, number],
  order: 'output' | 'input',
  thresholded: boolean,
): HwNode {
  const data = (count: number, of: () => number): Int32Array => Int32Array.from({ length: count }, of);
  const consts: Record<string, HwConst> = {
    weights: {
      elem: bipolar,
      shape: [outputs, inputs],
      data: data(inputs * outputs, () => random.pick([-1, 1])),
    },
  };
  if (thresholded) {
    const t = data(outputs, () => random.integer(-Math.ceil(inputs / 3), Math.ceil(inputs / 3)));
    consts['thresholds'] = { elem: { kind: 'int', bits: 12 }, shape: [outputs, 1], data: t };
    consts['flip'] = {
      elem: { kind: 'uint', bits: 1 },
      shape: [outputs],
      data: data(outputs, () => random.integer(0, 1)),
    };
  }
  const y = thresholded ? bipolar : { kind: 'int' as const, bits: 12 };
  const params = {
    inputs,
    outputs,
    pe,
    simd,
    order,
    x: { ...bipolar },
    y: { ...y },
    base: thresholded ? -1 : 0,
  };
  return { name: `i${index}`, unit: 'mvu', params, consts, origin: { nodes: [] }, value: '' };
}

function design(nodes: readonly HwNode[]): HwGraph {
  const channels = nodes.flatMap((node) =>
    (units.get('mvu')?.ports(node) ?? []).map((port): Channel => {
      const outer = { node: '', port: `${node.name}_${port.name}` };
      const inner = { node: node.name, port: port.name };
      const [from, to] = port.direction === 'in' ? [outer, inner] : [inner, outer];
      return { name: outer.port, stream: port.stream, from, to };
    }),
  );
  return freeze({ name: 'amd', nodes, channels, clockMhz: 200 });
}

/** The two cells that the form is made of, out of Yosys' own models of the vendor's library. */
function cellModels(): string {
  const yosys = realpathSync(execFileSync('sh', ['-c', 'command -v yosys'], { encoding: 'utf8' }).trim());
  const library = readFileSync(join(dirname(yosys), '..', 'share', 'yosys', 'xilinx', 'cells_sim.v'), 'utf8');
  return ['LUT6_2', 'CARRY8']
    .map((cell) => {
      const found = new RegExp(`^module ${cell}\\b[\\s\\S]*?^endmodule`, 'm').exec(library);
      if (found === null) throw new Error(`Yosys has no model of ${cell}`);
      return `/* verilator lint_off DECLFILENAME */\n/* verilator lint_off UNOPTFLAT */\n${found[0]}`;
    })
    .join('\n');
}

// steps of 2 to 64, foldings that do not divide, every place that a running sum can live in
const shapes: Parameters<typeof xnorUnit>[] = [
  [0, [30, 12, 4, 30], 'output', true],
  [1, [30, 10, 4, 7], 'output', true],
  [2, [41, 9, 9, 6], 'input', true],
  [3, [24, 12, 3, 8], 'input', true],
  [4, [33, 7, 7, 9], 'output', false],
  [5, [20, 13, 5, 20], 'output', false],
  [6, [19, 8, 3, 5], 'input', false],
  [7, [50, 17, 2, 13], 'output', true],
  [8, [16, 5, 5, 16], 'output', true],
  [9, [40, 20, 5, 8], 'input', true],
  [10, [28, 11, 3, 5], 'output', false],
];

describe('the AMD form of the matrix-vector unit, on the cell models of Yosys', () => {
  const hw = design(shapes.map((shape) => xnorUnit(...shape)));
  const engine = createEngine(hw, units);
  let runner: VerilatorRunner;
  const files = emitRtl(hw, units, { templateRoot, version: '0.0.0' });

  beforeAll(async () => {
    const defined = new Map<string, string>();
    for (const [path, text] of files) {
      defined.set(path, path.endsWith('.v') ? `\`define QCC_XILINX\n${text}` : text);
    }
    defined.set('rtl/cells.v', cellModels());
    const ports = designPorts(hw, units);
    runner = await createVerilatorRunner({
      top: hw.name,
      ports,
      channels: hw.channels,
      files: defined,
      monitor: true,
    });
  }, 300_000);

  afterAll(() => runner?.close());

  test('uses the cells, with weights by port and inside the decode of the step', () => {
    const text = [...files.values()].join('\n');
    expect(text).toMatch(/LUT6_2 #/);
    expect(text).toMatch(/CARRY8/);
    expect(text).toMatch(/module amd_i0_array/);
    expect(text).not.toMatch(/module amd_i7_array/);
    // a bit of 36 words takes a cell, two bits of 20 share one
    const cellsOf = (name: string): string[] =>
      [...(files.get(`rtl/${name}.v`) ?? '').matchAll(/LUT6_2[^;]*weights_l[^;]*;/g)].map(([cell]) => cell);
    const pairs = (name: string): string[] => cellsOf(name).filter((cell) => /O5\(weights_n/.test(cell));
    expect([cellsOf('amd_i7').length, pairs('amd_i7').length]).toEqual([26, 0]);
    expect([cellsOf('amd_i9').length, pairs('amd_i9').length]).toEqual([20, 20]);
  });

  test.each([{}, { stalls: 3 }, { reset: { at: 23, resume: 1 } }])(
    'moves every beat in the same cycle with the same value as the cycle engine: %j',
    async (request) => {
      const inputs = designPorts(hw, units)
        .filter((port) => port.direction === 'in')
        .map((port) => randomFrames(port.channel.stream, 9, random));
      await sameRun(engine, runner, { ...request, inputs });
    },
    120_000,
  );
});
