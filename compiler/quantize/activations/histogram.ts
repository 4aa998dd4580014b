/** Bins for each doubling of the magnitude, and the powers of two between which they lie. */
const PER_OCTAVE = 16;
const LOWEST = -48;
const HIGHEST = 48;
const BINS = (HIGHEST - LOWEST) * PER_OCTAVE;

/** Clippings tried below the greatest magnitude: an eighth of an octave apart, three octaves down. */
const STEPS = 24;

/** What tells the error of a grid. */
export interface Errors {
  /**
   * The expected squared error, summed, of rounding to multiples of `scale` up to `limit`: scale^2 / 12 for each number within the limit
   * (rounding errors are uniform), the square of what is cut off for each beyond. Numbers that round to 0 lose themselves.
   */
  readonly error: (scale: number, limit: number) => number;
}

/**
 * What calibration saw of one value. Magnitudes are counted in bins of equal ratio, so that the range need not be known beforehand.
 */
export class Histogram implements Errors {
  readonly #counts = new Float64Array(BINS);
  #min = Infinity;
  #max = -Infinity;
  #sum = 0;
  #count = 0;

  get min(): number {
    return this.#min;
  }

  get max(): number {
    return this.#max;
  }

  /** The greatest magnitude; 0 if nothing else was seen. */
  get greatest(): number {
    return Math.max(0, this.#max, -this.#min);
  }

  /** The mean magnitude. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** Adds numbers; returns the first that is not finite, if there is one. */
  add(data: ArrayLike<number>): number | undefined {
    for (let i = 0; i < data.length; i++) {
      const x = data[i] as number;
      if (!Number.isFinite(x)) return x;
      if (x < this.#min) this.#min = x;
      if (x > this.#max) this.#max = x;
      const magnitude = x < 0 ? -x : x;
      this.#sum += magnitude;
      this.#count++;
      if (magnitude === 0) continue;
      const bin = Math.floor((Math.log2(magnitude) - LOWEST) * PER_OCTAVE);
      const at = bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
      this.#counts[at] = (this.#counts[at] as number) + 1;
    }
    return undefined;
  }

  /** See Errors. */
  error(scale: number, limit: number): number {
    let sum = 0;
    for (let bin = 0; bin < BINS; bin++) {
      const count = this.#counts[bin] as number;
      if (count === 0) continue;
      const x = 2 ** (LOWEST + (bin + 0.5) / PER_OCTAVE);
      const error = x > limit ? (x - limit) ** 2 : Math.min(x * x, (scale * scale) / 12);
      sum += count * error;
    }
    return sum;
  }

  /** The limit, at most the greatest magnitude, with the least error for so many levels on one side of zero. */
  bestLimit(levels: number): number {
    const { greatest } = this;
    let best = greatest;
    let least = Infinity;
    for (let step = 0; step <= STEPS; step++) {
      const limit = greatest * 2 ** (-step / 8);
      const error = this.error(limit / levels, limit);
      if (error < least) [least, best] = [error, limit];
    }
    return best;
  }
}
