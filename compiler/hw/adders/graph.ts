/**
 * Graphs of shared sums: what a matrix with constant entries becomes when its products are dissolved into additions.
 */

/** A node of the graph as a summand: `(negative ? -1 : 1) * 2^shift * node`. */
export interface Term {
  readonly node: number;
  readonly shift: number;
  readonly negative: boolean;
}

/**
 * Sums over `inputs` inputs. Nodes are numbered: first the inputs, then the sums in an order in which every sum stands after the nodes
 * that it adds. An output is a sum of terms that nothing else uses; one without terms is 0.
 */
export interface AdderGraph {
  readonly inputs: number;
  readonly sums: readonly (readonly Term[])[];
  readonly outputs: readonly (readonly Term[])[];
}

/** Least and greatest value. */
export interface Interval {
  readonly min: number;
  readonly max: number;
}

/** Additions and subtractions of two operands: one less than terms, for every sum and output. */
export function additions({ sums, outputs }: AdderGraph): number {
  return [...sums, ...outputs].reduce((total, terms) => total + Math.max(0, terms.length - 1), 0);
}

/** Additions of the matrix computed row by row, each product of a weight by the digits given for it. */
export function naiveAdditions(rows: readonly (readonly Term[])[]): number {
  return rows.reduce((total, terms) => total + Math.max(0, terms.length - 1), 0);
}

/** Levels of two-operand adders that summands available at these levels need: a tree of depth D has room for 2^(D - level) of each. */
export function treeDepth(levels: readonly number[]): number {
  if (levels.length === 0) return 0;
  const room = levels.reduce((sum, level) => sum + 2 ** level, 0);
  return Math.max(...levels, Math.ceil(Math.log2(room)));
}

/** Adder levels from the inputs to each node, and to the deepest output. */
export function depths(graph: AdderGraph): { readonly nodes: Float64Array; readonly most: number } {
  const nodes = new Float64Array(graph.inputs + graph.sums.length);
  const of = (terms: readonly Term[]): number => treeDepth(terms.map(({ node }) => nodes[node]!));
  graph.sums.forEach((terms, i) => (nodes[graph.inputs + i] = of(terms)));
  return { nodes, most: graph.outputs.reduce((most, terms) => Math.max(most, of(terms)), 0) };
}

/** The value of a sum of terms whose nodes have these values. */
function sumOf(terms: readonly Term[], values: ArrayLike<number>): number {
  return terms.reduce(
    (sum, { node, shift, negative }) => sum + (negative ? -1 : 1) * 2 ** shift * values[node]!,
    0,
  );
}

/** Every node's value for one input vector, and the outputs'. Exact while all values are below 2^53. */
export function evaluate(
  graph: AdderGraph,
  x: ArrayLike<number>,
): { readonly nodes: Float64Array; readonly outputs: Float64Array } {
  const nodes = new Float64Array(graph.inputs + graph.sums.length);
  for (let k = 0; k < graph.inputs; k++) nodes[k] = x[k]!;
  graph.sums.forEach((terms, i) => (nodes[graph.inputs + i] = sumOf(terms, nodes)));
  return { nodes, outputs: Float64Array.from(graph.outputs, (terms) => sumOf(terms, nodes)) };
}

/** What each node is in terms of the inputs: its coefficients, dense. */
function coefficients(graph: AdderGraph): Float64Array[] {
  const rows: Float64Array[] = Array.from({ length: graph.inputs }, (_, k) => {
    const unit = new Float64Array(graph.inputs);
    unit[k] = 1;
    return unit;
  });
  for (const terms of graph.sums) rows.push(combine(graph.inputs, rows, terms));
  return rows;
}

function combine(inputs: number, rows: readonly Float64Array[], terms: readonly Term[]): Float64Array {
  const sum = new Float64Array(inputs);
  for (const { node, shift, negative } of terms) {
    const factor = (negative ? -1 : 1) * 2 ** shift;
    const row = rows[node]!;
    for (let k = 0; k < inputs; k++) sum[k]! += factor * row[k]!;
  }
  return sum;
}

/** The matrix that a graph computes, a row per output. */
export function matrixOf(graph: AdderGraph): Float64Array[] {
  const rows = coefficients(graph);
  return graph.outputs.map((terms) => combine(graph.inputs, rows, terms));
}

/** The exact interval of every node and output for inputs that each take any value of `range`, independently. */
export function intervals(
  graph: AdderGraph,
  range: Interval,
): { readonly nodes: readonly Interval[]; readonly outputs: readonly Interval[] } {
  const reach = (row: Float64Array): Interval => {
    let [min, max] = [0, 0];
    for (const c of row) {
      if (c === 0) continue;
      min += c > 0 ? c * range.min : c * range.max;
      max += c > 0 ? c * range.max : c * range.min;
    }
    return { min, max };
  };
  return { nodes: coefficients(graph).map(reach), outputs: matrixOf(graph).map(reach) };
}
