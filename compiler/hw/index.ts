export * from './graph.ts';
export * from './unit.ts';
export * from './timing.ts';
export * from './kernel.ts';
