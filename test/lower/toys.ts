import type { HwNode, StreamType, TimingModel, UnitDefinition } from '../../compiler/hw/index.ts';
import { beats } from '../../compiler/hw/index.ts';
import { streamParam } from '../../compiler/hw/params.ts';
import { bitWidth, elementCount } from '../../compiler/qir/types.ts';
import { units } from '../../templates/registry.ts';

// Units for tests of the lowering alone: a fork and a join of streams with costs and exact handshakes, but without Verilog.

/** Two beats of room at each output; takes a beat when every output has room. */
class ForkModel implements TimingModel {
  readonly #held: number[];
  constructor(count: number) {
    this.#held = Array.from({ length: count }, () => 0);
  }
  ready(): boolean {
    return this.#held.every((held) => held < 2);
  }
  valid(port: number): boolean {
    return (this.#held[port] ?? 0) > 0;
  }
  tick(inputs: number, outputs: number): void {
    this.#held.forEach((held, i) => (this.#held[i] = held + (inputs & 1) - ((outputs >> i) & 1)));
  }
  reset(): void {
    this.#held.fill(0);
  }
  state(): string {
    return this.#held.join();
  }
}

/** Two beats of room at each input and at the output; gives a beat for one of each input. */
class JoinModel implements TimingModel {
  readonly #held: number[];
  #out = 0;
  constructor(count: number) {
    this.#held = Array.from({ length: count }, () => 0);
  }
  ready(port: number): boolean {
    return (this.#held[port] ?? 0) < 2;
  }
  valid(): boolean {
    return this.#out > 0;
  }
  tick(inputs: number, outputs: number): void {
    const fire = this.#out < 2 && this.#held.every((held) => held > 0);
    this.#out += (fire ? 1 : 0) - (outputs & 1);
    this.#held.forEach((held, i) => (this.#held[i] = held + ((inputs >> i) & 1) - (fire ? 1 : 0)));
  }
  reset(): void {
    this.#held.fill(0);
    this.#out = 0;
  }
  state(): string {
    return `${this.#held.join()} ${this.#out}`;
  }
}

const rest = {
  check: () => [],
  kernel: () => {
    throw new Error('toy units carry no data');
  },
  memories: () => [],
  template: '',
  libraries: [],
  view: () => ({}),
  sample: () => ({ params: {}, consts: {} }),
} satisfies Partial<UnitDefinition>;

function plain({ elem, ...others }: StreamType): { elem: Record<string, string | number>; lanes: number } {
  return { ...others, elem: { ...elem } };
}

const count = (node: HwNode): number => Number(node.params['count']);

const toyFork: UnitDefinition = {
  ...rest,
  name: 'toy_fork',
  summary: 'Gives each beat to several readers.',
  implementsOps: [],
  plumbing: {
    role: 'fork',
    make: ({ input, count: readers }) => ({ stream: plain(input), count: readers ?? 2 }),
  },
  ports: (node) => [
    { name: 'in', direction: 'in', stream: streamParam(node) },
    ...Array.from({ length: count(node) }, (_, i) => ({
      name: `out${i}`,
      direction: 'out' as const,
      stream: streamParam(node),
    })),
  ],
  timing: (node) => ({ initiationInterval: beats(streamParam(node)), latency: 1 }),
  model: (node) => new ForkModel(count(node)),
  cost: (node) => {
    const { lanes, elem } = streamParam(node);
    return { lut: 3 + count(node) * lanes * bitWidth(elem), ff: 0, bram36: 0, dsp: 0 };
  },
};

const toyJoin: UnitDefinition = {
  ...rest,
  name: 'toy_join',
  summary: 'Adds tensors beat by beat.',
  implementsOps: ['combine'],
  implement: ({ inputs, ops }, { pe }) => {
    const elements = elementCount(inputs[0]?.shape ?? []);
    const lanes = Math.min(pe, elements);
    const result = ops.at(-1)?.result.elem ?? { kind: 'bipolar' };
    const streams = inputs.map(({ elem }) => plain({ elem, elements, lanes }));
    return { params: { streams, result: plain({ elem: result, elements, lanes }) }, consts: {} };
  },
  ports: (node) => [
    ...(node.params['streams'] as unknown as StreamType[]).map((stream, i) => ({
      name: `in${i}`,
      direction: 'in' as const,
      stream,
    })),
    { name: 'out', direction: 'out', stream: node.params['result'] as unknown as StreamType },
  ],
  timing: (node) => ({
    initiationInterval: beats(node.params['result'] as unknown as StreamType),
    latency: 2,
  }),
  model: (node) => new JoinModel((node.params['streams'] as unknown as StreamType[]).length),
  cost: (node) => {
    const { lanes, elem } = node.params['result'] as unknown as StreamType;
    return { lut: 5 + 2 * lanes * bitWidth(elem), ff: 0, bram36: 0, dsp: 0 };
  },
};

/** The units of templates/ with a toy fork and a toy join in place of those for the same. */
export const toyUnits: ReadonlyMap<string, UnitDefinition> = new Map([
  ...[...units].filter(
    ([, unit]) => unit.plumbing?.role !== 'fork' && !unit.implementsOps.includes('combine'),
  ),
  [toyFork.name, toyFork],
  [toyJoin.name, toyJoin],
]);
