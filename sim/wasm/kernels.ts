// The module's entry: everything the engine calls. No runtime, no garbage collection: memory is handed out by sim/memory.ts.
export { xnorPops } from './bits';
export { planes, ternarySums } from './ternary';
export { dot16, dot32, affine } from './dot';
export { moveBytes, moveBits } from './move';
export { depthwise32, reduce32, accumulate32, requantize32 } from './map';
export { to16, to32, narrow } from './convert';
export { steady } from './steady';
export { compare8, compare16, compare32, levels, levels8, search } from './threshold';

/** First byte that the module itself does not use. */
export function heapBase(): usize {
  return __heap_base;
}
