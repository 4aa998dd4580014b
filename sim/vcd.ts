import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import type { HwGraph } from '../compiler/hw/graph.ts';
import { beatBytes, beatWidth } from '../compiler/hw/pack.ts';
import type { ChannelLog } from './run.ts';
import type { StatusChange } from './schedule.ts';

/** What a waveform is drawn from: a run with `trace: 'full'`. */
export interface Waveform {
  readonly log: readonly ChannelLog[];
  readonly status: readonly StatusChange[];
  readonly cycles: number;
  /** By channel: transfers before a reset; what was offered but not taken then is never logged. */
  readonly aborted: readonly number[];
  readonly resetAt: number | null;
}

/** Identifier of the n-th signal: printable characters, as the format wants. */
function identifier(n: number): string {
  let text = '';
  let rest = n;
  do {
    text = String.fromCharCode(33 + (rest % 94)) + text;
    rest = Math.floor(rest / 94) - 1;
  } while (rest >= 0);
  return text;
}

/** The bits of one beat, most significant first, without leading zeros. */
function binary(data: Uint8Array, beat: number, bytes: number): string {
  let text = '';
  for (let i = bytes - 1; i >= 0; i--) text += (data[beat * bytes + i] ?? 0).toString(2).padStart(8, '0');
  return text.replace(/^0+(?=.)/, '');
}

/**
 * The value change dump of a run, piece by piece: for each channel a scope with `valid`, `ready` and `data`. One time unit is one
 * cycle; data is x while nothing is offered. The text depends on the run alone.
 */
export function* vcdText(hw: HwGraph, wave: Waveform): Generator<string> {
  yield `$comment one time unit is one cycle of ${hw.clockMhz} MHz $end\n$timescale 1 ns $end\n$scope module ${hw.name} $end\n`;
  const shown = hw.channels.map(({ name, stream }, c) => {
    const [valid, ready, data] = [identifier(3 * c), identifier(3 * c + 1), identifier(3 * c + 2)];
    return { name, valid, ready, data, width: beatWidth(stream), bytes: beatBytes(stream) };
  });
  for (const { name, valid, ready, data, width } of shown) {
    yield `$scope module ${name} $end\n$var wire 1 ${valid} valid $end\n$var wire 1 ${ready} ready $end\n$var wire ${width} ${data} data [${width - 1}:0] $end\n$upscope $end\n`;
  }
  yield '$upscope $end\n$enddefinitions $end\n';
  // what each channel shows now; -1 before its first change
  const now = shown.map(() => ({ status: -1, data: '' }));
  // transfers also change the data while the wires stay high, so both lists are merged in the order of cycles
  let change = 0;
  let moved: number[] = [];
  let last = -1;
  const cursors = shown.map(() => 0);
  const due = (): number => (moved.length > 0 ? last + 1 : (wave.status[change]?.cycle ?? Infinity));
  for (let cycle = due(); cycle < wave.cycles; cycle = due()) {
    const touched = new Set(moved);
    moved = [];
    last = cycle;
    const lines: string[] = [];
    for (; wave.status[change]?.cycle === cycle; change++) {
      const { channel, status } = wave.status[change] as StatusChange;
      const [state, signal] = [now[channel], shown[channel]];
      if (state === undefined || signal === undefined) continue;
      if (state.status < 0 || (state.status ^ status) & 2) lines.push(`${status >> 1}${signal.valid}`);
      if (state.status < 0 || (state.status ^ status) & 1) lines.push(`${status & 1}${signal.ready}`);
      state.status = status;
      touched.add(channel);
    }
    for (const channel of [...touched].sort((a, b) => a - b)) {
      const [state, signal, log] = [now[channel], shown[channel], wave.log[channel]];
      if (state === undefined || signal === undefined || log === undefined) continue;
      const beat = cursors[channel] ?? 0;
      const limit =
        wave.resetAt !== null && cycle < wave.resetAt ? (wave.aborted[channel] ?? 0) : log.cycles.length;
      const offered = (state.status & 2) !== 0 && beat < limit;
      const text = offered ? binary(log.data, beat, signal.bytes) : 'x';
      if (text !== state.data) lines.push(`b${text} ${signal.data}`);
      state.data = text;
      if (state.status === 3 && log.cycles[beat] === cycle) {
        cursors[channel] = beat + 1;
        moved.push(channel);
      }
    }
    if (lines.length > 0) yield `#${cycle}\n${lines.join('\n')}\n`;
  }
  yield `#${wave.cycles}\n`;
}

/** Writes the value change dump to a file, beside it first and then renamed into place. */
export function writeVcd(path: string, hw: HwGraph, wave: Waveform): void {
  const beside = `${path}.part`;
  const file = openSync(beside, 'w');
  let text = '';
  for (const piece of vcdText(hw, wave)) {
    text += piece;
    if (text.length < 65536) continue;
    writeSync(file, text);
    text = '';
  }
  writeSync(file, text);
  closeSync(file);
  renameSync(beside, path);
}
