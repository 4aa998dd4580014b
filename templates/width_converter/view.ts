import { bitWidth } from '../../compiler/qir/types.ts';
import type { TemplateView } from '../../compiler/hw/index.ts';
import { modeOf } from './model.ts';
import type { WidthParams } from './unit.ts';

function bitsFor(greatest: number): number {
  return Math.max(1, Math.ceil(Math.log2(greatest + 1)));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Everything the template prints, as numbers and ready literals. */
export function view({ elem, elements, from, to }: WidthParams): TemplateView {
  const width = bitWidth(elem);
  const mode = modeOf(from, to);
  const inputBeats = Math.ceil(elements / from);
  const outputBeats = Math.ceil(elements / to);
  const common = {
    mode,
    from,
    to,
    elements,
    inMsb: from * width - 1,
    inBits: from * width,
    outMsb: to * width - 1,
    outBits: to * width,
  };
  if (mode === 'up') {
    const ratio = to / from;
    const slotBits = bitsFor(ratio - 1);
    const beatBits = bitsFor(inputBeats - 1);
    return {
      ...common,
      ratio,
      slotBits,
      slotMsb: slotBits - 1,
      // Where every group is complete the beat counter is not needed: the slot counter tells the end of a group.
      ragged: inputBeats % ratio !== 0,
      beatBits,
      beatMsb: beatBits - 1,
      lastBeat: inputBeats - 1,
      lastSlot: ratio - 1,
      slots: Array.from({ length: ratio }, (_, slot) => ({
        slot,
        high: (slot + 1) * from * width - 1,
        low: slot * from * width,
      })),
    };
  }
  if (mode === 'down') {
    const ratio = from / to;
    const beatBits = bitsFor(outputBeats - 1);
    const slotBits = bitsFor(ratio - 1);
    return {
      ...common,
      ratio,
      slotBits,
      slotMsb: slotBits - 1,
      lastSlot: ratio - 1,
      beatBits,
      beatMsb: beatBits - 1,
      lastBeat: outputBeats - 1,
      ragged: outputBeats % ratio !== 0,
      restMsb: (from - to) * width - 1,
      restBits: (from - to) * width,
      // With a ratio of two there is nothing left to shift.
      shifts: ratio > 2,
    };
  }
  const levelBits = bitsFor(from + to);
  const step = greatestCommonDivisor(from, to);
  return {
    ...common,
    levelBits,
    levelMsb: levelBits - 1,
    storeBits: (from + to) * width,
    storeMsb: (from + to) * width - 1,
    inputLeftBits: bitsFor(inputBeats),
    inputLeftMsb: bitsFor(inputBeats) - 1,
    outputLeftBits: bitsFor(outputBeats),
    outputLeftMsb: bitsFor(outputBeats) - 1,
    inputBeats,
    outputBeats,
    places: Array.from({ length: Math.ceil(to / step) }, (_, place) => ({
      level: place * step,
      below: place * step * width,
      above: (from + to - from - place * step) * width,
    })),
  };
}
