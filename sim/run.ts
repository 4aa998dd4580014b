import type { TensorData } from '../compiler/qir/types.ts';

/** A reset in mid-run; see sim/README.md for the exact cycles. */
export interface ResetOptions {
  /** First cycle with `aresetn` low. The reset takes place even if all frames have left before. */
  readonly at: number;
  /** The frame that the sources feed first after the reset. */
  readonly resume: number;
}

/** What every runner of a design (cycle engine, RTL harness) is asked. */
export interface RunRequest {
  /**
   * One array of integers an input, in the order of the design's inputs: [frames][elements], frames one after the other. Values are
   * those of the input's element type (bipolar: -1 and +1).
   */
  readonly inputs: readonly ArrayLike<number>[];
  /** Random stalls on both ends from this 32-bit seed; absent: none. */
  readonly stalls?: number | undefined;
  readonly reset?: ResetOptions | undefined;
}

/** The handshakes of one channel. */
export interface ChannelLog {
  /** Name of the channel. */
  readonly channel: string;
  /** Cycle of each transfer. */
  readonly cycles: Float64Array;
  /** The beats in that order, each ceil(bits / 8) bytes, least significant first, padding bits zero. */
  readonly data: Uint8Array;
}

/** What every runner answers. */
export interface RunResult {
  /** One array an output: [frames][elements] integers; after a reset, of the frames that were fed after it. */
  readonly outputs: readonly TensorData[];
  /** One array an input: the cycle of every beat's transfer, those before a reset included. */
  readonly inputCycles: readonly Float64Array[];
  /** One array an output: the cycle of every beat's transfer, those before a reset included. */
  readonly outputCycles: readonly Float64Array[];
  /** Beats that left each output before the reset. */
  readonly abortedBeats: readonly number[];
  /** Cycles of the whole run: the stamp of its last output beat plus one. */
  readonly cycles: number;
  /** Every channel's handshakes, in the order of the graph's channels; null unless asked for. */
  readonly log: readonly ChannelLog[] | null;
}
