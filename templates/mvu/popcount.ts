/** Bits of one signal: `count` bits of `name` from bit `low` on. */
interface Run {
  readonly name: string;
  readonly low: number;
  readonly count: number;
  /** All bits of the signal, so that it needs no part select. */
  readonly whole: boolean;
}

/** A wire of some bits with the expression that drives it. */
export interface WireText {
  readonly name: string;
  readonly bits: number;
  readonly text: string;
}

/** Widest vector of the adders: what a processor's register holds, so that simulation stays fast. */
const WIDEST = 64;

/**
 * Writes the sum of many bits as full adders over vectors, which simulates fast (each statement works on up to 64 adders at
 * once) and synthesizes well (the mapper finds every 6:3 counter and fuses what stands in front of the first adders).
 *
 * @param planes - vectors of bits: bits of plane b weigh 2^b.
 * @param width - bits of the result; columns above are cut off.
 * @param prefix - begins the name of every wire.
 * @returns statements that define wires, the same as wires by counter, and the rows (of `width` bits) that are left to add.
 */
export function compress(
  planes: readonly { readonly name: string; readonly bits: number }[],
  width: number,
  prefix = 's',
): {
  readonly lines: readonly string[];
  readonly counters: readonly (readonly WireText[])[];
  readonly rows: readonly string[];
} {
  const counters: WireText[][] = [];
  const columns: Run[][] = Array.from({ length: width }, () => []);
  planes.forEach(({ name, bits }, b) => columns[b]?.push({ name, low: 0, count: bits, whole: true }));
  let next = 0;

  const define = (column: number, bits: number, expression: string): string => {
    const name = `${prefix}${column}_${next++}`;
    counters.at(-1)!.push({ name, bits, text: expression });
    return name;
  };
  const push = (column: number, name: string, bits: number): void => {
    columns[column]?.push({ name, low: 0, count: bits, whole: true });
  };
  /** Three vectors to a sum and a carry vector. */
  const add3 = (column: number, bits: number, [a, b, c]: readonly string[]): [string, string | undefined] => {
    const sum = define(column, bits, `${a} ^ ${b} ^ ${c}`);
    if (column + 1 >= width) return [sum, undefined];
    return [sum, define(column + 1, bits, `(${a} & ${b}) | (${c} & (${a} | ${b}))`)];
  };
  const counter = (column: number, bits: number, v: readonly string[]): void => {
    counters.push([]);
    const [low0, carry0] = add3(column, bits, v.slice(0, 3));
    if (v.length === 3) {
      push(column, low0, bits);
      if (carry0 !== undefined) push(column + 1, carry0, bits);
      return;
    }
    const [low1, carry1] = add3(column, bits, v.slice(3, 6));
    push(column, define(column, bits, `${low0} ^ ${low1}`), bits);
    if (carry0 === undefined || carry1 === undefined) return;
    const both = define(column + 1, bits, `${low0} & ${low1}`);
    const [sum, carry] = add3(column + 1, bits, [carry0, carry1, both]);
    push(column + 1, sum, bits);
    if (carry !== undefined) push(column + 2, carry, bits);
  };

  for (let column = 0; column < width; column++) {
    const runs = columns[column] ?? [];
    // The first layer takes three at a time: with what stands in front of it (an XNOR) that is what a 6-input LUT holds.
    let first = column < planes.length;
    for (let height = heightOf(runs); height > 2; height = heightOf(runs)) {
      const group = first || height < 6 ? 3 : 6;
      first = first && runs.some((run) => run.name === planes[column]?.name && run.count > WIDEST * 3);
      const bits = Math.min(WIDEST, Math.floor(height / group));
      counter(
        column,
        bits,
        Array.from({ length: group }, () => take(runs, bits)),
      );
    }
  }
  const bitNames = columns.map((runs) =>
    runs.flatMap((run) => Array.from({ length: run.count }, (_, i) => bit(run, i))),
  );
  const rows = Array.from({ length: Math.max(0, ...bitNames.map((names) => names.length)) }, (_, row) => {
    return concatenation(bitNames.map((names) => names[row]).reverse());
  });
  const lines = counters.flat().map(({ name, bits, text }) => `wire [${bits - 1}:0] ${name} = ${text};`);
  return { lines, counters, rows };
}

/** A word out of bits, the highest first; absent ones are zeros, a run of them one constant. */
function concatenation(bits: readonly (string | undefined)[]): string {
  const parts: string[] = [];
  let zeros = 0;
  for (const bit of [...bits, '']) {
    if (bit === undefined) zeros++;
    else {
      if (zeros > 0) parts.push(`${zeros}'d0`);
      if (bit !== '') parts.push(bit);
      zeros = 0;
    }
  }
  return `{${parts.join(', ')}}`;
}

function heightOf(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.count, 0);
}

function bit(run: Run, index: number): string {
  return run.whole && run.count === 1 ? run.name : `${run.name}[${run.low + index}]`;
}

/** Takes `bits` bits off the front of a column, as an expression. */
function take(runs: Run[], bits: number): string {
  const parts: string[] = [];
  for (let left = bits; left > 0;) {
    const run = runs.shift();
    if (run === undefined) throw new RangeError('a column has fewer bits than wanted');
    const count = Math.min(left, run.count);
    left -= count;
    if (count < run.count)
      runs.unshift({ ...run, low: run.low + count, count: run.count - count, whole: false });
    if (run.whole && count === run.count) parts.push(run.name);
    else
      parts.push(count === 1 ? `${run.name}[${run.low}]` : `${run.name}[${run.low + count - 1}:${run.low}]`);
  }
  return parts.length === 1 ? (parts[0] ?? '') : `{${parts.reverse().join(', ')}}`;
}
