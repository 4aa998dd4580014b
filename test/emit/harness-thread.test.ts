import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import type * as threads from '../../compiler/emit/harness-thread.ts';
import { harnessSource, type HarnessRequest } from '../../compiler/emit/harness.ts';
import { designPorts } from '../../compiler/hw/index.ts';
import { units } from '../../templates/registry.ts';
import { smallDesign } from './small.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('a thread of the built program writes the same harness, and tells what goes wrong', async () => {
  // in the repository, so that the built files find their packages
  mkdirSync(join(root, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(root, '.cache/harness-'));
  try {
    // laid out as scripts/bundle.mjs does: what finds the root stands in a folder of chunks
    const names = ['compiler/emit/harness-thread', 'compiler/emit/harness-worker', 'compiler/root'];
    await build({
      entryPoints: names.map((name) => join(root, `${name}.ts`)),
      outbase: root,
      outdir: folder,
      chunkNames: 'chunks/[hash]',
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
    });
    const built = pathToFileURL(join(folder, 'compiler/emit/harness-thread.js')).href;
    const { harnessBeside } = (await import(/* @vite-ignore */ built)) as typeof threads;
    const hw = smallDesign();
    const request = {
      top: hw.name,
      ports: designPorts(hw, units),
      channels: hw.channels,
      version: '0.1.0',
    };
    expect(await harnessBeside(request)).toBe(harnessSource(request));
    const none = { ...request, ports: undefined } as unknown as HarnessRequest;
    await expect(harnessBeside(none)).rejects.toThrow(TypeError);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
