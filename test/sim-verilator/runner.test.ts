import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import ts from 'typescript';
import { emitDesign, emitRtl, writeOutput } from '../../compiler/emit/index.ts';
import { designPorts, type Endpoint, type HwGraph } from '../../compiler/hw/index.ts';
import type { TensorData } from '../../compiler/qir/types.ts';
import {
  buildVerilator,
  cacheFolder,
  createEngine,
  createVerilatorRunner,
  probeTools,
  startVerilator,
} from '../../sim/index.ts';
import type { BuildRequest, VerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { smallDesign } from '../emit/small.ts';

const folder = mkdtempSync(join(tmpdir(), 'qcc-runner-'));
const runners: VerilatorRunner[] = [];
afterAll(() => {
  for (const runner of runners) runner.close();
  rmSync(folder, { recursive: true, force: true });
});

function request(
  hw: HwGraph,
  break_: (path: string, text: string) => string = (_, text) => text,
): BuildRequest {
  const files = [...emitRtl(hw, units, { templateRoot, version: '0.0.0' })];
  return {
    top: hw.name,
    ports: designPorts(hw, units),
    channels: hw.channels,
    files: new Map(files.map(([path, text]) => [path, break_(path, text)])),
  };
}

async function start(build: BuildRequest): Promise<VerilatorRunner> {
  const runner = await createVerilatorRunner(build);
  runners.push(runner);
  return runner;
}

/** Designs side by side in one. */
function besides(name: string, designs: readonly HwGraph[]): HwGraph {
  const end = ({ node, port }: Endpoint, k: number): Endpoint =>
    node === '' ? { node, port: `${port}${k}` } : { node: `${node}${k}`, port };
  return {
    name,
    clockMhz: 200,
    nodes: designs.flatMap(({ nodes }, k) => nodes.map((node) => ({ ...node, name: `${node.name}${k}` }))),
    channels: designs.flatMap(({ channels }, k) =>
      channels.map((c) => ({ ...c, name: `${c.name}${k}`, from: end(c.from, k), to: end(c.to, k) })),
    ),
  };
}

const small = smallDesign();
const frame = [1, -2, 3, -4, 5, -6, 7];
const frames = [...frame, ...frame.map((x) => -x), ...frame.map((x) => x * 2)];

describe('a run', () => {
  let plain: VerilatorRunner;
  beforeAll(async () => {
    plain = await start(request(small));
  }, 60_000);

  test('gives the outputs, the cycle of every beat and the cycles of the whole', async () => {
    const result = await plain.run({ inputs: [frames] });
    expect([...(result.outputs[0] as TensorData)]).toEqual(frames);
    expect([...(result.inputCycles[0] as Float64Array)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...(result.outputCycles[0] as Float64Array)]).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(result.cycles).toBe(12);
    expect(result.abortedBeats).toEqual([0]);
    expect(result.log).toBeNull();
  });

  test.each([
    { stalls: 7 },
    { reset: { at: 5, resume: 1 } },
    { stalls: 0xffffffff, reset: { at: 6, resume: 0 } },
    // the reset comes even when every frame has left
    { stalls: 1, reset: { at: 500, resume: 2 } },
    // nothing is fed after it
    { reset: { at: 5, resume: 3 } },
  ])('equals the engine with %j', async (options) => {
    const engine = createEngine(small, units);
    const { outputs, inputCycles, outputCycles, abortedBeats, cycles } = engine.run({
      ...options,
      inputs: [frames],
    });
    expect(await plain.run({ ...options, inputs: [frames] })).toMatchObject({
      outputs,
      inputCycles,
      outputCycles,
      abortedBeats,
      cycles,
    });
  });

  test('depends on no run before it, and runs asked for at once come one after the other', async () => {
    const once = await plain.run({ inputs: [frames], stalls: 3 });
    const many = await Promise.all([1, 2, 3].map(async () => plain.run({ inputs: [frames], stalls: 3 })));
    for (const again of many) expect({ ...again, seconds: 0 }).toEqual({ ...once, seconds: 0 });
  });

  test.each([
    ['no data', []],
    ['a part of a frame', [[1, 2, 3]]],
    ['an input too many', [frames, frames]],
  ])('refuses %s', async (_, inputs) => {
    await expect(plain.run({ inputs })).rejects.toThrow(/QCC5320/);
  });

  test('refuses a log or a trace that it was not built for', async () => {
    await expect(plain.run({ inputs: [frames], log: true })).rejects.toThrow(RangeError);
    await expect(plain.run({ inputs: [frames], vcd: 'x.vcd' })).rejects.toThrow(RangeError);
    await expect(plain.run({ inputs: [frames], reset: { at: 1, resume: 9 } })).rejects.toThrow(/QCC5320/);
  });

  test('runs hundreds of thousands of frames in one request', async () => {
    const big = Int8Array.from({ length: 7 * 200_000 }, (_, i) => (i % 31) - 15);
    const { cycles, outputs } = await plain.run({ inputs: [big] });
    expect(Buffer.compare(Buffer.from(big.buffer), Buffer.from((outputs[0] as Int8Array).buffer))).toBe(0);
    expect(cycles).toBe(600_003);
  });

  test('goes on after the simulator has been closed', async () => {
    plain.close();
    expect((await plain.run({ inputs: [frames] })).cycles).toBe(12);
  });
});

describe('stalls', () => {
  // Many ends at once, so that every rate of the generator comes up.
  test('are those of sim/stalls.ts at every end', async () => {
    const one = smallDesign({ kind: 'uint', bits: 3 }, 5, 2);
    const hw = besides('many', [one, one, one, one]);
    const data = Array.from({ length: 200 }, (_, i) => i % 8);
    const inputs = [data, data, data, data];
    const runner = await start(request(hw));
    const engine = createEngine(hw, units);
    for (let stalls = 0; stalls < 6; stalls++) {
      const { inputCycles, outputCycles, cycles } = engine.run({ inputs, stalls });
      expect(await runner.run({ inputs, stalls })).toMatchObject({ inputCycles, outputCycles, cycles });
    }
  });
});

describe('data wires', () => {
  test('of every kind of Verilator carry their beats, with and without padding', async () => {
    const widths = [
      [1, 1],
      [5, 3],
      [8, 1],
      [8, 2],
      [11, 3],
      [8, 4],
      [32, 2],
      [13, 5],
      [32, 5],
    ] as const;
    const hw = besides(
      'widths',
      widths.map(([bits, lanes]) => smallDesign({ kind: 'uint', bits }, 7, lanes)),
    );
    const inputs = widths.map(([bits]) =>
      Array.from({ length: 21 }, (_, i) => (i % 3 === 0 ? 2 ** bits - 1 : (i * 2654435761) % 2 ** bits)),
    );
    const runner = await start({ ...request(hw), monitor: true });
    const result = await runner.run({ inputs, stalls: 1, log: true });
    expect(result.outputs.map((values) => [...values])).toEqual(inputs);
    expect(result.log).toEqual(createEngine(hw, units).run({ inputs, stalls: 1, trace: 'handshakes' }).log);
  });
});

describe('a broken design', () => {
  const sink = 'rtl/passage_sink.v';

  test('that hangs is reported with the channels that wait', async () => {
    const broken = request(small, (path, text) =>
      path === 'rtl/passage_buffered.v'
        ? text
            .replace('if (push) memory', "if (push && 1'b0) memory")
            .replace(/assign in_ready = .*;/, "assign in_ready = 1'b0;")
        : text,
    );
    const runner = await start({ ...broken, monitor: true });
    await expect(runner.run({ inputs: [frames], idleLimit: 100, log: true })).rejects.toThrow(
      /QCC5310.*stands still/,
    );
    const error: unknown = await runner
      .run({ inputs: [frames], idleLimit: 100, log: true })
      .catch((e: unknown) => e);
    expect(error).toMatchObject({
      diagnostics: [
        {
          found: expect.stringContaining('channel x0 waits for ready; channel x1 waits for valid') as string,
        },
      ],
    });
  });

  const toggling =
    'wire valid; reg odd_q; always @(posedge clk) odd_q <= rst_n & ~odd_q; assign m_axis_tvalid = valid & odd_q;';
  test.each([
    ['TLAST', [['m_axis_tlast = beat_q ==', 'm_axis_tlast = beat_q !=']], /TLAST/],
    ['padding', [["= { 1'd0, data }", "= { 1'd1, data }"]], /padding bits/],
    [
      'valid',
      [
        ['.out_valid(m_axis_tvalid)', '.out_valid(valid)'],
        ['endmodule', `${toggling}\nendmodule`],
      ],
      /before the transfer/,
    ],
  ] as const)('that breaks the protocol of a port is reported: %s', async (_, changes, found) => {
    const runner = await start(
      request(small, (path, text) => {
        if (path !== sink) return text;
        return changes.reduce((changed, [from, to]) => {
          expect(changed).toContain(from);
          return changed.replace(from, to);
        }, text);
      }),
    );
    const error: unknown = await runner.run({ inputs: [frames], stalls: 2 }).catch((e: unknown) => e);
    expect(error).toMatchObject({
      diagnostics: [{ code: 'QCC5311', found: expect.stringMatching(found) as string }],
    });
  });

  test('that does not build is reported with what the tool says', async () => {
    const build = buildVerilator(
      request(small, (path, text) => (path === sink ? text.replace('endmodule', '') : text)),
    );
    await expect(build).rejects.toMatchObject({
      diagnostics: [{ code: 'QCC5302', found: expect.stringContaining('passage_sink.v') as string }],
    });
  });
});

describe('the cache', () => {
  const kept = process.env['QCC_CACHE'];
  afterEach(() => {
    if (kept === undefined) delete process.env['QCC_CACHE'];
    else process.env['QCC_CACHE'] = kept;
  });

  /** A cache of its own with Verilator's runtime in it, which takes long to compile. */
  async function ownCache(name: string): Promise<string> {
    await buildVerilator(request(small));
    const cache = join(folder, name);
    cpSync(join(cacheFolder(), 'runtime'), join(cache, 'runtime'), { recursive: true });
    process.env['QCC_CACHE'] = cache;
    return cache;
  }

  test('gives a model back by its content, also to builds at the same time, and leaves nothing half-built', async () => {
    const cache = await ownCache('cache');
    const build = request(small);
    const both = await Promise.all([buildVerilator(build), buildVerilator(build)]);
    expect(both[0].executable).toBe(both[1].executable);
    expect((await buildVerilator(build)).cached).toBe(true);
    expect((await buildVerilator(request(small, (_, text) => `${text}\n`))).cached).toBe(false);
    expect((await buildVerilator({ ...build, monitor: true })).cached).toBe(false);
    expect(readdirSync(join(cache, 'models')).length).toBe(3);
    expect(readdirSync(join(cache, 'models')).filter((name) => name.startsWith('new-'))).toEqual([]);
    const runner = startVerilator(both[0]);
    expect((await runner.run({ inputs: [frames] })).cycles).toBe(12);
    runner.close();
  });

  test('a simulator that cannot start is a diagnostic', async () => {
    await ownCache('cache2');
    const model = await buildVerilator(request(small));
    writeFileSync(model.executable, '#!/bin/sh\necho broken >&2\nexit 3\n');
    const runner = startVerilator(model);
    await expect(runner.run({ inputs: [frames] })).rejects.toMatchObject({
      diagnostics: [{ code: 'QCC5312', found: expect.stringMatching(/broken|EPIPE/) as string }],
    });
  });
});

describe('tools', () => {
  test('are found with their versions', async () => {
    const tools = await probeTools();
    expect(tools.map(({ tool }) => tool)).toEqual(['verilator', 'c++', 'iverilog', 'yosys']);
    for (const { found, version, install } of tools) {
      expect(found).toBe(true);
      expect(version).toMatch(/^\d+\.\d+/);
      expect(install).toContain('apt-get install');
    }
  });

  test('that are missing are a diagnostic with advice', async () => {
    const before = process.env['VERILATOR'];
    process.env['VERILATOR'] = 'no-such-verilator';
    try {
      await expect(buildVerilator(request(small))).rejects.toMatchObject({
        diagnostics: [
          { code: 'QCC5301', help: expect.stringContaining('apt-get install verilator') as string },
        ],
      });
      expect((await probeTools())[0]).toMatchObject({ found: false, version: null });
    } finally {
      if (before === undefined) delete process.env['VERILATOR'];
      else process.env['VERILATOR'] = before;
    }
  });
});

describe('waveforms', () => {
  test('go to a file that is a VCD of every signal', async () => {
    const runner = await start({ ...request(small), trace: true });
    const vcd = join(folder, "name with spaces; $(touch x) 'quoted'.vcd");
    await runner.run({ inputs: [frames], vcd });
    const text = readFileSync(vcd, 'utf8');
    expect(text).toMatch(/\$enddefinitions/);
    expect(text).toMatch(/\$var wire +1 \S+ m_axis_tvalid/);
    expect(text).toMatch(/count_q/);
  });
});

describe('the typed harness', () => {
  test('compiles strictly and runs the output folder it stands in', async () => {
    const out = join(folder, 'out');
    writeOutput(out, await emitDesign(small, units, { templateRoot, version: '0.1.0' }));
    const root = new URL('../../', import.meta.url).pathname;
    const user = join(out, 'harness', 'user.ts');
    writeFileSync(
      user,
      `import { PassageHarness } from './passage.ts';
       export async function use(): Promise<readonly number[]> {
         const design = await PassageHarness.open({ monitor: true });
         const { outputs, log } = await design.run({ s_axis: ${JSON.stringify(frames)} }, { stalls: 5, log: true });
         design.close();
         return [...outputs.m_axis, log === null ? -1 : log.length];
       }
       // @ts-expect-error the design has no such input
       export const wrong: Parameters<PassageHarness['run']>[0] = { s_axi: [] };
      `,
    );
    const program = ts.createProgram([user], {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noPropertyAccessFromIndexSignature: true,
      erasableSyntaxOnly: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
      baseUrl: root,
      ignoreDeprecations: '6.0',
      paths: { 'qcc/sim': [join(root, 'sim/index.ts')] },
    });
    const problems = ts
      .getPreEmitDiagnostics(program)
      .filter(({ file }) => file?.fileName.startsWith(out) === true || file === undefined);
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);

    // the package as a user has it: qcc in node_modules, its sources in place of the built files
    const packages = join(out, 'node_modules');
    execFileSync('mkdir', ['-p', join(packages, 'qcc')]);
    writeFileSync(
      join(packages, 'qcc', 'package.json'),
      JSON.stringify({ type: 'module', exports: { './sim': './root/sim/index.ts' } }),
    );
    symlinkSync(root, join(packages, 'qcc', 'root'));
    const { use } = (await import(/* @vite-ignore */ user)) as { use: () => Promise<readonly number[]> };
    expect(await use()).toEqual([...frames, 4]);
  });
});
