export * from './emit.ts';
export { harnessBeside } from './harness-thread.ts';
export * from './write.ts';
export { createRenderer } from './render.ts';
export type { Golden } from './testbench.ts';
