/**
 * The shortest decimal text that reads back as exactly this double. Unlike `String` it keeps the sign of zero; infinities and NaN, which
 * only a faulty graph holds, print as `inf`, `-inf` and `nan`.
 */
export function printNumber(value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return String(value);
}

/** The shortest decimal text that, read as a double and rounded to float32, is exactly this float32. */
export function printFloat32(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return printNumber(value);
  for (let digits = 1; digits <= 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return printNumber(value);
}

/** Reads what `printNumber` writes, and any other decimal number. */
export function parseNumber(text: string): number {
  if (text === 'inf') return Infinity;
  if (text === '-inf') return -Infinity;
  if (text === 'nan') return NaN;
  return Number(text);
}
