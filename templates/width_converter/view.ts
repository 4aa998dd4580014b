import type { TemplateView } from '../../compiler/hw/index.ts';
import { gearSteps, storeOf } from './model.ts';
import type { Geometry } from './model.ts';

function bitsFor(greatest: number): number {
  return Math.max(1, Math.ceil(Math.log2(greatest + 1)));
}

/** Everything the template prints, as numbers and ready literals. */
export function view(width: number, geometry: Geometry): TemplateView {
  const { mode, from, to, period } = geometry;
  const inputBeats = Math.ceil(period / from);
  const outputBeats = Math.ceil(period / to);
  const common = {
    mode,
    from,
    to,
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
  return { ...common, ...generalView(width, geometry) };
}

/** The counter of beats within a row, and the elements of the row's last beat; false if every beat is full. */
function rowView(row: number, lanes: number, levelBits: number): TemplateView | false {
  if (row === lanes) return false;
  const count = Math.ceil(row / lanes);
  const bits = bitsFor(count - 1);
  return {
    // a row of one beat needs no counter
    counted: count > 1,
    bits,
    msb: bits - 1,
    last: `${bits}'d${count - 1}`,
    rest: `${levelBits}'d${row - (count - 1) * lanes}`,
  };
}

/** The `general` mode. */
function generalView(width: number, geometry: Geometry): TemplateView {
  const { from, to, fromRow, toRow } = geometry;
  const steps = gearSteps(geometry);
  const { levels, wide, held, greatest } = storeOf(geometry);
  const levelBits = bitsFor(greatest);
  // a beat that ends a row leaves elements of the next row behind: they are not for it
  const rest = toRow % to;
  const cut = steps.some(({ emit, level, count }) => emit && count < to && level > count);
  return {
    levelBits,
    levelMsb: levelBits - 1,
    wideBits: wide * width,
    wideMsb: wide * width - 1,
    storeBits: held * width,
    storeMsb: held * width - 1,
    extend: (wide - held) * width,
    inRow: rowView(fromRow, from, levelBits),
    outRow: rowView(toRow, to, levelBits),
    cut,
    restBits: rest * width,
    mask: ((1n << BigInt(rest * width)) - 1n).toString(16),
    places: levels.map((level) => ({
      level,
      below: level * width,
      above: (wide - from - level) * width,
    })),
  };
}
