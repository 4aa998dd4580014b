import { beats, freeze } from '../../compiler/hw/graph.ts';
import type { Channel, HwGraph, HwNode, StreamType } from '../../compiler/hw/graph.ts';
import { StepPipeline } from '../../compiler/hw/timing.ts';
import type { TimingModel } from '../../compiler/hw/timing.ts';
import type { PortSpec, UnitDefinition } from '../../compiler/hw/unit.ts';

/** Streams of a toy instance travel beside it: the tests make them, nothing prints them. */
const streams = new Map<
  string,
  { readonly ins: readonly StreamType[]; readonly outs: readonly StreamType[] }
>();

function streamsOf(node: HwNode): {
  readonly ins: readonly StreamType[];
  readonly outs: readonly StreamType[];
} {
  const found = streams.get(node.params['streams'] as string);
  if (found === undefined) throw new Error(`toy ${node.name} has no streams`);
  return found;
}

const number = (node: HwNode, name: string): number => Number(node.params[name]);

class Fifo implements TimingModel {
  readonly #depth: number;
  #count = 0;
  constructor(depth: number) {
    this.#depth = depth;
  }
  ready(): boolean {
    return this.#count < this.#depth;
  }
  valid(): boolean {
    return this.#count > 0;
  }
  tick(inputs: number, outputs: number): void {
    this.#count += inputs - outputs;
  }
  reset(): void {
    this.#count = 0;
  }
  state(): number {
    return this.#count;
  }
}

/** Gives every beat to both outputs; holds one beat, each output takes it in its own time. */
class Fork implements TimingModel {
  #owed = 0;
  ready(): boolean {
    return this.#owed === 0;
  }
  valid(port: number): boolean {
    return (this.#owed & (1 << port)) !== 0;
  }
  tick(inputs: number, outputs: number): void {
    this.#owed &= ~outputs;
    if (inputs !== 0) this.#owed = 3;
  }
  reset(): void {
    this.#owed = 0;
  }
  state(): string {
    return `owes ${this.#owed}`;
  }
}

function toy(
  name: string,
  model: (node: HwNode) => TimingModel,
  kernel: UnitDefinition['kernel'],
  role?: 'fifo',
): UnitDefinition {
  return {
    name,
    summary: name,
    implementsOps: [],
    check: () => [],
    ports: (node) => {
      const { ins, outs } = streamsOf(node);
      const make =
        (direction: 'in' | 'out') =>
        (stream: StreamType, i: number): PortSpec => ({ name: `${direction}${i}`, direction, stream });
      return [...ins.map(make('in')), ...outs.map(make('out'))];
    },
    ...(role === undefined ? {} : { plumbing: { role, make: () => ({}) } }),
    timing: () => ({ initiationInterval: 1, latency: 1 }),
    model,
    kernel,
    cost: () => ({ lut: 0, ff: 0, bram36: 0, dsp: 0 }),
    memories: () => [],
    template: '',
    view: () => ({}),
    libraries: [],
    sample: () => ({ params: {}, consts: {} }),
  };
}

const first = (node: HwNode): StreamType => streamsOf(node).ins[0] as StreamType;
const out = (node: HwNode): StreamType => streamsOf(node).outs[0] as StreamType;

export const toyUnits: ReadonlyMap<string, UnitDefinition> = new Map(
  [
    toy(
      'pass',
      (node) =>
        new StepPipeline({
          steps: 1,
          inputs: 1,
          needs: () => true,
          emits: () => true,
          depth: number(node, 'depth'),
        }),
      (node, context) => context.copy(first(node)),
    ),
    toy(
      'fifo',
      (node) => new Fifo(number(node, 'depth')),
      (node, context) => context.copy(first(node)),
      'fifo',
    ),
    toy(
      'fork',
      () => new Fork(),
      (node, context) => context.copy(first(node)),
    ),
    // a matrix-vector product, output major: takes its whole input in the first fold, then replays it
    toy(
      'matrix',
      (node) => {
        const [folds, groups] = [beats(first(node)), beats(out(node))];
        return new StepPipeline({
          steps: folds * groups,
          inputs: 1,
          needs: (step) => step < folds,
          emits: (step) => step % folds === folds - 1,
          depth: number(node, 'depth'),
        });
      },
      (node, context) => {
        const { ins, outs } = streamsOf(node);
        const [x, y] = [ins[0] as StreamType, outs[0] as StreamType];
        const run = context.matvec({
          inputs: x.elements,
          outputs: y.elements,
          x: x.elem,
          w: { kind: 'int', bits: 4 },
          weights: node.consts['w']?.data ?? [],
          y: y.elem,
        });
        return (inputs, outputs, frames) => run(inputs[0] ?? 0, outputs[0] ?? 0, frames);
      },
    ),
    // takes a frame, then gives it: nothing leaves before everything is there
    toy(
      'collect',
      (node) => {
        const n = beats(first(node));
        return new StepPipeline({
          steps: 2 * n,
          inputs: 1,
          needs: (s) => s < n,
          emits: (s) => s >= n,
          depth: 0,
        });
      },
      (node, context) => context.copy(first(node)),
    ),
    // adds two streams: a beat from one, then a beat from the other
    toy(
      'join',
      (node) => {
        const n = beats(out(node));
        return new StepPipeline({
          steps: 2 * n,
          inputs: 2,
          needs: (s, i) => s % 2 === i,
          emits: (s) => s % 2 === 1,
          depth: 1,
        });
      },
      (node, context) => {
        const stream = out(node);
        const stride = Math.ceil((4 * stream.elements) / 16) * 4;
        return (inputs, outputs, frames) => {
          const words = new Int32Array(context.memory());
          const [a, b, y] = [(inputs[0] ?? 0) >> 2, (inputs[1] ?? 0) >> 2, (outputs[0] ?? 0) >> 2];
          for (let i = 0; i < stride * frames; i++) words[y + i] = (words[a + i] ?? 0) + (words[b + i] ?? 0);
        };
      },
    ),
  ].map((unit) => [unit.name, unit]),
);

/** One stage of a toy chain. */
export interface Stage {
  readonly unit: 'pass' | 'fifo' | 'matrix' | 'collect';
  readonly depth: number;
  /** Elements and lanes of its output, for `matrix` only. */
  readonly elements: number;
  readonly lanes: number;
  readonly weights: readonly number[];
}

export function toyNode(
  name: string,
  unit: string,
  ins: readonly StreamType[],
  outs: readonly StreamType[],
  params: Record<string, number> = {},
  weights: readonly number[] = [],
): HwNode {
  const key = JSON.stringify([ins, outs]);
  streams.set(key, { ins, outs });
  const w = { elem: { kind: 'int', bits: 4 } as const, shape: [weights.length], data: weights };
  return {
    name,
    unit,
    params: { ...params, streams: key },
    consts: weights.length > 0 ? { w } : {},
    origin: { nodes: [] },
    value: '',
  };
}

export function toyChannel(name: string, stream: StreamType, from: string, to: string): Channel {
  const end = (text: string): { node: string; port: string } => {
    const [node = '', port = ''] = text.split('.');
    return { node, port };
  };
  return { name, stream, from: end(from), to: end(to) };
}

/** A chain of stages, each reading the one before. */
export function toyChain(input: StreamType, stages: readonly Stage[]): HwGraph {
  const nodes: HwNode[] = [];
  const channels: Channel[] = [];
  let stream = input;
  let from = '.in';
  stages.forEach((stage, i) => {
    const name = `n${i}`;
    const next =
      stage.unit === 'matrix' ? { ...stream, elements: stage.elements, lanes: stage.lanes } : stream;
    channels.push(toyChannel(`c${i}`, stream, from, `${name}.in0`));
    nodes.push(toyNode(name, stage.unit, [stream], [next], { depth: stage.depth }, stage.weights));
    stream = next;
    from = `${name}.out0`;
  });
  channels.push(toyChannel(`c${stages.length}`, stream, from, '.out'));
  return freeze({ name: 'toy', nodes, channels, clockMhz: 100 });
}

/** Two reconverging branches: one collects a whole frame, the other has a FIFO of `depth` beats. */
export function toyDiamond(stream: StreamType, depth: number): HwGraph {
  return freeze({
    name: 'diamond',
    nodes: [
      toyNode('split', 'fork', [stream], [stream, stream]),
      toyNode('slow', 'collect', [stream], [stream]),
      toyNode('wait', 'fifo', [stream], [stream], { depth }),
      toyNode('sum', 'join', [stream, stream], [stream]),
    ],
    channels: [
      toyChannel('x', stream, '.in', 'split.in0'),
      toyChannel('a', stream, 'split.out0', 'slow.in0'),
      toyChannel('b', stream, 'split.out1', 'wait.in0'),
      toyChannel('a2', stream, 'slow.out0', 'sum.in0'),
      toyChannel('b2', stream, 'wait.out0', 'sum.in1'),
      toyChannel('y', stream, 'sum.out0', '.out'),
    ],
    clockMhz: 100,
  });
}
