import type { Cost } from '../../compiler/hw/index.ts';
import { modeOf } from './model.ts';

/**
 * `up`: a spill register on the narrow side and one enabled register a lane of the wide side. `down`: a shift register and a
 * spill register on the narrow side. `general`: a store with an insertion multiplexer for every place a beat can start at.
 */
export function cost(width: number, elements: number, from: number, to: number): Cost {
  const narrow = Math.min(from, to) * width;
  const wide = Math.max(from, to) * width;
  switch (modeOf(from, to)) {
    case 'up': {
      const ratio = to / from;
      return {
        lut: narrow + 8 + ratio + (elements % to === 0 ? 0 : ratio),
        ff: 2 * narrow + wide + 12,
        bram36: 0,
        dsp: 0,
      };
    }
    case 'down':
      return { lut: narrow * 2 + (wide - 2 * narrow) + 12, ff: 2 * narrow + wide, bram36: 0, dsp: 0 };
    case 'general':
      return {
        lut: Math.ceil((from + to) * width * 2.5) + to * width + 24,
        ff: (from + 3 * to) * width + 24,
        bram36: 0,
        dsp: 0,
      };
  }
}
