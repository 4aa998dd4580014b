import { invariant } from '../diagnostics/index.ts';
import {
  beatBytes,
  beatHex,
  beats,
  packBeats,
  portWires,
  type DesignPort,
  type HwGraph,
  type TemplateView,
  type UnitDefinition,
} from '../hw/index.ts';
import { unitOf } from './top.ts';

/** Golden frames: computed by the evaluator, never by anything that shares code with the hardware. */
export interface Golden {
  /** Per input of the design, in the order of its channels: the elements of all frames, row-major, frame after frame. */
  readonly inputs: readonly ArrayLike<number>[];
  /** Per output, likewise. */
  readonly outputs: readonly ArrayLike<number>[];
}

/** The testbench's view and its vector files (path in the output folder -> text). */
export interface Testbench {
  readonly view: TemplateView;
  readonly vectors: ReadonlyMap<string, string>;
}

function vectorText(port: DesignPort, values: ArrayLike<number>): string {
  const { stream } = port.channel;
  const packed = packBeats(stream, values);
  const size = beatBytes(stream);
  const lines: string[] = [];
  for (let at = 0; at < packed.length; at += size) {
    const padded = new Uint8Array(Math.ceil(port.dataWidth / 8));
    padded.set(packed.subarray(at, at + size));
    lines.push(beatHex(padded, port.dataWidth));
  }
  return `${lines.join('\n')}\n`;
}

/** Makes the self-checking testbench of a design from golden frames. */
export function testbench(
  hw: HwGraph,
  units: ReadonlyMap<string, UnitDefinition>,
  ports: readonly DesignPort[],
  golden: Golden,
): Testbench {
  const sides = { in: golden.inputs, out: golden.outputs };
  const seen = { in: 0, out: 0 };
  const vectors = new Map<string, string>();
  let frames = 0;
  const views = ports.map((port, index) => {
    const { stream } = port.channel;
    const place = seen[port.direction]++;
    const values = sides[port.direction][place];
    invariant(values !== undefined, `no golden frames for port ${port.name}`);
    const perFrame = beats(stream);
    const count = values.length / stream.elements;
    invariant(
      Number.isInteger(count) && count > 0,
      `the golden data of port ${port.name} are no whole frames`,
    );
    invariant(frames === 0 || frames === count, 'the ports have different numbers of golden frames');
    frames = count;
    const file = `golden_${port.direction}_${port.name}.mem`;
    vectors.set(`tb/${file}`, vectorText(port, values));
    const wires = portWires(port);
    const total = count * perFrame;
    return {
      direction: port.direction,
      name: port.name,
      id: `${port.direction}${place}`,
      wires,
      file,
      total,
      perFrame,
      lastBeat: perFrame - 1,
      lastIndex: total - 1,
      msb: port.dataWidth - 1,
      width: port.dataWidth,
      last: wires.last !== null,
      // ports share one generator; 7 is coprime to 29, so up to 29 ports look at different bits
      stallBit: (index * 7) % 29,
    };
  });
  invariant(
    golden.inputs.length === seen.in && golden.outputs.length === seen.out,
    'golden data for a port too many',
  );
  const pins = views.flatMap((view) =>
    (['valid', 'ready', 'data', 'last'] as const).flatMap((wire) => {
      const name = view.wires[wire];
      return name === null ? [] : [`.${name}(${view.id}_${wire})`];
    }),
  );
  const cycles = hw.nodes.map((node) => unitOf(units, node).timing(node));
  const slowest = cycles.reduce((sum, timing) => sum + timing.initiationInterval + timing.latency, 0);
  const interval = Math.max(...cycles.map((timing) => timing.initiationInterval));
  const inputs = views.filter((view) => view.direction === 'in');
  const outputs = views.filter((view) => view.direction === 'out');
  return {
    vectors,
    view: {
      name: hw.name,
      frames,
      watchdog: 1000 + 16 * slowest,
      // one and a half frames at the pace of the slowest unit, which stalls slow down further: surely in mid-frame
      breakCycles: Math.ceil(interval * 1.5) + 7,
      inputs,
      outputs,
      pins: pins.map((pin, index) => (index === pins.length - 1 ? pin : `${pin},`)),
      moved: views.map((view) => `(${view.id}_valid && ${view.id}_ready)`).join(' || '),
      filling: outputs.map((view) => `${view.id}_at < ${Math.ceil(view.total / 2)}`).join(' && '),
      done: outputs.map((view) => `${view.id}_at == ${view.total}`).join(' && '),
    },
  };
}
