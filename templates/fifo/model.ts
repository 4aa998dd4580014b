import type { TimingModel, TimingTable } from '../../compiler/hw/index.ts';

/** Counts the beats: ready while there is room, valid while there is one; both from the count register alone. */
export class FifoModel implements TimingModel {
  readonly #depth: number;
  #count = 0;

  constructor(depth: number) {
    this.#depth = depth;
  }

  ready(): boolean {
    return this.#count < this.#depth;
  }

  valid(): boolean {
    return this.#count > 0;
  }

  tick(inputs: number, outputs: number): void {
    this.#count += inputs - outputs;
  }

  reset(): void {
    this.#count = 0;
  }

  state(): number {
    return this.#count;
  }

  /** Nothing moves by itself. */
  idle(): number {
    return Infinity;
  }

  skip(): void {
    // without transfers nothing changes
  }

  table(): TimingTable {
    return { kind: 'fifo', depth: this.#depth };
  }
}
