import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../dist/compiler/cli.js', import.meta.url));

/** What one run of the command took: seconds, and the most memory in MB. */
export interface Run {
  readonly wall: number;
  readonly cpu: number;
  readonly megabytes: number;
}

/** Runs `qcc` as a user starts it, start-up included; needs `npm run build` first. */
export async function measure(args: readonly string[]): Promise<Run> {
  // threads load it too, and end before the process does
  const tell =
    "if (require('node:worker_threads').isMainThread) process.on('exit', () => { const u = process.resourceUsage(); require('node:fs').writeSync(3, JSON.stringify([u.userCPUTime + u.systemCPUTime, u.maxRSS])); });";
  const preload = `data:text/javascript,${encodeURIComponent(`import { createRequire } from 'node:module'; const require = createRequire('file:///');${tell}`)}`;
  const start = performance.now();
  const child = spawn(process.execPath, ['--import', preload, cli, ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  let told = '';
  child.stdio[3]?.on('data', (chunk: Buffer) => (told += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (status !== 0) throw new Error(`qcc ${args[0] ?? ''} ended with status ${String(status)}`);
  const [micros = 0, kilobytes = 0] = JSON.parse(told) as number[];
  return { wall: (performance.now() - start) / 1000, cpu: micros / 1e6, megabytes: kilobytes / 1024 };
}
