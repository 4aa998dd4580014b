import { frameLayout, frameStride } from '../compiler/hw/kernel.ts';
import type { GatherSpec } from '../compiler/hw/kernel.ts';
import { readLayout } from '../compiler/hw/layout.ts';
import type { ElementType } from '../compiler/qir/types.ts';
import type { Arena } from './memory.ts';
import { layoutBytes } from './threshold.ts';
import type { Kernel } from './threshold.ts';

/** A source that stands for the fill value. */
const FILL = 0xffffffff;

const frameOf = (elem: ElementType, elements: number) => ({ elem, elements, lanes: 1 });

/** Runs of elements as triples: source (or FILL), destination, length. */
type Runs = number[];

/** A kernel that moves runs of elements of one type, each frame alike. `fill` is the filled element's code. */
function mover(
  arena: Arena,
  elem: ElementType,
  runs: Runs,
  strides: { readonly x: number; readonly y: number },
  fill: number,
): Kernel {
  const size = layoutBytes(frameLayout(elem));
  const whole = size > 0 || runs.every((n) => n === FILL || n % 8 === 0);
  const unit = (n: number): number => (size > 0 ? n * size : whole ? n / 8 : n);
  const table = Uint32Array.from(runs, (n) => (n === FILL ? FILL : unit(n)));
  const at = arena.place(table);
  const byte = size > 0 ? fill & 0xff : fill > 0 ? 0xff : 0;
  const run = whole ? arena.wasm.moveBytes : arena.wasm.moveBits;
  const last = whole ? byte : byte & 1;
  return (x, y, frames) => run(x, strides.x, y, strides.y, at, runs.length / 3, last, frames);
}

/** `rows` rows of a frame to rows that begin at aligned addresses (`spread`), or back. */
export function moveRows(
  arena: Arena,
  elem: ElementType,
  elements: number,
  rows: number,
  way: 'spread' | 'collect',
): Kernel {
  const aligned = frameStride(frameOf(elem, elements));
  const size = layoutBytes(frameLayout(elem));
  const pitch = size > 0 ? aligned / size : aligned * 8;
  const runs: Runs = [];
  for (let row = 0; row < rows; row++) {
    const [tight, apart] = [row * elements, row * pitch];
    runs.push(...(way === 'spread' ? [tight, apart] : [apart, tight]), elements);
  }
  return mover(arena, elem, runs, { x: 0, y: 0 }, 0);
}

/** Whether every byte of an element that holds `fill` is the same, so that a byte can fill it. */
function fillsByBytes(elem: ElementType, fill: number): boolean {
  const size = layoutBytes(frameLayout(elem));
  return size <= 1 || fill === 0 || fill === -1;
}

function runsOf(index: Int32Array): Runs {
  const runs: Runs = [];
  let start = 0;
  for (let i = 1; i <= index.length; i++) {
    const before = index[i - 1] ?? -1;
    const follows = before < 0 ? (index[i] ?? 0) < 0 : index[i] === before + 1;
    if (i < index.length && follows) continue;
    const from = index[start] ?? -1;
    runs.push(from < 0 ? FILL : from, start, i - start);
    start = i;
  }
  return runs;
}

/** Builds a selection of elements; see KernelContext.gather. */
export function buildGather(arena: Arena, spec: GatherSpec): Kernel {
  const { inputElements, outputElements, index, fill } = spec;
  const strides = {
    x: frameStride(frameOf(spec.x, inputElements)),
    y: frameStride(frameOf(spec.y, outputElements)),
  };
  const same = frameLayout(spec.x) === frameLayout(spec.y);
  const fills = index.some((source) => source < 0);
  if (same && (!fills || fillsByBytes(spec.y, fill)))
    return mover(arena, spec.y, runsOf(index), strides, fill);
  // the element is widened on the way, or filled with different bytes
  return (input, output, frames) => {
    const memory = arena.wasm.memory.buffer;
    const x = readLayout(memory, frameOf(spec.x, inputElements), input);
    const y = readLayout(memory, frameOf(spec.y, outputElements), output);
    for (let frame = 0; frame < frames; frame++)
      for (let i = 0; i < outputElements; i++) {
        const at = index[i] ?? -1;
        y.set(frame, i, at < 0 ? fill : x.get(frame, at));
      }
  };
}
