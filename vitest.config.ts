import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  // tests of examples import the package by its name, and get its sources
  resolve: {
    alias: [
      { find: /^qcc$/, replacement: source('compiler/index.ts') },
      { find: /^qcc\/qir$/, replacement: source('compiler/qir/index.ts') },
      { find: /^qcc\/weights$/, replacement: source('compiler/quantize/weights/index.ts') },
      { find: /^qcc\/groupnet$/, replacement: source('compiler/quantize/groupnet/index.ts') },
      { find: /^qcc\/sim$/, replacement: source('sim/index.ts') },
      { find: /^qcc\/unit$/, replacement: source('compiler/hw/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['./scripts/build-wasm.mjs'],
    // RTL is built and simulated in some tests; each sets a shorter limit where it can
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
