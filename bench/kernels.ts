// Images a second of the WebAssembly kernels alone, on one thread, for the shapes of TFC and LFC with random weights:
//   node --import ./scripts/ts.mjs bench/kernels.ts
import { frameStride } from '../compiler/hw/kernel.ts';
import { bipolar, int, ternary, uint } from '../compiler/qir/types.ts';
import type { ElementType } from '../compiler/qir/types.ts';
import { createKernelContext } from '../sim/kernels.ts';

let state = 1;
/** A uniform integer, from a linear congruential generator. */
function integer(min: number, max: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return min + Math.floor((state / 2 ** 32) * (max - min + 1));
}
function weightsOf(elem: ElementType, count: number): Int8Array {
  return Int8Array.from({ length: count }, () =>
    elem.kind === 'bipolar' ? integer(0, 1) * 2 - 1 : integer(-1, 1),
  );
}

interface Shape {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly weights: ElementType;
  readonly activations: ElementType;
}

function measure(shape: Shape): void {
  const context = createKernelContext();
  const frames = 64;
  const stride = (elem: ElementType, elements: number): number => frameStride({ elem, elements, lanes: 1 });
  const { sizes, activations } = shape;
  const levels =
    activations.kind === 'ternary'
      ? { count: 2, base: -1, step: 1 }
      : activations.kind === 'bipolar'
        ? { count: 1, base: -1, step: 2 }
        : { count: 3, base: -2, step: 1 };
  const spread = (channels: number, middle: number, gap: number): number[] =>
    Array.from({ length: channels * levels.count }, (_, i) =>
      Math.round(middle + gap * ((i % levels.count) - (levels.count - 1) / 2) + integer(-3, 3) / 2),
    );
  const flips = (channels: number): number[] => Array.from({ length: channels }, () => integer(0, 1));
  const [first = 0] = sizes;
  let at = context.reserve(stride(uint(8), first) * frames);
  const pixels = new Uint8Array(context.memory(), at, first * frames);
  for (let i = 0; i < pixels.length; i++) pixels[i] = integer(0, 255);
  const steps: (() => void)[] = [];
  const link = (
    kernel: (x: number, y: number, n: number) => void,
    elem: ElementType,
    elements: number,
  ): void => {
    const [from, to] = [at, context.reserve(stride(elem, elements) * frames)];
    steps.push(() => kernel(from, to, frames));
    at = to;
  };
  const entry = { ...levels, values: spread(1, 128, 60), flip: [0] };
  link(
    context.threshold({ elements: first, x: uint(8), y: activations, channels: 1, thresholds: entry }),
    activations,
    first,
  );
  for (let layer = 1; layer < sizes.length; layer++) {
    const [inputs, outputs] = [sizes[layer - 1] ?? 0, sizes[layer] ?? 0];
    const last = layer === sizes.length - 1;
    const y = last ? int(16) : activations;
    const spec = {
      inputs,
      outputs,
      x: activations,
      w: shape.weights,
      weights: weightsOf(shape.weights, inputs * outputs),
      y,
    };
    const thresholds = {
      ...levels,
      values: spread(outputs, 0, Math.sqrt(inputs)),
      flip: flips(outputs),
    };
    link(context.matvec(last ? spec : { ...spec, thresholds }), y, outputs);
  }
  const run = (): void => {
    for (const step of steps) step();
  };
  // processor time, so that other work on the machine matters little
  const used = (): number => process.cpuUsage().user / 1000;
  for (const until = used() + 300; used() < until;) run();
  let best = 0;
  for (let round = 0; round < 5; round++) {
    const start = used();
    let images = 0;
    while (used() - start < 200) {
      for (let i = 0; i < 16; i++) run();
      images += 16 * frames;
    }
    best = Math.max(best, (images / (used() - start)) * 1000);
  }
  process.stdout.write(
    `${shape.name.padEnd(12)} ${sizes.join('-').padEnd(26)} ${Math.round(best).toLocaleString('en')} images/s\n`,
  );
}

for (const shape of [
  { name: 'TFC W1A1', sizes: [784, 64, 64, 64, 10], weights: bipolar, activations: bipolar },
  { name: 'LFC W1A1', sizes: [784, 1024, 1024, 1024, 10], weights: bipolar, activations: bipolar },
  { name: 'TFC W1A2', sizes: [784, 64, 64, 64, 10], weights: bipolar, activations: int(2) },
  { name: 'TFC W2A2', sizes: [784, 64, 64, 64, 10], weights: ternary, activations: ternary },
]) {
  measure(shape);
}
