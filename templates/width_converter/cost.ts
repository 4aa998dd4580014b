import type { Cost } from '../../compiler/hw/index.ts';
import { storeOf } from './model.ts';
import type { Geometry } from './model.ts';

/** Bits of a counter of `values` values, 1 or more. */
function counterBits(values: number): number {
  return Math.max(1, Math.ceil(Math.log2(values)));
}

/**
 * `up`: a spill register on the narrow side and one enabled register a lane of the wide side, which a frame that ends in mid-group has to
 * clear. `down`: a shift register and a spill register on the narrow side. `general`: a store with an insertion multiplexer for
 * every place a beat can start at.
 */
export function cost(width: number, geometry: Geometry): Cost {
  const { mode, from, to, period } = geometry;
  const narrow = Math.min(from, to) * width;
  const wide = Math.max(from, to) * width;
  const ratio = wide / narrow;
  const beats = Math.ceil(period / Math.min(from, to));
  const ragged = beats % ratio !== 0;
  switch (mode) {
    case 'up':
      return {
        lut: narrow + 8 + ratio + (ragged ? wide - narrow + ratio : 0),
        ff: 2 * narrow + wide + 3 + counterBits(ratio) + (ragged ? counterBits(beats) : 0),
        bram36: 0,
        dsp: 0,
      };
    case 'down':
      return {
        lut: narrow * 2 + (wide - 2 * narrow) + 12,
        ff: narrow + wide + 2 + counterBits(ratio) + (ragged ? counterBits(beats) : 0),
        bram36: 0,
        dsp: 0,
      };
    case 'general': {
      const { levels, held, greatest } = storeOf(geometry);
      const counters = [geometry.fromRow / from, geometry.toRow / to].reduce(
        (bits, beats) => bits + (beats > 1 ? counterBits(beats) : 0),
        0,
      );
      return {
        lut: Math.round(width * (0.2 * levels.length * from + 1.8 * (held + to)) + 2 * counters),
        ff: (held + 2 * to) * width + 2 + counterBits(greatest + 1) + counters,
        bram36: 0,
        dsp: 0,
      };
    }
  }
}
