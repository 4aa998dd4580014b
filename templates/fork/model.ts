import type { TimingModel, TimingTable } from '../../compiler/hw/index.ts';

/** The cycle model: one two-entry register a reader; a beat is taken when none of them is full. */
export class ForkModel implements TimingModel {
  /** Beats that wait for each reader: 0, 1 or 2. */
  readonly #waiting: Uint8Array;

  constructor(readers: number) {
    this.#waiting = new Uint8Array(readers);
  }

  ready(): boolean {
    return !this.#waiting.includes(2);
  }

  valid(port: number): boolean {
    return this.#waiting[port] !== 0;
  }

  tick(inputs: number, outputs: number): void {
    for (let reader = 0; reader < this.#waiting.length; reader++) {
      const left = (outputs >> reader) & 1;
      this.#waiting[reader] = (this.#waiting[reader] ?? 0) + (inputs & 1) - left;
    }
  }

  reset(): void {
    this.#waiting.fill(0);
  }

  state(): number {
    return this.#waiting.reduce((state, waiting) => state * 3 + waiting, 0);
  }

  /** Nothing moves by itself. */
  idle(): number {
    return Infinity;
  }

  skip(): void {
    // without transfers nothing changes
  }

  table(): TimingTable {
    return { kind: 'fork', readers: this.#waiting.length };
  }
}
