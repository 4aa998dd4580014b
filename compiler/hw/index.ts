export * from './graph.ts';
export * from './unit.ts';
export * from './timing.ts';
export * from './kernel.ts';
export * from './design.ts';
export * from './names.ts';
export * from './pack.ts';
export * from './print.ts';
