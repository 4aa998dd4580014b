/** A cost that depends on some variables: a dense table, the last variable running fastest. Infinity: not allowed. */
export interface Factor {
  readonly variables: readonly number[];
  readonly table: Float64Array;
}

/** A minimum: the least sum of all factors, and a value for every variable that gives it. */
export interface Minimum {
  readonly cost: number;
  readonly values: readonly number[];
}

/** The order in which variables go: always the one whose neighbours miss the fewest edges among themselves, of equals the smallest table. */
export function eliminationOrder(
  sizes: readonly number[],
  scopes: readonly (readonly number[])[],
): { readonly order: readonly number[]; readonly largest: number; readonly clique: readonly number[] } {
  const near = sizes.map(() => new Set<number>());
  for (const scope of scopes) for (const a of scope) for (const b of scope) if (a !== b) near[a]?.add(b);
  const left = new Set(sizes.keys());
  const order: number[] = [];
  let largest = 0;
  let clique: readonly number[] = [];
  const sizeOf = (v: number): number =>
    [v, ...(near[v] ?? [])].reduce((product, each) => product * (sizes[each] ?? 1), 1);
  const fillOf = (v: number): number => {
    const around = [...(near[v] ?? [])];
    let fill = 0;
    around.forEach((a, i) => {
      for (const b of around.slice(i + 1)) if (near[a]?.has(b) !== true) fill++;
    });
    return fill;
  };
  while (left.size > 0) {
    let best = { v: -1, fill: Infinity, size: Infinity };
    for (const v of left) {
      const [fill, size] = [fillOf(v), sizeOf(v)];
      if (fill < best.fill || (fill === best.fill && size < best.size)) best = { v, fill, size };
    }
    const { v, size } = best;
    const around = [...(near[v] ?? [])];
    if (size > largest) [largest, clique] = [size, [v, ...around]];
    for (const a of around) {
      near[a]?.delete(v);
      for (const b of around) if (a !== b) near[a]?.add(b);
    }
    left.delete(v);
    order.push(v);
  }
  return { order, largest, clique };
}

/** Joins the factors that know variable `v` and minimises it away; also the best value of `v` for each entry of the new table. */
function eliminate(
  v: number,
  sizes: readonly number[],
  joined: readonly Factor[],
): { readonly factor: Factor; readonly best: Int32Array } {
  const scope = [...new Set(joined.flatMap(({ variables }) => variables))]
    .filter((u) => u !== v)
    .sort((a, b) => a - b);
  const entries = scope.reduce((product, u) => product * (sizes[u] ?? 1), 1);
  const strideIn = ({ variables }: Factor, u: number): number => {
    const at = variables.indexOf(u);
    return at < 0 ? 0 : variables.slice(at + 1).reduce((product, w) => product * (sizes[w] ?? 1), 1);
  };
  const tables = joined.map((factor) => factor.table);
  const steps = joined.map((factor) => strideIn(factor, v));
  const strides = joined.map((factor) => scope.map((u) => strideIn(factor, u)));
  const limit = sizes[v] ?? 1;
  const table = new Float64Array(entries);
  const best = new Int32Array(entries);
  const digits = scope.map(() => 0);
  const base = joined.map(() => 0);
  for (let entry = 0; entry < entries; entry++) {
    let least = Infinity;
    let which = 0;
    for (let k = 0; k < limit; k++) {
      let sum = 0;
      for (let f = 0; f < tables.length; f++)
        sum += (tables[f] as Float64Array)[(base[f] as number) + k * (steps[f] as number)] as number;
      if (sum < least) [least, which] = [sum, k];
    }
    table[entry] = least;
    best[entry] = which;
    for (let d = scope.length - 1; d >= 0; d--) {
      const turn = (digits[d] as number) + 1 === (sizes[scope[d] as number] ?? 1);
      const move = turn ? -(digits[d] as number) : 1;
      digits[d] = (digits[d] as number) + move;
      for (let f = 0; f < base.length; f++)
        base[f] = (base[f] as number) + move * ((strides[f] as number[])[d] as number);
      if (!turn) break;
    }
  }
  return { factor: { variables: scope, table }, best };
}

/**
 * The exact minimum of a sum of factors by variable elimination (bucket elimination): one variable after the other is minimised away into
 * a table over its neighbours. Time and memory grow with the product of the domains of a variable and its neighbours, so they stay small on
 * graphs that are nearly chains or trees. Of equal minima the first value in each domain is taken, so the result is deterministic.
 *
 * @param sizes - by variable, the number of its values.
 * @returns undefined if no values are allowed together.
 */
export function minimise(sizes: readonly number[], factors: readonly Factor[]): Minimum | undefined {
  const { order } = eliminationOrder(
    sizes,
    factors.map(({ variables }) => variables),
  );
  let left = [...factors];
  let cost = 0;
  const decided: { readonly v: number; readonly factor: Factor; readonly best: Int32Array }[] = [];
  for (const v of order) {
    const joined = left.filter(({ variables }) => variables.includes(v));
    const { factor, best } = eliminate(v, sizes, joined);
    left = left.filter((each) => !joined.includes(each));
    decided.push({ v, factor, best });
    if (factor.variables.length === 0) cost += factor.table[0] ?? 0;
    else left.push(factor);
  }
  if (!Number.isFinite(cost)) return undefined;
  const values = sizes.map(() => 0);
  for (const { v, factor, best } of decided.reverse()) {
    const entry = factor.variables.reduce((at, u) => at * (sizes[u] ?? 1) + (values[u] ?? 0), 0);
    values[v] = best[entry] ?? 0;
  }
  return { cost, values };
}
