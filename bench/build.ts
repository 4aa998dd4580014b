/**
 * `qcc build` as a user starts it: processor and wall time and the most memory, start-up included. The networks are random, of the
 * shapes of TFC and LFC, so that nothing but the repository is needed. Needs `npm run build` first.
 *
 *     node --import ./scripts/ts.mjs bench/build.ts
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { saveQir } from '../compiler/qir/index.ts';
import { randomNetwork } from './networks.ts';

const cases = [
  { name: 'tfc', sizes: [784, 64, 64, 64, 10], seconds: 2, megabytes: 500 },
  { name: 'lfc', sizes: [784, 1024, 1024, 1024, 10], seconds: 5, megabytes: 500 },
] as const;
const rounds = 3;
const cli = fileURLToPath(new URL('../dist/compiler/cli.js', import.meta.url));

interface Run {
  readonly wall: number;
  readonly cpu: number;
  readonly megabytes: number;
}

/** Runs node with a line at its end that tells what the process used. */
async function measure(args: readonly string[]): Promise<Run> {
  const tell =
    "process.on('exit', () => { const u = process.resourceUsage(); require('node:fs').writeSync(3, JSON.stringify([u.userCPUTime + u.systemCPUTime, u.maxRSS])); });";
  const preload = `data:text/javascript,${encodeURIComponent(`import { createRequire } from 'node:module'; const require = createRequire('file:///');${tell}`)}`;
  const start = performance.now();
  const child = spawn(process.execPath, ['--import', preload, cli, ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  let told = '';
  child.stdio[3]?.on('data', (chunk: Buffer) => (told += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (status !== 0) throw new Error(`qcc build ended with status ${String(status)}`);
  const [micros = 0, kilobytes = 0] = JSON.parse(told) as number[];
  return { wall: (performance.now() - start) / 1000, cpu: micros / 1e6, megabytes: kilobytes / 1024 };
}

const table = new Table({ head: ['network', 'wall s', 'cpu s', 'MB', 'goal s', 'goal MB'] });
const folder = mkdtempSync(join(tmpdir(), 'qcc-bench-'));
try {
  for (const { name, sizes, seconds, megabytes } of cases) {
    const file = join(folder, `${name}.qir`);
    saveQir(randomNetwork(name, sizes), file);
    const runs: Run[] = [];
    for (let round = 0; round < rounds; round++)
      runs.push(await measure(['build', file, '-o', join(folder, name), '-q']));
    const best = (of: (run: Run) => number): number => Math.min(...runs.map(of));
    table.push([
      name,
      best((run) => run.wall).toFixed(2),
      best((run) => run.cpu).toFixed(2),
      best((run) => run.megabytes).toFixed(0),
      seconds,
      megabytes,
    ]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${table.toString()}\n`);
