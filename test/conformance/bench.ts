import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import {
  freeze,
  type Channel,
  type HwGraph,
  type HwNode,
  type RandomSource,
  type StreamType,
  type UnitDefinition,
} from '../../compiler/hw/index.ts';
import { compareCycles, compareLogs, compareValues } from '../../sim/index.ts';
import type { Engine, RunRequest, VerilatorRunner } from '../../sim/index.ts';
import { allocate, valueRange, type TensorData } from '../../compiler/qir/types.ts';

type LogSide = Parameters<typeof compareLogs>[1];

/** A seeded source of randomness (splitmix32 of a counter). */
export function randomSource(seed: number): RandomSource {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  const integer = (min: number, max: number): number =>
    min + Math.floor((next() / 2 ** 32) * (max - min + 1));
  return {
    integer,
    pick: (values) => {
      const chosen = values[integer(0, values.length - 1)];
      if (chosen === undefined) throw new RangeError('nothing to pick from');
      return chosen;
    },
  };
}

/**
 * A design of `count` random instances of one unit, side by side: every port of every instance is a port of the design. One build
 * of its Verilog exercises them all at once.
 */
export function benchDesign(unit: UnitDefinition, count: number, random: RandomSource): HwGraph {
  const nodes: HwNode[] = [];
  const channels: Channel[] = [];
  for (let index = 0; index < count; index++) {
    const { params, consts } = unit.sample(random);
    const name = `i${index}`;
    const node: HwNode = { name, unit: unit.name, params, consts, origin: { nodes: [] }, value: '' };
    nodes.push(node);
    for (const port of unit.ports(node)) {
      const outer = { node: '', port: `${name}_${port.name}` };
      const inner = { node: name, port: port.name };
      const [from, to] = port.direction === 'in' ? [outer, inner] : [inner, outer];
      channels.push({ name: outer.port, stream: port.stream, from, to });
    }
  }
  return freeze({ name: `bench_${unit.name}`, nodes, channels, clockMhz: 200 });
}

/** Random frames of a stream: any value of the element type, the extremes more often than chance has them. */
export function randomFrames(
  { elem, elements }: StreamType,
  frames: number,
  random: RandomSource,
): TensorData {
  const data = allocate(elem, elements * frames);
  const { min, max } = valueRange(elem);
  for (let at = 0; at < data.length; at++) {
    switch (elem.kind) {
      case 'bipolar':
        data[at] = random.pick([-1, 1]);
        break;
      case 'pow2': {
        const power = random.integer(elem.lo - 1, elem.hi);
        data[at] = power < elem.lo ? 0 : random.pick([-1, 1]) * 2 ** power;
        break;
      }
      default:
        data[at] = random.integer(0, 7) === 0 ? random.pick([min, max]) : random.integer(min, max);
    }
  }
  return data;
}

/**
 * How many beats of input `port` a unit must have taken before its first output beat appears, the other inputs unlimited: found by
 * withholding beats from its cycle model.
 */
export function beatsNeeded(unit: UnitDefinition, node: HwNode, port: number, patience: number): number {
  const inputs = unit.ports(node).filter((candidate) => candidate.direction === 'in').length;
  const appears = (given: number): boolean => {
    const model = unit.model(node);
    model.reset();
    const left = Array.from({ length: inputs }, (_, index) => (index === port ? given : Infinity));
    for (let cycle = 0; cycle < patience; cycle++) {
      if (model.valid(0)) return true;
      let moved = 0;
      for (let index = 0; index < inputs; index++) {
        if ((left[index] as number) > 0 && model.ready(index)) {
          left[index] = (left[index] as number) - 1;
          moved |= 1 << index;
        }
      }
      model.tick(moved, 0);
    }
    return false;
  };
  let count = 0;
  while (!appears(count)) {
    count++;
    if (count > patience) throw new RangeError(`${node.name} gives no output beat in ${patience} cycles`);
  }
  return count;
}

/** Runs the same request in the engine and in the RTL and expects every value, cycle and handshake to be equal. */
export async function sameRun(engine: Engine, runner: VerilatorRunner, request: RunRequest): Promise<void> {
  const { hw } = engine;
  const left = engine.run({ ...request, trace: 'handshakes' });
  const right = await runner.run({ ...request, log: true, idleLimit: 100_000 });
  const pair = [
    { name: 'engine', result: left },
    { name: 'verilator', result: right },
  ] as const;
  const first = request.reset?.resume ?? 0;
  // these say where the first difference is ...
  const logs = [left, right].map((result, i) => ({ name: String(pair[i]?.name), log: result.log ?? [] })) as [
    LogSide,
    LogSide,
  ];
  expect(compareLogs(hw, ...logs, [], first)).toBeNull();
  expect(compareCycles(hw, ...pair, first)).toBeNull();
  expect(compareValues(hw, ...pair, first)).toBeNull();
  // ... and these that nothing at all was left out
  expect(right.cycles).toBe(left.cycles);
  expect(sameBytes(right.inputCycles, left.inputCycles)).toBe(true);
  expect(sameBytes(right.outputCycles, left.outputCycles)).toBe(true);
  expect(right.abortedBeats).toEqual(left.abortedBeats);
  expect(sameBytes(right.outputs, left.outputs)).toBe(true);
  const [ours, theirs] = [left.log ?? [], right.log ?? []];
  expect(ours.length).toBe(hw.channels.length);
  expect(theirs.map(({ channel }) => channel)).toEqual(ours.map(({ channel }) => channel));
  const of = (log: typeof ours, key: 'cycles' | 'data'): ArrayBufferView[] => log.map((one) => one[key]);
  expect(sameBytes(of(theirs, 'cycles'), of(ours, 'cycles'))).toBe(true);
  expect(sameBytes(of(theirs, 'data'), of(ours, 'data'))).toBe(true);
}

/** Whether arrays of the same types are equal; `toEqual` takes seconds for the millions of beats of an image network. */
function sameBytes(left: readonly ArrayBufferView[], right: readonly ArrayBufferView[]): boolean {
  const bytes = (x: ArrayBufferView): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
  return (
    left.length === right.length &&
    left.every((x, i) => {
      const y = right[i];
      return y !== undefined && x.constructor === y.constructor && bytes(x).equals(bytes(y));
    })
  );
}

/** Runs a tool and returns its status and everything it printed. */
export function tool(
  program: string,
  args: readonly string[],
  cwd: string,
): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (error !== undefined) throw error;
  return { status, output: stdout + stderr };
}
