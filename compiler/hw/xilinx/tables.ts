/** Tables of a few signals, one per processing element, shared where they are equal. */
import { ONE, ZERO } from './netlist.ts';
import type { Net, NetlistBuilder, PinFunction } from './netlist.ts';

/** A function of the pins, each 0 or 1, and of the number that they make, the first pin the lowest bit. */
export type TableFunction = (pins: readonly number[], row: number) => boolean | number;

/**
 * One signal per function of the same pins. Constants and copies of a pin cost nothing, equal functions are
 * built once, and two functions share a LUT6_2 while there are at most five pins.
 */
export function sharedTables(
  builder: NetlistBuilder,
  pins: readonly Net[],
  functions: readonly TableFunction[],
): readonly Net[] {
  const rows = [...Array(2 ** pins.length).keys()].map((row) => pins.map((_, index) => (row >> index) & 1));
  const keys = functions.map((f) => rows.map((values, row) => (f(values, row) ? '1' : '0')).join(''));
  const nets = new Map<string, Net>([
    ['0'.repeat(rows.length), ZERO],
    ['1'.repeat(rows.length), ONE],
  ]);
  pins.forEach((pin, index) => nets.set(rows.map((values) => values[index]).join(''), pin));
  const wanted = [...new Set(keys)].filter((key) => !nets.has(key));
  const byKey =
    (key: string): PinFunction =>
    (values) => {
      let row = 0;
      for (let index = 0; index < values.length; index++) row += values[index]! << index;
      return key[row] === '1';
    };
  const step = pins.length <= 5 ? 2 : 1;
  for (let index = 0; index < wanted.length; index += step) {
    const first = wanted[index]!;
    const second = step === 2 ? wanted[index + 1] : undefined;
    if (second === undefined) nets.set(first, builder.lut(pins, byKey(first)));
    else {
      const [a, b] = builder.lut(pins, byKey(first), byKey(second));
      nets.set(first, a);
      nets.set(second, b);
    }
  }
  return keys.map((key) => nets.get(key)!);
}
