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
  readonly frames: number;
  /** Random stalls on both ends from this 32-bit seed; absent: none. */
  readonly stalls?: number | undefined;
  readonly reset?: ResetOptions | undefined;
}

/** What every runner answers. Frames are those fed after the reset, if there was one. */
export interface RunResult {
  /** First frame that the outputs hold: 0, or where the reset resumed. */
  readonly firstFrame: number;
  readonly frames: number;
  /** One array an output: [frames][elements] integers. */
  readonly outputs: readonly TensorData[];
  /** One array an output: the cycle of every beat, [frames][beats]. */
  readonly outputCycles: readonly Float64Array[];
  /** Beats that left each output before the reset. */
  readonly abortedBeats: readonly number[];
  /** Cycles of the whole run: the stamp of its last output beat plus one. */
  readonly cycles: number;
}

/** One transfer of one channel. */
export interface Handshake {
  readonly cycle: number;
  /** Index of the channel in the graph. */
  readonly channel: number;
  /** Frame of the run (as numbered in the inputs) and beat within it. */
  readonly frame: number;
  readonly beat: number;
  /** The beat's bits, least significant byte first; padding bits zero. */
  readonly data: Uint8Array;
}
