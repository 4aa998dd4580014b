/** Cycles for which a reset in mid-run holds `aresetn` low. */
export const RESET_CYCLES = 4;

/**
 * The stall pattern of one endpoint of the design: a xorshift32 generator, drawn exactly once a cycle.
 *
 * The definition in sim/README.md is binding for RTL harnesses as well: the same seed gives the same pattern there.
 */
export class StallSource {
  #state: number;
  /** Stalled cycles of 8, from 1 to 6. */
  readonly rate: number;

  /**
   * @param seed - any integer; its low 32 bits count
   * @param endpoint - the design's inputs in channel order, then its outputs, from 0
   */
  constructor(seed: number, endpoint: number) {
    this.#state = (Math.imul(seed, 2654435761) + Math.imul(endpoint + 1, 2246822519)) >>> 0;
    if (this.#state === 0) this.#state = 0x9e3779b9;
    for (let i = 0; i < 8; i++) this.#next();
    this.rate = 1 + ((this.#next() >>> 16) % 6);
  }

  #next(): number {
    let s = this.#state;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.#state = s >>> 0;
    return this.#state;
  }

  /** Whether the endpoint stalls in the next cycle; to be called once for each cycle. */
  draw(): boolean {
    return ((this.#next() >>> 16) & 7) < this.rate;
  }
}
