import { bitWidth } from '../../compiler/qir/types.ts';
import type { TemplateView } from '../../compiler/hw/index.ts';
import { interval } from './model.ts';
import { outputOf } from './output.ts';
import type { Bound, Loop } from './nest.ts';
import type { Plan } from './plan.ts';

/** Bits of a counter from 0 to `last`. */
export function bitsFor(last: number): number {
  return Math.max(1, Math.ceil(Math.log2(last + 1)));
}

/** Bits of a two's complement number from `min` to `max`. */
function signedBits(min: number, max: number): number {
  let bits = 1;
  while (-(2 ** (bits - 1)) > min || 2 ** (bits - 1) - 1 < max) bits++;
  return bits;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

/** A literal of the value in two's complement. */
function literal(bits: number, value: number): string {
  return `${bits}'d${modulo(value, 2 ** bits)}`;
}

/** What the registers add when a step ends in loop `level` going on, or (-1) with the frame. */
export interface Moves {
  /** Of the place that is read. */
  readonly place: ReadonlyMap<number, number>;
  /** Of the bound of what is free; those inside the gate only while it is open. */
  readonly free: ReadonlyMap<number, number>;
}

/** The moves of a plan: affine loops make each of them a constant. */
export function movesOf({ nest, words, release }: Plan): Moves {
  const { loops } = nest;
  const place = new Map<number, number>();
  const free = new Map<number, number>();
  if (release.kind === 'each') return { place, free };
  for (let level = loops.length - 1; level >= -1; level--) {
    const forth = level < 0 ? words : (loops[level]?.stride ?? 0);
    const back = (until: number): number =>
      loops.slice(level + 1, until + 1).reduce((sum, { extent, stride }) => sum + (extent - 1) * stride, 0);
    place.set(level, forth - back(loops.length - 1));
    if (level > release.level) free.set(level, 0);
    // while the gate is closed the loops inside have not moved the bound
    else free.set(level, forth - (level >= 0 && level === release.gate ? 0 : back(release.level)));
  }
  return { place, free };
}

/** The least and the greatest that `written - place - 1` and `written - free - depth` become. */
function ranges(plan: Plan): { readonly ahead: [number, number]; readonly level: [number, number] } {
  const { words, free, steps, need, params } = plan;
  const { count, place } = steps;
  let most = -Infinity;
  let bound = -Infinity;
  for (let t = 0; t < count; t++) {
    most = Math.max(most, (need[t] as number) + 1);
    bound = Math.max(bound, free[t] as number);
  }
  // what the frame before has left
  let least = most - words;
  let greatest = bound - words + params.depth;
  const ahead: [number, number] = [0, 0];
  const level: [number, number] = [0, 0];
  for (let t = 0; t < count; t++) {
    greatest = Math.max(greatest, (free[t] as number) + params.depth, 0);
    ahead[0] = Math.min(ahead[0], least - (place[t] as number) - 1);
    ahead[1] = Math.max(ahead[1], greatest - (place[t] as number) - 1);
    level[0] = Math.min(level[0], least - (free[t] as number) - params.depth);
    level[1] = Math.max(level[1], greatest - (free[t] as number) - params.depth);
    least = Math.max(least, (need[t] as number) + 1);
  }
  return { ahead, level };
}

/** Widths of the registers. */
export function widths(plan: Plan): {
  readonly ahead: number;
  readonly level: number;
  readonly address: number;
} {
  const { ahead, level } = ranges(plan);
  return {
    ahead: signedBits(...ahead),
    level: signedBits(...level),
    address: bitsFor(plan.memory.size - 1),
  };
}

/** The condition that a counter stands between two values, both included; undefined if it always does. */
function between({ name, extent }: Loop, low: number, high: number): string | undefined {
  const bits = bitsFor(extent - 1);
  const counter = `${name}_q`;
  if (low === 0 && high === extent - 1) return undefined;
  if (low === high) return `${counter} == ${literal(bits, low)}`;
  const parts: string[] = [];
  if (low > 0) parts.push(`${counter} >= ${literal(bits, low)}`);
  if (high < extent - 1) parts.push(`${counter} <= ${literal(bits, high)}`);
  return parts.length === 0 ? undefined : parts.join(' && ');
}

/** The condition that a counter is outside two values; undefined if it never is. */
function outside(loop: Loop, low: number, high: number): string | undefined {
  const parts = [
    low > 0 ? between(loop, 0, low - 1) : undefined,
    high < loop.extent - 1 ? between(loop, high + 1, loop.extent - 1) : undefined,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(' || ');
}

/** The conditions under which a coordinate leaves its range: for each run of rounds of the outer loop, a range of the inner one. */
function leaving(loops: readonly Loop[], { size, base, terms }: Bound): string[] {
  const [first, second] = terms;
  const found = (name: string | undefined): Loop =>
    loops.find((loop) => loop.name === name) ?? { name: '', extent: 1, stride: 0 };
  const inner = found((second ?? first)?.loop);
  const step = (second ?? first)?.step ?? 1;
  const outer = second === undefined ? { name: '', extent: 1, stride: 0 } : found(first?.loop);
  const runs: { from: number; to: number; low: number; high: number }[] = [];
  for (let i = 0; i < outer.extent; i++) {
    const start = base + i * (second === undefined ? 0 : (first?.step ?? 0));
    const low = Math.max(0, Math.ceil(-start / step));
    const high = Math.min(inner.extent - 1, Math.floor((size - 1 - start) / step));
    const last = runs.at(-1);
    const none = low > high;
    const [l, h] = none ? [inner.extent, -1] : [low, high];
    if (last?.low === l && last.high === h) last.to = i;
    else runs.push({ from: i, to: i, low: l, high: h });
  }
  return runs.flatMap(({ from, to, low, high }) => {
    const when = between(outer, from, to);
    if (low > high) return [when ?? "1'b1"];
    const out = outside(inner, low, high);
    if (out === undefined) return [];
    return [when === undefined ? out : `${when} && (${out})`];
  });
}

/** The condition under which a step gives the fill value; undefined if none does. */
export function blankOf({ nest }: Plan): string | undefined {
  const { loops, bounds } = nest;
  const parts = [
    ...bounds.flatMap((bound) => leaving(loops, bound)),
    ...loops
      .filter(({ blank }) => blank === true)
      .map((loop) => `${loop.name}_q != ${literal(bitsFor(loop.extent - 1), 0)}`),
  ];
  return parts.length === 0 ? undefined : parts.map((part) => `(${part})`).join(' || ');
}

/** A choice of constants by the loop that goes on, the innermost first; those inside loop `gate` only in its last round. */
function choice(
  loops: readonly Loop[],
  bits: number,
  values: ReadonlyMap<number, number>,
  sign: 1 | -1,
  gate = -1,
): string {
  let text = literal(bits, sign * (values.get(-1) ?? 0));
  for (const [level, { name }] of loops.entries()) {
    const value = values.get(level) ?? 0;
    const open = gate >= 0 && level > gate && value !== 0 ? `${loops[gate]?.name ?? ''}_last` : undefined;
    const move = literal(bits, sign * value);
    text = `!${name}_last ? ${open === undefined ? move : `(${open} ? ${move} : ${literal(bits, 0)})`} : ${text}`;
  }
  return text;
}

/** The move of a register at a step. */
function move(
  { nest, release }: Plan,
  bits: number,
  values: ReadonlyMap<number, number>,
  sign: 1 | -1,
  gated = false,
): string {
  if (release.kind === 'each') return `blank ? ${literal(bits, 0)} : ${literal(bits, sign)}`;
  return choice(nest.loops, bits, values, sign, gated ? release.gate : -1);
}

/** The template's root object. */
export function view(plan: Plan, names: { readonly module: string }): TemplateView {
  const { nest, params, memory, words, steps, free } = plan;
  const { loops } = nest;
  const { lanes, x, y, depth, movement } = params;
  const [xBits, yBits] = [lanes * bitWidth(x), lanes * bitWidth(y)];
  const { ahead, level, address } = widths(plan);
  const moves = movesOf(plan);
  const blank = blankOf(plan);
  const output = outputOf(params, blank !== undefined);
  const size = memory.size;
  const places = new Map([...moves.place].map(([l, move]) => [l, modulo(move, size)]));
  const turning = memory.turns > 1;
  return {
    module: names.module,
    what: movement.op,
    words,
    count: steps.count,
    depth,
    interval: interval(plan, depth),
    xMsb: xBits - 1,
    yMsb: yBits - 1,
    loops: loops.toReversed().map((loop, i, all) => ({
      name: loop.name,
      bits: bitsFor(loop.extent - 1),
      msb: bitsFor(loop.extent - 1) - 1,
      zero: literal(bitsFor(loop.extent - 1), 0),
      one: literal(bitsFor(loop.extent - 1), 1),
      last: literal(bitsFor(loop.extent - 1), loop.extent - 1),
      shortWith: loop.short === true ? (all[i + 1]?.name ?? '') : '',
      // all loops inside are in their last round
      inner: all
        .slice(0, i)
        .map(({ name }) => `${name}_last`)
        .toReversed(),
    })),
    ahead: {
      bits: ahead,
      msb: ahead - 1,
      start: literal(ahead, -(steps.place[0] ?? 0) - 1),
      move: move(plan, ahead, moves.place, -1),
    },
    level: {
      bits: level,
      msb: level - 1,
      start: literal(level, -(free[0] ?? 0) - depth),
      move: move(plan, level, moves.free, -1, true),
    },
    address: {
      bits: address,
      msb: address - 1,
      start: literal(address, modulo(steps.place[0] ?? 0, size)),
      move: move(plan, turning ? address + 1 : address, places, 1),
      turning,
      lowMsb: memory.lowBits - 1,
      low: memory.lowBits,
      turns: literal(address + 1 - memory.lowBits, memory.turns),
      last: literal(address, size - 1),
    },
    lastIndex: size - 1,
    block: memory.block,
    blank: blank ?? false,
    // a frame that begins with the fill value waits for its first word none the less
    fresh: steps.blank[0] === 1 ? literal(ahead, -(steps.place[0] ?? 0)) : false,
    frameEnd: loops.map(({ name }) => `${name}_last`).join(' && '),
    clear: `{${lanes}{${bitWidth(x)}'h${output.clear.toString(16)}}}`,
    flag: output.flag,
    lanes,
    element: output.element ?? false,
    yElement: bitWidth(y),
  };
}
