// Lets node run the TypeScript sources directly, types stripped and not checked: node --import ./scripts/ts.mjs bench/kernels.ts
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

/** Node's module hook: runs on the hooks thread. */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const { transform } = await import('esbuild');
  const { code } = await transform(await readFile(new URL(url), 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'es2023',
    sourcemap: 'inline',
    sourcefile: fileURLToPath(url),
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  return { format: 'module', source: code, shortCircuit: true };
}

// the engine loads the kernels that stand in sim/wasm/build: those of older sources would fail in ways that explain nothing
if (isMainThread) {
  register(import.meta.url);
  await (await import('./build-wasm.mjs')).buildWasm();
}
