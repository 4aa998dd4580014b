import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { resolve } from 'node:path';
import { DiagnosticError, fail } from '../../compiler/diagnostics/index.ts';
import {
  badRunInput,
  protocolFault,
  simulationStuck,
  simulatorDied,
} from '../../compiler/diagnostics/catalog/verilator.ts';
import { beatBytes, beats, packBeats, unpackBeats, type DesignPort } from '../../compiler/hw/index.ts';
import type { ChannelLog, RunRequest, RunResult } from '../run.ts';
import { buildVerilator, type BuildRequest, type VerilatorModel } from './build.ts';

/** One run of a design in Verilator; cycles, stalls and resets are as sim/README.md defines them. */
export interface VerilatorRun extends RunRequest {
  /** Log every handshake of every channel (the model must have been built with the monitor). */
  readonly log?: boolean | undefined;
  /** Write the waveforms of every signal to this VCD file (the model must have been built with trace). */
  readonly vcd?: string | undefined;
  /** Cycles without a transfer at any port after which the run has hung; default 1,000,000. */
  readonly idleLimit?: number | undefined;
}

/** What a run yields: the form that the cycle engine's runs have as well. */
export interface VerilatorResult extends RunResult {
  /** Seconds that the simulator took, the pipe included. */
  readonly seconds: number;
}

/** A compiled design that runs frames, one run after the other; every run starts from reset. */
export interface VerilatorRunner {
  readonly model: VerilatorModel;
  /**
   * Runs frames through the RTL.
   *
   * @throws DiagnosticError QCC5310 if the design hangs, QCC5311 if it breaks the protocol of a port, QCC5320 if the inputs do
   * not fit.
   */
  readonly run: (request: VerilatorRun) => Promise<VerilatorResult>;
  /** Ends the simulator's process. */
  readonly close: () => void;
}

const flagStalls = 1;
const flagReset = 2;
const flagLog = 4;
const flagTrace = 8;

/** Reads an answer: numbers and blocks, all at multiples of 8 bytes (PROTOCOL.md). */
class Reader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  f64(): number {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }

  stamps(): Float64Array {
    const count = this.f64();
    const stamps = new Float64Array(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, count);
    this.#at += count * 8;
    return stamps;
  }

  block(): Uint8Array {
    const count = this.f64();
    const block = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += Math.ceil(count / 8) * 8;
    return block;
  }
}

function encode(model: VerilatorModel, inputs: readonly DesignPort[], request: VerilatorRun): Buffer[] {
  let frames = -1;
  const packed = inputs.map((port, index) => {
    const values = request.inputs[index];
    const { stream } = port.channel;
    const count = (values?.length ?? 0) / stream.elements;
    if (
      values === undefined ||
      !Number.isInteger(count) ||
      count === 0 ||
      (frames >= 0 && count !== frames)
    ) {
      const found = values === undefined ? 'no data' : `${values.length} elements`;
      const expected = frames > 0 ? `${frames} frames` : 'one or more whole frames';
      fail(badRunInput(port.name, found, `${expected} of ${stream.elements} elements`));
    }
    frames = count;
    return Buffer.from(packBeats(stream, values));
  });
  if (request.inputs.length !== inputs.length) {
    fail(badRunInput(model.top, `${request.inputs.length} inputs`, `${inputs.length} inputs`));
  }
  const { stalls, reset, log, vcd } = request;
  if (
    reset !== undefined &&
    !(Number.isInteger(reset.resume) && reset.resume >= 0 && reset.resume <= frames)
  ) {
    fail(badRunInput('the reset', `frame ${reset.resume} to go on with`, `a frame from 0 to ${frames}`));
  }
  if (log === true && !model.monitor) throw new RangeError('the model was built without its monitor');
  if (vcd !== undefined && !model.trace) throw new RangeError('the model was built without trace');
  const path = Buffer.from(vcd === undefined ? '' : resolve(vcd), 'utf8');
  const head = Buffer.alloc(40);
  head.writeUInt32LE(frames, 0);
  const flags =
    (stalls === undefined ? 0 : flagStalls) |
    (reset === undefined ? 0 : flagReset) |
    (log === true ? flagLog : 0) |
    (vcd === undefined ? 0 : flagTrace);
  head.writeUInt32LE(flags, 4);
  head.writeUInt32LE((stalls ?? 0) >>> 0, 8);
  head.writeUInt32LE(reset?.resume ?? 0, 12);
  head.writeDoubleLE(reset?.at ?? 0, 16);
  head.writeDoubleLE(request.idleLimit ?? 1_000_000, 24);
  head.writeUInt32LE(path.length, 32);
  return [head, path, ...packed];
}

/** What a channel's end shows: bit 0 valid, bit 1 ready. */
function describeEnd(name: string, state: number): string | undefined {
  switch (state) {
    case 1:
      return `${name} waits for ready`;
    case 2:
      return `${name} waits for valid`;
    default:
      return undefined;
  }
}

function decode(
  model: VerilatorModel,
  body: Uint8Array<ArrayBuffer>,
  request: VerilatorRun,
  seconds: number,
): VerilatorResult {
  const reader = new Reader(body);
  const status = reader.u32();
  const fault = reader.u32();
  const faultEnd = reader.u32();
  reader.u32();
  const faultCycle = reader.f64();
  const cycles = reader.f64();
  const waiting: (string | undefined)[] = [];
  const inputCycles: Float64Array[] = [];
  const outputCycles: Float64Array[] = [];
  const abortedBeats: number[] = [];
  const blocks: Uint8Array[] = [];
  for (const port of model.ports) {
    waiting.push(describeEnd(`port ${port.name}`, reader.f64()));
    if (port.direction === 'in') {
      inputCycles.push(reader.stamps());
      continue;
    }
    abortedBeats.push(reader.f64());
    outputCycles.push(reader.stamps());
    blocks.push(reader.block());
  }
  const log: ChannelLog[] = [];
  if (model.monitor) {
    for (const channel of model.channels) {
      const state = reader.f64();
      if (request.log === true) waiting.push(describeEnd(`channel ${channel.name}`, state));
      log.push({ channel: channel.name, cycles: reader.stamps(), data: reader.block() });
    }
  }
  if (fault !== 0) {
    const port = model.ports[faultEnd]?.name ?? '?';
    const [found, expected] = (
      {
        1: [
          'TLAST elsewhere than on the last beat of a frame',
          'TLAST on the last beat of each frame and no other',
        ],
        2: ['padding bits of TDATA that are not zero', 'zeros above the elements'],
        3: ['valid or data that changed before the transfer', 'valid and data that hold until ready'],
      } as Readonly<Record<number, readonly [string, string]>>
    )[fault] ?? ['an unknown fault', 'none'];
    fail(protocolFault(port, faultCycle, found, expected));
  }
  if (status !== 0) {
    const named = waiting.filter((text) => text !== undefined);
    fail(
      simulationStuck(
        model.top,
        cycles,
        named.length > 0 ? named.join('; ') : 'no end offers or accepts a beat',
      ),
    );
  }
  // With more beats than were asked for the design is wrong, but whole frames are what a caller can compare.
  const outputs = model.ports
    .filter((port) => port.direction === 'out')
    .map((port, index) => {
      const { stream } = port.channel;
      const block = blocks[index] as Uint8Array;
      const whole = beatBytes(stream) * beats(stream);
      return unpackBeats(stream, block.subarray(0, Math.floor(block.length / whole) * whole));
    });
  return {
    outputs,
    cycles,
    inputCycles,
    outputCycles,
    abortedBeats,
    log: request.log === true ? log : null,
    seconds,
  };
}

/** The simulator's process and what it has said since the last answer. */
class Process {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #top: string;
  #chunks: Buffer[] = [];
  #have = 0;
  #want = -1;
  #messages = '';
  #settle: {
    readonly resolve: (body: Uint8Array<ArrayBuffer>) => void;
    readonly reject: (error: Error) => void;
  } | null = null;

  constructor(model: VerilatorModel) {
    this.#top = model.top;
    this.#child = spawn(model.executable, [], { cwd: model.folder, stdio: 'pipe' });
    this.#child.stdout.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#messages = (this.#messages + chunk.toString('utf8')).slice(-4000);
    });
    this.#child.on('error', (error) => this.#end(error.message));
    this.#child.on('close', () => this.#end(this.#messages.trim()));
    // writing to a process that has ended is reported by `close`
    this.#child.stdin.on('error', () => undefined);
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #end(message: string): void {
    this.#settle?.reject(new DiagnosticError([simulatorDied(this.#top, message)]));
    this.#settle = null;
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#have += chunk.length;
    if (this.#want < 0 && this.#have >= 8) {
      const start = Buffer.concat(this.#chunks);
      this.#want = start.readDoubleLE(0);
      this.#chunks = [start];
    }
    if (this.#want < 0 || this.#have < this.#want + 8) return;
    // a buffer of its own, so that typed arrays may lie over it
    const body = new Uint8Array(this.#want);
    let at = -8;
    for (const part of this.#chunks) {
      body.set(at < 0 ? part.subarray(8) : part, Math.max(at, 0));
      at += part.length;
    }
    this.#chunks = [];
    this.#have = 0;
    this.#want = -1;
    this.#settle?.resolve(body);
    this.#settle = null;
  }

  async exchange(parts: readonly Buffer[]): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      for (const part of parts) this.#child.stdin.write(part);
    });
  }

  close(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}

/** Starts a runner on a compiled design. */
export function startVerilator(model: VerilatorModel): VerilatorRunner {
  const inputs = model.ports.filter((port) => port.direction === 'in');
  let process: Process | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const run = async (request: VerilatorRun): Promise<VerilatorResult> => {
    const parts = encode(model, inputs, request);
    if (process === null || process.ended) process = new Process(model);
    const started = performance.now();
    const body = await process.exchange(parts);
    return decode(model, body, request, (performance.now() - started) / 1000);
  };
  return {
    model,
    run: async (request) => {
      // one run after the other: the pipe carries one conversation
      const mine = last.then(async () => run(request));
      last = mine.catch(() => undefined);
      return mine;
    },
    close: () => {
      process?.close();
      process = null;
    },
  };
}

/** Builds a design (or takes it from the cache) and starts a runner on it. */
export async function createVerilatorRunner(request: BuildRequest): Promise<VerilatorRunner> {
  return startVerilator(await buildVerilator(request));
}
