/**
 * How `qcc build` grows with the network: a series of binary networks of ResNet-18's shape with more and more channels, up to its own 11.7
 * million weights. Time and memory a million weights should stay about the same from row to row. Needs `npm run build` first.
 *
 *     node --import ./scripts/ts.mjs bench/scaling.ts
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainTable } from '../compiler/report/table.ts';
import { saveQir } from '../compiler/qir/index.ts';
import { measure } from './measure.ts';
import { randomResidual } from './networks.ts';

/** Channels of the first stage; 64 are ResNet-18's. */
const widths = [8, 16, 32, 64];
const size = 32;
const classes = 1000;

const rows: string[][] = [];
const folder = mkdtempSync(join(tmpdir(), 'qcc-bench-'));
try {
  for (const width of widths) {
    const name = `residual${width}`;
    const file = join(folder, `${name}.qir`);
    const graph = randomResidual(name, width, size, classes);
    const weights = graph.nodes.reduce((sum, { op, operands: [, w] }) => {
      const tensor = w?.kind === 'const' ? graph.consts.get(w.name)?.tensor : undefined;
      return op === 'conv2d' || op === 'matmul' ? sum + (tensor?.data.length ?? 0) : sum;
    }, 0);
    saveQir(graph, file);
    const { wall, cpu, megabytes } = await measure(['build', file, '-o', join(folder, name), '-q']);
    const millions = weights / 1e6;
    rows.push(
      [millions, wall, cpu, megabytes, wall / millions, megabytes / millions].map((n) => n.toFixed(2)),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const head = ['million weights', 'wall s', 'cpu s', 'MB', 's a million', 'MB a million'];
process.stdout.write(
  `${plainTable(
    head,
    head.map(() => 'right'),
    rows,
  )}\n`,
);
