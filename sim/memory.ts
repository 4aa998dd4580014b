import { existsSync, readFileSync } from 'node:fs';
import { invariant } from '../compiler/diagnostics/index.ts';
import { root } from '../compiler/root.ts';

/** The functions of sim/wasm/kernels.ts; addresses and strides in bytes. See the sources there for what each computes. */
export interface WasmKernels {
  readonly memory: { readonly buffer: ArrayBuffer; readonly grow: (pages: number) => number };
  readonly heapBase: () => number;
  readonly xnorPops: (
    x: number,
    xStride: number,
    w: number,
    words: number,
    rows: number,
    y: number,
    yStride: number,
    frames: number,
  ) => void;
  readonly planes: (
    kind: number,
    x: number,
    xStride: number,
    y: number,
    words: number,
    frames: number,
  ) => void;
  readonly ternarySums: DotKernel;
  readonly dot16: DotKernel;
  readonly dot32: DotKernel;
  readonly affine: (
    y: number,
    stride: number,
    coef: number,
    base: number,
    count: number,
    frames: number,
  ) => void;
  readonly to16: ConvertKernel;
  readonly to32: ConvertKernel;
  readonly narrow: ConvertKernel;
  readonly moveBytes: MoveKernel;
  readonly moveBits: MoveKernel;
  readonly depthwise32: (
    x: number,
    w: number,
    bias: number,
    y: number,
    pitch: number,
    rows: number,
    taps: number,
    channels: number,
  ) => void;
  readonly reduce32: (
    x: number,
    y: number,
    pitch: number,
    rows: number,
    taps: number,
    channels: number,
    greatest: number,
  ) => void;
  readonly accumulate32: (x: number, y: number, factors: number, count: number) => void;
  readonly requantize32: (
    x: number,
    m: number,
    b: number,
    shift: bigint,
    low: bigint,
    high: bigint,
    unsigned: number,
    channels: number,
    pixels: number,
  ) => void;
  readonly compare8: CompareKernel;
  readonly compare16: CompareKernel;
  readonly compare32: CompareKernel;
  readonly levels: (
    x: number,
    stride: number,
    t: number,
    a: number,
    b: number,
    flip: number,
    count: number,
    thresholds: number,
    frames: number,
  ) => void;
  readonly steady: (
    nodes: number,
    nodeCount: number,
    channels: number,
    channelCount: number,
    ends: number,
    inputCount: number,
    outputCount: number,
    frames: number,
    punctual: number,
    work: number,
    result: number,
    room: number,
  ) => void;
  readonly levels8: (
    x: number,
    t: number,
    a: number,
    b: number,
    unsigned: number,
    y: number,
    stride: number,
    thresholds: number,
    frames: number,
  ) => void;
  readonly search: (
    x: number,
    stride: number,
    t: number,
    a: number,
    b: number,
    flip: number,
    count: number,
    channels: number,
    thresholds: number,
    frames: number,
  ) => void;
}

export type DotKernel = (
  x: number,
  bytes: number,
  w: number,
  rows: number,
  bias: number,
  y: number,
  yStride: number,
  frames: number,
) => void;

export type ConvertKernel = (
  kind: number,
  x: number,
  xStride: number,
  y: number,
  yStride: number,
  count: number,
  frames: number,
) => void;

export type MoveKernel = (
  x: number,
  xStride: number,
  y: number,
  yStride: number,
  runs: number,
  count: number,
  fill: number,
  frames: number,
) => void;

export type CompareKernel = (
  x: number,
  xStride: number,
  t: number,
  inv: number,
  unsigned: number,
  y: number,
  yStride: number,
  steps: number,
  frames: number,
) => void;

/** What is used of the host's WebAssembly object, which neither the es2023 library nor Node's types declare. */
interface WebAssemblyHost {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}
const { WebAssembly: host } = globalThis as unknown as { readonly WebAssembly: WebAssemblyHost };

let compiled: object | undefined;

function load(): object {
  if (compiled !== undefined) return compiled;
  const file = new URL('sim/wasm/build/kernels.wasm', root);
  invariant(existsSync(file), 'the WebAssembly kernels are not built: run node scripts/build-wasm.mjs');
  compiled = new host.Module(readFileSync(file));
  return compiled;
}

/** Kernels may read whole vectors past the last element of the last frame. */
const SLACK = 256;
const PAGE = 65536;

/** One instance of the kernels with a memory of its own, which only grows. */
export class Arena {
  readonly wasm: WasmKernels;
  #top: number;

  constructor() {
    this.wasm = new host.Instance(load(), {}).exports as WasmKernels;
    this.#top = Math.ceil(this.wasm.heapBase() / 16) * 16;
  }

  /** Reserves zeroed memory, 16-byte aligned; views taken earlier become detached when the memory has to grow. */
  reserve(bytes: number): number {
    const at = this.#top;
    this.#top = at + Math.ceil(bytes / 16) * 16;
    const missing = this.#top + SLACK - this.wasm.memory.buffer.byteLength;
    if (missing > 0) this.wasm.memory.grow(Math.ceil(missing / PAGE));
    return at;
  }

  /** Gives back all that was reserved from `at` on; the next that is reserved there is not zeroed. */
  rewind(at: number): void {
    this.#top = at;
  }

  /** Reserves memory and writes the bytes of a typed array into it. */
  place(data: ArrayBufferView): number {
    const at = this.reserve(data.byteLength);
    new Uint8Array(this.wasm.memory.buffer, at, data.byteLength).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
    return at;
  }
}
