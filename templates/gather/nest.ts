/** One loop of a nest. */
export interface Loop {
  /** A Verilog identifier, unique in the nest. */
  readonly name: string;
  /** Rounds, 1 or more. */
  readonly extent: number;
  /** How far one round moves in the input: in elements, later in words. */
  readonly stride: number;
  /** One round only while the loop around it is in its last one. */
  readonly short?: boolean;
  /** All rounds but the first give the fill value and read nothing. */
  readonly blank?: boolean;
}

/** A coordinate that must lie in [0, size), else the fill value is given: base + the sum of index * step over its loops. */
export interface Bound {
  readonly size: number;
  readonly base: number;
  readonly terms: readonly { readonly loop: string; readonly step: number }[];
}

/** Which input is read for each output, in order: place = base + the sum of index * stride over the loops, outermost first. */
export interface Nest {
  readonly loops: readonly Loop[];
  readonly base: number;
  readonly bounds: readonly Bound[];
}

/** What a nest does, step by step. */
export interface Steps {
  readonly count: number;
  /** The place read, or where it would be, for steps that give the fill value. */
  readonly place: Int32Array;
  /** 1 for steps that give the fill value. */
  readonly blank: Uint8Array;
  /** The loop that enters its next round after the step; -1 at the end of the frame. */
  readonly level: Int8Array;
}

/** Whether the coordinate leaves its range anywhere. */
function leaves({ loops }: Nest, { size, base, terms }: Bound): boolean {
  const extent = (name: string): number => loops.find((loop) => loop.name === name)?.extent ?? 1;
  const far = terms.reduce((sum, { loop, step }) => sum + (extent(loop) - 1) * step, base);
  return base < 0 || far >= size;
}

/** The loops that a condition mentions, so that they must stay as they are. */
function mentioned({ loops, bounds }: Nest): Set<string> {
  const names = new Set(bounds.flatMap(({ terms }) => terms.map(({ loop }) => loop)));
  loops.forEach(({ name, short, blank }, i) => {
    if (short === true || blank === true) names.add(name);
    if (short === true) names.add(loops[i - 1]?.name ?? '');
  });
  return names;
}

/** The same nest with fewer loops: without those of one round, and neighbours joined where they run on in one stride. */
export function simplify(nest: Nest): Nest {
  const bounds = nest.bounds
    .filter((bound) => leaves(nest, bound))
    .map((bound) => ({
      ...bound,
      terms: bound.terms.filter(({ loop }) => nest.loops.some((l) => l.name === loop && l.extent > 1)),
    }));
  const fixed = mentioned({ ...nest, bounds });
  const loops: Loop[] = [];
  for (const loop of nest.loops) {
    if (loop.extent === 1 && loop.short !== true) continue;
    const outer = loops.at(-1);
    if (
      outer !== undefined &&
      !fixed.has(outer.name) &&
      !fixed.has(loop.name) &&
      outer.stride === loop.extent * loop.stride
    ) {
      loops[loops.length - 1] = {
        name: `${outer.name}_${loop.name}`,
        extent: outer.extent * loop.extent,
        stride: loop.stride,
      };
    } else loops.push(loop);
  }
  return { loops, base: nest.base, bounds };
}

/**
 * The nest over words of `lanes` elements; undefined if some word would not be read whole and in one place: the innermost loop must run
 * through neighbours in multiples of `lanes`, everything else move by multiples.
 */
export function inWords(nest: Nest, lanes: number): Nest | undefined {
  const { loops, base, bounds } = simplify(nest);
  if (lanes === 1) return { loops, base, bounds };
  const inner = loops.at(-1);
  const bound = inner !== undefined && mentioned({ loops, base, bounds }).has(inner.name);
  if (inner?.stride !== 1 || bound || inner.extent % lanes !== 0 || base % lanes !== 0) return undefined;
  const outer = loops.slice(0, -1);
  if (outer.some(({ stride }) => stride % lanes !== 0)) return undefined;
  return simplify({
    loops: [
      ...outer.map((loop) => ({ ...loop, stride: loop.stride / lanes })),
      { ...inner, extent: inner.extent / lanes },
    ],
    base: base / lanes,
    bounds,
  });
}

/** Runs through a nest. */
export function steps({ loops, base, bounds }: Nest): Steps {
  const most = loops.reduce((product, { extent }) => product * extent, 1);
  const place = new Int32Array(most);
  const blank = new Uint8Array(most);
  const level = new Int8Array(most);
  const index = new Int32Array(loops.length);
  const coordinates = bounds.map(({ size, base: first, terms }) => ({
    size,
    first,
    terms: terms.map(({ loop, step }) => ({ at: loops.findIndex(({ name }) => name === loop), step })),
  }));
  let count = 0;
  for (;;) {
    let at = base;
    let fill = 0;
    for (let l = 0; l < loops.length; l++) {
      const loop = loops[l] as Loop;
      const i = index[l] as number;
      at += i * loop.stride;
      if (loop.blank === true && i > 0) fill = 1;
    }
    for (const { size, first, terms } of coordinates) {
      let coordinate = first;
      for (const { at: l, step } of terms) coordinate += (index[l] as number) * step;
      if (coordinate < 0 || coordinate >= size) fill = 1;
    }
    place[count] = at;
    blank[count] = fill;
    let l = loops.length - 1;
    for (; l >= 0 && isLast(loops, index, l); l--) index[l] = 0;
    level[count++] = l;
    if (l < 0) break;
    index[l] = (index[l] as number) + 1;
  }
  return {
    count,
    place: place.subarray(0, count),
    blank: blank.subarray(0, count),
    level: level.subarray(0, count),
  };
}

/** Whether loop `l` is in its last round. A loop inside may already have begun anew, the one around has not. */
function isLast(loops: readonly Loop[], index: Int32Array, l: number): boolean {
  const loop = loops[l] as Loop;
  const i = index[l] as number;
  if (i === loop.extent - 1) return true;
  return loop.short === true && (index[l - 1] as number) === (loops[l - 1]?.extent ?? 1) - 1;
}
