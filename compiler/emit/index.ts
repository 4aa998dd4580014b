export * from './emit.ts';
export * from './write.ts';
export { createRenderer } from './render.ts';
export type { Golden } from './testbench.ts';
