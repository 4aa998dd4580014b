/** When the beats of one channel move: recorded cycles around a stretch of whole periods that is known by arithmetic. */
export class ChannelTimes {
  readonly #recorded: number[] = [];
  #before = Infinity;
  #period = 0;
  #skipped = 0;
  #cycles = 0;

  /** Notes the next transfer. */
  record(cycle: number): void {
    this.#recorded.push(cycle);
  }

  /**
   * Declares that the last `beats` transfers repeat `times` times, `cycles` cycles later each time; transfers recorded from now on
   * come after them.
   */
  repeat(beats: number, cycles: number, times: number): void {
    this.#before = this.#recorded.length;
    this.#period = beats;
    this.#cycles = cycles;
    this.#skipped = beats * times;
  }

  /** Number of transfers. */
  get length(): number {
    return this.#recorded.length + this.#skipped;
  }

  /** The cycle of transfer `k`, from 0. */
  cycleOf(k: number): number {
    if (k < this.#before) return this.#recorded[k] ?? NaN;
    const into = k - this.#before;
    if (into >= this.#skipped) return this.#recorded[k - this.#skipped] ?? NaN;
    const turn = Math.floor(into / this.#period);
    const base = this.#recorded[this.#before - this.#period + (into - turn * this.#period)] ?? NaN;
    return base + (turn + 1) * this.#cycles;
  }

  /** Writes the cycles of all transfers into `into` from `at` on. */
  copyTo(into: Float64Array, at: number): void {
    const head = Math.min(this.#before, this.#recorded.length);
    for (let k = 0; k < head; k++) into[at + k] = this.#recorded[k] ?? NaN;
    const end = at + head + this.#skipped;
    // every repeated transfer comes a period after its predecessor, which already stands in the array
    for (let k = at + head; k < end; k++) into[k] = (into[k - this.#period] ?? NaN) + this.#cycles;
    for (let k = head; k < this.#recorded.length; k++) into[end + k - head] = this.#recorded[k] ?? NaN;
  }
}
