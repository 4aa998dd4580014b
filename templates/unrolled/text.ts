/** Bits that hold `min` to `max`, two's complement if `min` is negative. */
export function bitsFor(min: number, max: number): number {
  let bits = 1;
  if (min >= 0) while (max >= 2 ** bits) bits++;
  else while (min < -(2 ** (bits - 1)) || max >= 2 ** (bits - 1)) bits++;
  return bits;
}

/** The constant `value` as a literal of `bits` bits, two's complement. */
export function literal(value: number, bits: number, signed = false): string {
  const wrapped = ((value % 2 ** bits) + 2 ** bits) % 2 ** bits;
  return `${bits}'${signed ? 's' : ''}d${wrapped}`;
}

/** A signal of `bits` bits extended or cut to `width`; what is cut has to be a plain name. */
export function extended(name: string, bits: number, width: number, signed: boolean): string {
  if (width === bits) return name;
  if (width < bits) return width === 1 ? `${name}[0]` : `${name}[${width - 1}:0]`;
  if (!signed) return `{${width - bits}'d0, ${name}}`;
  return `{{${width - bits}{${bits === 1 ? name : `${name}[${bits - 1}]`}}}, ${name}}`;
}
