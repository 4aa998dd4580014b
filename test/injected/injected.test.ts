import { beforeAll, describe, expect, test } from 'vitest';
import { DiagnosticError, Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph, type Compilation } from '../../compiler/driver.ts';
import { emitRtl } from '../../compiler/emit/index.ts';
import { freeze, type HwConst, type HwNode } from '../../compiler/hw/index.ts';
import { createRandom, randomValues } from '../../compiler/random.ts';
import { uint } from '../../compiler/qir/index.ts';
import { firstWrongChannel } from '../../compiler/locate.ts';
import { simulate } from '../../compiler/simulate.ts';
import { createEngine } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { branched } from './network.ts';

const frames = 3;
const data = randomValues(uint(4), frames * 72, createRandom(3));
let right: Compilation;
let verilog: ReadonlyMap<string, string>;

beforeAll(() => {
  const folding = new Map([['levels', { pe: 2, simd: 6, order: 'output' as const }]]);
  right = compileGraph(branched(), { diagnostics: new Diagnostics(), style: 'folded', folding });
  verilog = emitRtl(right.hw, units, { templateRoot, version: '0.0.0' });
});

/** Messages of the errors that `simulate` reports or throws. */
async function errors(
  compilation: Compilation,
  engine: 'all' | 'cycle' = 'all',
  files?: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const diagnostics = new Diagnostics();
  try {
    const inputs = [{ data, count: frames, elements: 72 }];
    await simulate(compilation, { inputs, engine, diagnostics, ...(files && { verilog: files }) });
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    for (const each of error.diagnostics) diagnostics.add(each);
  }
  return diagnostics.all
    .filter(({ severity }) => severity === 'error')
    .map(({ code, message, found }) => `${code} ${message} (${found ?? ''})`);
}

/** The Verilog with one file edited; fails if there is nothing to edit. */
function edited(path: RegExp, edit: (text: string) => string): ReadonlyMap<string, string> {
  const file = [...verilog.keys()].find((name) => path.test(name));
  const before = file === undefined ? undefined : verilog.get(file);
  if (file === undefined || before === undefined) throw new Error(`no file ${path}`);
  const after = edit(before);
  if (after === before) throw new Error(`nothing to edit in ${file}`);
  return new Map(verilog).set(file, after);
}

/** The compilation with one instance of the hardware graph changed: all engines but the evaluator take it. */
function changed(name: string, change: (node: HwNode) => Partial<HwNode>): Compilation {
  if (!right.hw.nodes.some((node) => node.name === name)) throw new Error(`no instance ${name}`);
  const nodes = right.hw.nodes.map((node) => (node.name === name ? { ...node, ...change(node) } : node));
  return { ...right, hw: freeze({ ...right.hw, nodes }) };
}

/** A constant with one element changed. */
function altered(found: HwConst | undefined, at: number, to: (old: number) => number): HwConst {
  if (found === undefined) throw new Error('no such constant');
  return { ...found, data: Array.from(found.data, (n, i) => (i === at ? to(n) : n)) };
}

const where = String.raw`, frame \d+, element \d+, cycle \d+`;

describe('a mismatch put in on purpose is found and named', () => {
  test('nothing is found where nothing is wrong', async () => {
    expect(await errors(right)).toEqual([]);
  }, 120_000);

  test('one bit of a memory image of a layer in the middle', async () => {
    const files = edited(/levels_weights\.mem$/, (text) =>
      text.replace(/[0-9a-f](?=\s)/, (digit) => (parseInt(digit, 16) ^ 1).toString(16)),
    );
    const found = await errors(right, 'all', files);
    expect(found.join('\n')).toMatch(
      new RegExp(`QCC5100 cycle and verilator differ at channel levels_out${where}`),
    );
    expect(found.join('\n')).toContain('QCC5100 reference and verilator differ at output out_n');
  }, 120_000);

  test.each([
    [
      'combine',
      /join_n\.v$/,
      (text: string) => text.replace('{{2{x1_q[3]}}, x1_q}', "{2'b00, x1_q}"),
      'join_n_out',
    ],
    ['reduce', /pooled\.v$/, (text: string) => text.replace(/ > \$signed/, ' < $signed'), 'pooled_out'],
    [
      'requantize',
      /scaled\.v$/,
      (text: string) => text.replace("below ? 4'h9", "below ? 4'h8"),
      'scaled_out',
    ],
  ])(
    'one token of the Verilog of unit %s',
    async (_, path, edit, channel) => {
      const found = await errors(right, 'all', edited(path, edit));
      expect(found.join('\n')).toMatch(
        new RegExp(`QCC5100 cycle and verilator differ at channel ${channel}${where}`),
      );
    },
    120_000,
  );

  test.each<[string, string, (node: HwNode) => Partial<HwNode>]>([
    [
      'one weight',
      'levels',
      ({ consts }) => ({ consts: { ...consts, weights: altered(consts['weights'], 20, (n) => -n) } }),
    ],
    [
      'one threshold',
      'levels',
      ({ consts }) => ({
        consts: { ...consts, thresholds: altered(consts['thresholds'], 3, (n) => n - 10) },
      }),
    ],
    ['a shift', 'scaled', ({ params }) => ({ params: { ...params, shift: Number(params['shift']) - 1 } })],
    [
      'the distance of taps in windows',
      'pooled_windows',
      ({ params }) => ({
        params: {
          ...params,
          movement: {
            ...(params['movement'] as object),
            kernel: [2, 2],
            strides: [2, 2],
            pads: [0, 1, 0, 0],
            dilations: [1, 2],
          },
        },
      }),
    ],
  ])('%s of the hardware graph, which model and Verilog have alike', (_, name, change) => {
    const wrong = changed(name, change);
    const place = String.raw`channel ${name}_out \(value %${name}, instance ${name}\)`;
    const inputs = [{ data, count: frames, elements: 72 }];
    const named = firstWrongChannel(wrong, inputs, 0);
    expect(named?.message).toMatch(new RegExp(`^reference and cycle differ at ${place}${where}$`));
  });

  test('the origin of a difference at the output is named beside it', async () => {
    const found = await errors(
      changed('levels', ({ consts }) => ({
        consts: { ...consts, weights: altered(consts['weights'], 20, (n) => -n) },
      })),
    );
    expect(found.join('\n')).toContain('QCC5100 reference and verilator differ at output');
    expect(found.join('\n')).toContain(
      'QCC5100 reference and cycle differ at channel levels_out (value %levels',
    );
  }, 120_000);

  test('a FIFO that is too short for the branches to meet', async () => {
    const roomy = compileGraph(branched(), { diagnostics: new Diagnostics(), style: 'folded' });
    const fifo = roomy.hw.nodes.find(({ unit, name }) => unit === 'fifo' && name.startsWith('scaled'));
    if (fifo === undefined) throw new Error('no FIFO where the branches meet');
    const nodes = roomy.hw.nodes.map((node) =>
      node === fifo ? { ...node, params: { ...node.params, depth: 1 } } : node,
    );
    const short = { ...roomy, hw: freeze({ ...roomy.hw, nodes }) };
    const found = await errors(short, 'cycle');
    const still = /^QCC5030 design branched stands still from cycle \d+ on \(blocked channels.*scaled/;
    if (found.length > 0) expect(found.join('\n')).toMatch(still);
    else expect(intervalOf(short)).toBeGreaterThan(roomy.initiationInterval);
  });
});

function intervalOf({ hw }: Compilation): number {
  return createEngine(hw, units).time({ frames: 256 }).initiationInterval ?? Infinity;
}
