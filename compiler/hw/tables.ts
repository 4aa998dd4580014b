/**
 * A cycle model as plain data: what `TimingModel.table` gives, so that the engine by stamps (sim/wasm/advance.ts) can run it. Each kind is a
 * skeleton with the behaviour of the class that gives it; a model of another kind has no table, and designs with it run in the general engine.
 */
export type TimingTable =
  /** `StepPipeline`: by step, the input that it needs (-1: none), whether it emits, and how many steps from it on do neither. */
  | {
      readonly kind: 'steps';
      readonly need: Int8Array;
      readonly emit: Uint8Array;
      readonly silent: Int32Array;
      readonly depth: number;
    }
  /**
   * Words are written into a buffer of `depth` and read by steps into one output register. By step: the word of the frame that has to have
   * been written (negative: none), the words that are free before it, and whether it fills the register. A frame has `words` words.
   */
  | {
      readonly kind: 'reader';
      readonly need: Int32Array;
      readonly free: Int32Array;
      readonly emit: Uint8Array;
      readonly words: number;
      readonly depth: number;
    }
  /** Inputs with two-entry registers, of each of which a beat goes into every output beat, with `stages` stages between. */
  | { readonly kind: 'join'; readonly inputs: number; readonly stages: number }
  /** A two-entry register a reader; a beat is taken when none is full. */
  | { readonly kind: 'fork'; readonly readers: number }
  /** A buffer of `depth` beats. */
  | { readonly kind: 'fifo'; readonly depth: number }
  /** A group of `beats` beats begins at the earliest `period` cycles after the one before. */
  | { readonly kind: 'pace'; readonly beats: number; readonly period: number };
