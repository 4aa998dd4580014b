/**
 * `qcc build` as a user starts it: processor and wall time and the most memory, start-up included. The networks are random, of the
 * shapes of TFC, LFC and CNV, so that nothing but the repository is needed. Needs `npm run build` first.
 *
 *     node --import ./scripts/ts.mjs bench/build.ts
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { saveQir } from '../compiler/qir/index.ts';
import { measure, type Run } from './measure.ts';
import { randomCnv, randomNetwork } from './networks.ts';

const cases = [
  {
    name: 'tfc',
    make: (name: string) => randomNetwork(name, [784, 64, 64, 64, 10]),
    seconds: 2,
    megabytes: 500,
  },
  {
    name: 'lfc',
    make: (name: string) => randomNetwork(name, [784, 1024, 1024, 1024, 10]),
    seconds: 5,
    megabytes: 500,
  },
  { name: 'cnv', make: randomCnv, seconds: 5, megabytes: 1000 },
] as const;
const rounds = 3;

const table = new Table({ head: ['network', 'wall s', 'cpu s', 'MB', 'goal s', 'goal MB'] });
const folder = mkdtempSync(join(tmpdir(), 'qcc-bench-'));
try {
  for (const { name, make, seconds, megabytes } of cases) {
    const file = join(folder, `${name}.qir`);
    saveQir(make(name), file);
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
