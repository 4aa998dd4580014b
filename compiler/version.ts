import { existsSync, readFileSync } from 'node:fs';
import { invariant } from './diagnostics/index.ts';
import { root } from './root.ts';

function read(): string {
  // beside the sources, and beside dist/ once built
  for (const path of ['package.json', '../package.json']) {
    const url = new URL(path, root);
    if (!existsSync(url)) continue;
    const content = JSON.parse(readFileSync(url, 'utf8')) as {
      readonly name?: string;
      readonly version?: string;
    };
    if (content.name === 'qcc' && content.version !== undefined) return content.version;
  }
  return invariant(false, 'package.json is not where it should be') ?? '';
}

/** The version of qcc, from its package.json. */
export const version: string = read();
