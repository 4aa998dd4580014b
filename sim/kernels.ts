import type { FrameKernel, KernelContext } from '../compiler/hw/kernel.ts';
import { frameStride } from '../compiler/hw/kernel.ts';
import { Arena } from './memory.ts';
import { buildMatvec } from './matvec.ts';
import { buildGather } from './move.ts';
import { buildCombine, buildDepthwise, buildReduce, buildRequantize } from './maps.ts';
import { buildThreshold } from './threshold.ts';

/** A kernel context that also knows which kernels only copy, so that the engine can let both channels share one buffer. */
export interface EngineContext extends KernelContext {
  readonly copies: (kernel: FrameKernel) => boolean;
}

/** The engine's kernel primitives over a memory of their own. */
export function createKernelContext(): EngineContext {
  const arena = new Arena();
  const copying = new WeakSet<FrameKernel>();
  return {
    reserve: (bytes) => arena.reserve(bytes),
    memory: () => arena.wasm.memory.buffer,
    matvec: (spec) => buildMatvec(arena, spec),
    threshold: (spec) => buildThreshold(arena, spec),
    gather: (spec) => buildGather(arena, spec),
    depthwise: (spec) => buildDepthwise(arena, spec),
    reduce: (spec) => buildReduce(arena, spec),
    combine: (spec) => buildCombine(arena, spec),
    requantize: (spec) => buildRequantize(arena, spec),
    copy: (stream) => {
      const stride = frameStride(stream);
      const kernel: FrameKernel = (inputs, outputs, frames) => {
        const bytes = new Uint8Array(arena.wasm.memory.buffer);
        const from = inputs[0] ?? 0;
        for (const to of outputs) bytes.copyWithin(to, from, from + stride * frames);
      };
      copying.add(kernel);
      return kernel;
    },
    copies: (kernel) => copying.has(kernel),
  };
}
