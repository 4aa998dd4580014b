import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Diagnostics } from '../compiler/diagnostics/index.ts';
import { loadModel } from '../compiler/driver.ts';
import type { Graph } from '../compiler/qir/index.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const data = join(root, '../shared/data');

/** A network to measure. */
export interface Network {
  readonly name: string;
  /** Cycles a frame; undefined: what the size suggests. */
  readonly cycles?: number;
  /** Files that it needs. */
  readonly needs: readonly string[];
  /** Reads or makes it; `folder` is for files on the way. */
  readonly load: (folder: string) => Promise<Graph>;
}

/** Runs one of the project's own commands, as a user would. */
function command(script: string, ...args: readonly string[]): void {
  const node = ['--conditions=qcc-source', '--import', './scripts/ts.mjs', script, ...args];
  execFileSync(process.execPath, node, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** A model as it is. */
export function model(
  name: string,
  file: string,
  cycles: number,
  given: { readonly inputType?: string; readonly inputShape?: string } = {},
): Network {
  const path = join(data, 'models', file);
  const load = (): Promise<Graph> => loadModel(path, { diagnostics: new Diagnostics(), ...given });
  return { name, cycles, needs: [path], load };
}

/** A float model, quantized to int8 with these samples. */
export function quantized(name: string, file: string, samples: string, cycles: number): Network {
  const [path, array] = [join(data, 'models', file), join(data, 'datasets', samples)];
  const load = (folder: string): Promise<Graph> => {
    const output = join(folder, `${name}.qir`);
    command('compiler/cli.ts', 'quantize', path, '--data', array, '-o', output);
    return loadModel(output, { diagnostics: new Diagnostics() });
  };
  return { name, cycles, needs: [path, array.replace(/:\w+$/, '')], load };
}

/** A network that one of the examples builds from an archive of arrays. */
export function example(
  name: string,
  script: string,
  archive: string,
  args: readonly string[],
  cycles: number,
): Network {
  const path = join(data, 'weights', archive);
  const load = (folder: string): Promise<Graph> => {
    const output = join(folder, `${name}.qir`);
    command(script, path, '-o', output, ...args);
    return loadModel(output, { diagnostics: new Diagnostics() });
  };
  return { name, cycles, needs: [path], load };
}
