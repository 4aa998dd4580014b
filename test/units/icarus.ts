import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRenderer } from '../../compiler/emit/render.ts';
import { beatBytes, beatHex, beatWidth, beats, packBeats } from '../../compiler/hw/index.ts';
import type { HwNode, PortSpec, UnitDefinition } from '../../compiler/hw/index.ts';
import { templateRoot } from '../../templates/registry.ts';

/** A source of seeded randomness for tests (mulberry32). */
export function randomSource(seed: number): {
  integer: (min: number, max: number) => number;
  pick: <T>(values: readonly T[]) => T;
} {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    integer,
    pick: (values) => {
      const value = values[integer(0, values.length - 1)];
      if (value === undefined && values.length === 0) throw new RangeError('nothing to pick from');
      return value as (typeof values)[number];
    },
  };
}

/** A folder with the Verilog of one instance: `dut.v`, its libraries and its memory images. */
export class UnitFolder {
  readonly path: string;
  readonly sources: readonly string[];

  constructor(unit: UnitDefinition, node: HwNode) {
    this.path = mkdtempSync(join(tmpdir(), 'qcc-unit-'));
    mkdirSync(join(this.path, 'mem'));
    const render = createRenderer([templateRoot]);
    writeFileSync(
      join(this.path, 'dut.v'),
      render(unit.template, unit.view(node, { module: 'dut', memPrefix: 'mem/' })),
    );
    for (const image of unit.memories(node)) {
      writeFileSync(join(this.path, 'mem', image.file), `${image.words.join('\n')}\n`);
    }
    for (const library of unit.libraries) {
      writeFileSync(join(this.path, `${library}.v`), readFileSync(new URL(`lib/${library}.v`, templateRoot)));
    }
    this.sources = ['dut.v', ...unit.libraries.map((library) => `${library}.v`)];
  }

  /** Runs a tool in the folder; its output, standard error included. Throws if it fails. */
  run(command: string, args: readonly string[]): string {
    const { status, output } = this.#spawn(command, args);
    if (status !== 0) throw new Error(`${command} failed in ${this.path}\n${output}`);
    return output;
  }

  #spawn(
    command: string,
    args: readonly string[],
  ): { readonly status: number | null; readonly output: string } {
    const done = spawnSync(command, args, { cwd: this.path, encoding: 'utf8', maxBuffer: 2 ** 28 });
    return { status: done.status, output: `${done.stdout}${done.stderr}${done.error?.message ?? ''}` };
  }

  /** Everything Verilator, Icarus and Yosys have to say about the instance: nothing, if it is clean and has no latch. */
  lint(): string {
    const yosys = `read_verilog ${this.sources.join(' ')}; hierarchy -check -top dut; proc; check -assert; select -assert-none t:$dlatch`;
    // Verilator once with the body for its own use and once with the one that synthesis sees
    return [
      this.#spawn('verilator', [
        '--lint-only',
        '-Wall',
        '-UVERILATOR',
        '--top-module',
        'dut',
        ...this.sources,
      ]),
      this.#spawn('verilator', ['--lint-only', '-Wall', '--top-module', 'dut', ...this.sources]),
      this.#spawn('iverilog', ['-g2005', '-Wall', '-s', 'dut', '-o', 'lint.vvp', ...this.sources]),
      this.#spawn('yosys', ['-q', '-p', yosys]),
    ]
      .map(({ status, output }) => (status === 0 ? output : `${output}exit status ${status}`))
      .join('');
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), 'utf8');
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What a run is driven with: a bit per cycle. */
export interface Drive {
  readonly cycles: number;
  /** Whether the source offers a beat that it is not yet offering. */
  readonly offer: (cycle: number) => boolean;
  readonly ready: (cycle: number) => boolean;
  readonly reset: (cycle: number) => boolean;
}

/** The wires in one cycle, before its clock edge, as the characters 0, 1, x, z. */
export interface CycleWires {
  readonly reset: boolean;
  readonly inValid: string;
  readonly inReady: string;
  readonly outValid: string;
  readonly outReady: string;
  readonly outData: string;
}

function single(ports: readonly PortSpec[], direction: 'in' | 'out'): PortSpec {
  const port = ports.find((p) => p.direction === direction);
  if (port === undefined) throw new RangeError(`no ${direction} port`);
  return port;
}

/** Frames as hexadecimal beats. */
export function hexBeats(port: PortSpec, frames: readonly ArrayLike<number>[]): string[] {
  const packed = packBeats(
    port.stream,
    frames.flatMap((frame) => Array.from(frame)),
  );
  const bytes = beatBytes(port.stream);
  return Array.from({ length: packed.length / bytes }, (_, i) =>
    beatHex(packed.subarray(i * bytes, (i + 1) * bytes), beatWidth(port.stream)),
  );
}

function testbench(ports: readonly PortSpec[], total: number, cycles: number): string {
  const [inputBits, outputBits] = [
    beatWidth(single(ports, 'in').stream),
    beatWidth(single(ports, 'out').stream),
  ];
  return `
module tb;
  reg clk = 1'b0;
  reg [2:0] drive[0:${cycles - 1}];
  reg [${inputBits - 1}:0] data[0:${total}];
  integer cycle = 0;
  integer beat = 0;
  reg held = 1'b0;
  reg offered = 1'b0;
  reg taken = 1'b0;
  wire rst_n = ~drive[cycle][2];
  wire out_ready = drive[cycle][1];
  wire in_valid = rst_n & (held | drive[cycle][0]) & (beat < ${total});
  wire in_ready;
  wire out_valid;
  wire [${outputBits - 1}:0] out_data;
  dut dut (.clk(clk), .rst_n(rst_n), .in_valid(in_valid), .in_ready(in_ready), .in_data(data[beat]),
           .out_valid(out_valid), .out_ready(out_ready), .out_data(out_data));
  initial begin
    $readmemb("drive.txt", drive);
    $readmemh("data.txt", data);
    while (cycle < ${cycles}) begin
      #4;
      $display("%b %b %b %b %b %h", rst_n, in_valid, in_ready, out_valid, out_ready, out_data);
      offered = in_valid;
      taken = in_valid & in_ready;
      #1 clk = 1'b1;
      #1;
      if (!rst_n) begin beat = 0; held = 1'b0; end
      else begin
        held = offered & ~taken;
        if (taken) beat = beat + 1;
      end
      cycle = cycle + 1;
      #4 clk = 1'b0;
    end
    $finish;
  end
endmodule
`;
}

/**
 * Simulates one instance in Icarus with the given frames and drive. A reset starts the source anew at the first frame.
 * Not for speed: one process a run.
 */
export function simulate(
  unit: UnitDefinition,
  node: HwNode,
  folder: UnitFolder,
  frames: readonly ArrayLike<number>[],
  drive: Drive,
): CycleWires[] {
  const ports = unit.ports(node);
  const input = single(ports, 'in');
  const total = frames.length * beats(input.stream);
  const bit = (on: boolean): string => (on ? '1' : '0');
  folder.write('tb.v', testbench(ports, total, drive.cycles));
  folder.write('data.txt', `${[...hexBeats(input, frames), '0'].join('\n')}\n`);
  const rows = Array.from(
    { length: drive.cycles },
    (_, c) => bit(drive.reset(c)) + bit(drive.ready(c)) + bit(drive.offer(c)),
  );
  folder.write('drive.txt', `${rows.join('\n')}\n`);
  folder.run('iverilog', ['-g2005', '-o', 'tb.vvp', 'tb.v', ...folder.sources]);
  const lines = folder.run('vvp', ['tb.vvp']).split('\n');
  return lines
    .filter((line) => /^[01] /.test(line))
    .map((line) => {
      const [rst = '', inValid = '', inReady = '', outValid = '', outReady = '', outData = ''] = line
        .trim()
        .split(/\s+/);
      return { reset: rst === '0', inValid, inReady, outValid, outReady, outData };
    });
}

/** The first difference between a run and the unit's model and expected results; undefined if they agree. */
export function firstMismatch(
  unit: UnitDefinition,
  node: HwNode,
  wires: readonly CycleWires[],
  expected: readonly ArrayLike<number>[],
): string | undefined {
  const results = hexBeats(single(unit.ports(node), 'out'), expected);
  const model = unit.model(node);
  let beat = 0;
  let seenReset = false;
  for (const [cycle, wire] of wires.entries()) {
    if (wire.reset) {
      model.reset();
      beat = 0;
      seenReset = true;
      continue;
    }
    if (!seenReset) return 'the run does not start with a reset';
    const modelled = `${model.ready(0) ? 1 : 0}${model.valid(0) ? 1 : 0}`;
    if (modelled !== wire.inReady + wire.outValid) {
      return `cycle ${cycle}: in_ready, out_valid are ${wire.inReady}${wire.outValid}, the model says ${modelled}`;
    }
    if (wire.outValid === '1' && wire.outData !== results[beat]) {
      return `cycle ${cycle}, beat ${beat}: out_data is ${wire.outData}, expected ${results[beat] ?? 'nothing'}`;
    }
    const input = wire.inValid === '1' && wire.inReady === '1';
    const output = wire.outValid === '1' && wire.outReady === '1';
    model.tick(input ? 1 : 0, output ? 1 : 0);
    if (output) beat++;
  }
  return beat === results.length ? undefined : `${beat} of ${results.length} beats came`;
}
