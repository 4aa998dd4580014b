import { frameStride } from '../compiler/hw/kernel.ts';
import type {
  CombineSpec,
  DepthwiseSpec,
  GatherSpec,
  MatvecSpec,
  ReduceSpec,
  RequantizeSpec,
  Thresholds,
} from '../compiler/hw/kernel.ts';
import { readLayout } from '../compiler/hw/layout.ts';
import type { ElementType } from '../compiler/qir/types.ts';
import type { Arena } from './memory.ts';
import type { Kernel } from './threshold.ts';

const streamOf = (elem: ElementType, elements: number) => ({ elem, elements, lanes: 1 });

/** Element-wise access to the frames at `offset`. */
function access(arena: Arena, elem: ElementType, elements: number, offset: number) {
  return readLayout(arena.wasm.memory.buffer, streamOf(elem, elements), offset);
}

/** The level that `value` reaches among the thresholds of a channel. */
function levelOf(levels: Thresholds, channel: number, value: number): number {
  let count = 0;
  const flipped = (levels.flip[channel] ?? 0) !== 0;
  for (let j = 0; j < levels.count; j++) {
    const reached = value >= (levels.values[channel * levels.count + j] ?? 0);
    if (reached !== flipped) count++;
  }
  return levels.base + levels.step * count;
}

/** A matrix-vector product over several vectors a frame, by one that takes a vector a frame. */
export function rowsOf(
  arena: Arena,
  spec: MatvecSpec,
  build: (arena: Arena, spec: MatvecSpec) => Kernel,
): Kernel {
  const rows = spec.rows ?? 1;
  const inner = build(arena, spec);
  if (rows === 1) return inner;
  const x = arena.reserve(rows * frameStride(streamOf(spec.x, spec.inputs)));
  const y = arena.reserve(rows * frameStride(streamOf(spec.y, spec.outputs)));
  return (input, output, frames) => {
    for (let frame = 0; frame < frames; frame++) {
      const from = access(arena, spec.x, rows * spec.inputs, input);
      const vectors = access(arena, spec.x, spec.inputs, x);
      for (let row = 0; row < rows; row++)
        for (let k = 0; k < spec.inputs; k++) vectors.set(row, k, from.get(frame, row * spec.inputs + k));
      inner(x, y, rows);
      const results = access(arena, spec.y, spec.outputs, y);
      const to = access(arena, spec.y, rows * spec.outputs, output);
      for (let row = 0; row < rows; row++)
        for (let n = 0; n < spec.outputs; n++) to.set(frame, row * spec.outputs + n, results.get(row, n));
    }
  };
}

/** See KernelContext.gather. */
export function buildGather(arena: Arena, spec: GatherSpec): Kernel {
  const { inputElements, outputElements, index, fill } = spec;
  return (input, output, frames) => {
    const x = access(arena, spec.x, inputElements, input);
    const y = access(arena, spec.y, outputElements, output);
    for (let frame = 0; frame < frames; frame++)
      for (let i = 0; i < outputElements; i++) {
        const at = index[i] ?? -1;
        y.set(frame, i, at < 0 ? fill : x.get(frame, at));
      }
  };
}

/** See KernelContext.depthwise. */
export function buildDepthwise(arena: Arena, spec: DepthwiseSpec): Kernel {
  const { rows, taps, channels, weights, bias, thresholds } = spec;
  return (input, output, frames) => {
    const x = access(arena, spec.x, rows * taps * channels, input);
    const y = access(arena, spec.y, rows * channels, output);
    for (let frame = 0; frame < frames; frame++)
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < channels; c++) {
          let sum = bias?.[c] ?? 0;
          for (let t = 0; t < taps; t++)
            sum += (weights[t * channels + c] ?? 0) * x.get(frame, (r * taps + t) * channels + c);
          y.set(frame, r * channels + c, thresholds === undefined ? sum : levelOf(thresholds, c, sum));
        }
  };
}

/** See KernelContext.reduce. */
export function buildReduce(arena: Arena, spec: ReduceSpec): Kernel {
  const { rows, taps, channels, kind } = spec;
  return (input, output, frames) => {
    const x = access(arena, spec.x, rows * taps * channels, input);
    const y = access(arena, spec.y, rows * channels, output);
    for (let frame = 0; frame < frames; frame++)
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < channels; c++) {
          let result = x.get(frame, r * taps * channels + c);
          for (let t = 1; t < taps; t++) {
            const next = x.get(frame, (r * taps + t) * channels + c);
            result = kind === 'sum' ? result + next : Math.max(result, next);
          }
          y.set(frame, r * channels + c, result);
        }
  };
}

/** See KernelContext.combine. */
export function buildCombine(
  arena: Arena,
  spec: CombineSpec,
): (inputs: readonly number[], output: number, frames: number) => void {
  const { elements, channels, bias } = spec;
  return (inputs, output, frames) => {
    const xs = spec.inputs.map(({ x }, i) => access(arena, x, elements, inputs[i] ?? 0));
    const y = access(arena, spec.y, elements, output);
    for (let frame = 0; frame < frames; frame++)
      for (let e = 0; e < elements; e++) {
        let sum = bias?.[e % channels] ?? 0;
        xs.forEach((x, i) => (sum += (spec.inputs[i]?.coefficient ?? 0) * x.get(frame, e)));
        y.set(frame, e, sum);
      }
  };
}

/** See KernelContext.requantize. */
export function buildRequantize(arena: Arena, spec: RequantizeSpec): Kernel {
  const { elements, channels, multipliers, biases, shift, min, max } = spec;
  return (input, output, frames) => {
    const x = access(arena, spec.x, elements, input);
    const y = access(arena, spec.y, elements, output);
    for (let frame = 0; frame < frames; frame++)
      for (let e = 0; e < elements; e++) {
        const c = e % channels;
        const exact = BigInt(x.get(frame, e)) * BigInt(multipliers[c] ?? 0) + BigInt(biases[c] ?? 0);
        const level = Number(exact >> BigInt(shift));
        y.set(frame, e, Math.max(min, Math.min(max, level)));
      }
  };
}
