import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['./scripts/build-wasm.mjs'],
    // RTL is built and simulated in some tests; each sets a shorter limit where it can
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
