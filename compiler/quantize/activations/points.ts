import { countReaders } from '../../passes/graph-edit.ts';
import type { Graph, Node } from '../../qir/graph.ts';
import { inputGrids, moving } from './grid.ts';

/** Operations that compute on levels, so that their operands need quantizers. */
const layers: ReadonlySet<string> = new Set(['conv2d', 'matmul', 'avgpool']);

/** Where quantizers go. */
export interface Points {
  /** Values that get a quantizer, in topological order. */
  readonly values: readonly string[];
  /** Of values whose scales must have ratios of powers of two (what is added or concatenated): the first value of their group. */
  readonly group: ReadonlyMap<string, string>;
  /** Of groups whose scales must be equal (what is concatenated). */
  readonly equal: ReadonlySet<string>;
  /** The last layers: nodes behind which only the graph's output comes. */
  readonly last: ReadonlySet<string>;
  /** Values that the last layers read. */
  readonly beforeLast: ReadonlySet<string>;
}

/** Sets of values, joined as they are found to belong together. */
class Groups {
  readonly #parent = new Map<string, string>();

  find(value: string): string {
    let root = value;
    for (let parent = this.#parent.get(root); parent !== undefined; parent = this.#parent.get(root))
      root = parent;
    return root;
  }

  join(a: string, b: string): void {
    const [from, to] = [this.find(b), this.find(a)];
    if (from !== to) this.#parent.set(from, to);
  }
}

function dataOperands(node: Node): string[] {
  return node.operands.flatMap((o) => (o.kind === 'value' ? [o.name] : []));
}

/**
 * Decides which values are rounded: what a layer multiplies, what a pooling averages, and both sides of what is added or concatenated.
 * A value that is only moved is rounded before it is moved. Inputs of the graph carry integers already, also after a multiplication that
 * keeps them exact.
 */
export function quantizationPoints(graph: Graph): Points {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const wanted = new Set<string>();
  const groups = new Groups();
  const members = new Set<string>();
  const equal = new Set<string>();
  const given = inputGrids(graph);
  /** The value at which `name` is rounded. */
  const place = (name: string): string => {
    let at = name;
    for (;;) {
      const node = nodes.get(at);
      const [from] = node?.operands ?? [];
      if (node === undefined || !moving.has(node.op) || from?.kind !== 'value') return at;
      at = from.name;
    }
  };
  const want = (name: string): string => {
    const at = place(name);
    // what is concatenated is on the grid of its parts
    if (nodes.get(at)?.op !== 'concat' && nodes.has(at) && !given.has(at)) wanted.add(at);
    return at;
  };
  for (const node of graph.nodes) {
    const operands = dataOperands(node);
    if (layers.has(node.op)) operands.forEach(want);
    const joins = node.op === 'concat' || (['add', 'sub'].includes(node.op) && operands.length > 1);
    if (!joins) continue;
    const places = operands.map(want);
    for (const at of places) {
      members.add(at);
      groups.join(places[0] ?? at, at);
    }
    if (node.op === 'concat') {
      // what comes out is of the group as well, for those who add it to something
      groups.join(places[0] ?? node.name, node.name);
      members.add(node.name);
      equal.add(node.name);
    }
  }
  const last = lastLayers(graph);
  return {
    values: graph.nodes.map(({ name }) => name).filter((name) => wanted.has(name)),
    group: new Map([...members].map((name) => [name, groups.find(name)])),
    equal: new Set([...equal].map((name) => groups.find(name))),
    last,
    beforeLast: new Set(
      [...last].flatMap((name) => {
        const node = nodes.get(name);
        return node === undefined ? [] : dataOperands(node).map(place);
      }),
    ),
  };
}

/** Products whose sums leave the graph, with nothing but a bias behind them. */
function lastLayers(graph: Graph): ReadonlySet<string> {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const readers = countReaders(graph);
  const last = new Set<string>();
  for (const { value } of graph.outputs) {
    let node = nodes.get(value);
    while (node !== undefined && !layers.has(node.op)) {
      const [from, other] = node.operands;
      const bias = node.op === 'add' && other?.kind === 'const';
      const moves = node.op === 'reshape' || ['argmax', 'topk', 'softmax'].includes(node.op);
      const next = (bias || moves) && from?.kind === 'value' ? nodes.get(from.name) : undefined;
      node = next !== undefined && readers.get(next.name) === 1 ? next : undefined;
    }
    if (node !== undefined && node.op !== 'avgpool') last.add(node.name);
  }
  return last;
}
