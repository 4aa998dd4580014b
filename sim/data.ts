import { invariant } from '../compiler/diagnostics/index.ts';
import { frameStride } from '../compiler/hw/kernel.ts';
import type { FrameKernel } from '../compiler/hw/kernel.ts';
import type { TensorData } from '../compiler/qir/types.ts';
import { createKernelContext } from './kernels.ts';
import type { EngineContext } from './kernels.ts';
import type { Netlist } from './netlist.ts';
import { frameArray, packFrames, unpackFrames } from './pack.ts';

/** Bytes that the frame buffers of one chunk aim at: what stays in a second-level cache beside the weights. */
const CHUNK_BYTES = 256 * 1024;
const CHUNK_MIN = 1;
const CHUNK_MAX = 256;

interface Step {
  readonly kernel: FrameKernel;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** What the beats of a netlist carry: computes frames in chunks, every channel in a buffer of its own. */
export class DataPath {
  readonly #net: Netlist;
  readonly #context: EngineContext;
  /** Address of each channel's buffer. */
  readonly #buffer: readonly number[];
  readonly #steps: readonly Step[];
  /** Frames of one chunk. */
  readonly chunk: number;

  constructor(net: Netlist) {
    this.#net = net;
    this.#context = createKernelContext();
    const context = this.#context;
    const strides = net.channels.map(({ channel }) => frameStride(channel.stream));
    const kernels = net.nodes.map(({ node, unit }) => unit.kernel(node, context));
    // a channel behind a unit that only moves beats shares the buffer of the channel before it
    const shared = new Map<number, number>();
    net.nodes.forEach(({ inputs, outputs }, n) => {
      const [from = -1] = inputs;
      const kernel = kernels[n];
      if (kernel === undefined || !context.copies(kernel)) return;
      for (const to of outputs) if (strides[to] === strides[from]) shared.set(to, shared.get(from) ?? from);
    });
    const perFrame = strides.reduce((sum, stride, c) => sum + (shared.has(c) ? 0 : stride), 0);
    this.chunk = Math.max(CHUNK_MIN, Math.min(CHUNK_MAX, Math.floor(CHUNK_BYTES / Math.max(1, perFrame))));
    const own = strides.map((stride, c) => (shared.has(c) ? -1 : context.reserve(stride * this.chunk)));
    this.#buffer = own.map((at, c) => own[shared.get(c) ?? c] ?? at);
    const addresses = (channels: readonly number[]): number[] => channels.map((c) => this.#buffer[c] ?? 0);
    this.#steps = net.nodes.flatMap(({ inputs, outputs }, n) => {
      const kernel = kernels[n];
      if (kernel === undefined || outputs.every((c) => shared.has(c))) return [];
      return [{ kernel, inputs: addresses(inputs), outputs: addresses(outputs) }];
    });
  }

  /** Computes frames `first` .. `first + frames - 1` (at most `chunk`) of the inputs on every channel. */
  compute(inputs: readonly ArrayLike<number>[], first: number, frames: number): void {
    invariant(frames <= this.chunk, 'a chunk holds so many frames');
    this.#net.inputs.forEach((c, i) => {
      const { stream } = this.#channel(c);
      packFrames(stream, inputs[i] ?? [], first, frames, this.#context.memory(), this.#buffer[c] ?? 0);
    });
    for (const { kernel, inputs: from, outputs: to } of this.#steps) kernel(from, to, frames);
  }

  /** Copies the first `frames` frames of the chunk on channel `c` into `data` [..][elements] from frame `at` on. */
  read(c: number, frames: number, data: TensorData, at: number): void {
    unpackFrames(this.#channel(c).stream, this.#context.memory(), this.#buffer[c] ?? 0, frames, data, at);
  }

  /** The first `frames` frames of the chunk on channel `c`. */
  frames(c: number, frames: number): TensorData {
    const data = frameArray(this.#channel(c).stream, frames);
    this.read(c, frames, data, 0);
    return data;
  }

  #channel(c: number): Netlist['channels'][number]['channel'] {
    const found = this.#net.channels[c];
    invariant(found !== undefined, `channel ${c} exists`);
    return found.channel;
  }
}
