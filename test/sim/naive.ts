import { beats } from '../../compiler/hw/graph.ts';
import type { HwGraph } from '../../compiler/hw/graph.ts';
import { StallSource } from '../../sim/index.ts';
import type { TimingRequest } from '../../sim/index.ts';
import { toyUnits } from './toys.ts';

/** By channel name, the cycle of every transfer: every model ticked in every cycle, straight from sim/README.md. */
export function naiveTransfers(hw: HwGraph, request: TimingRequest): Map<string, number[]> {
  const models = new Map(hw.nodes.map((node) => [node.name, toyUnits.get(node.unit)?.model(node)]));
  const inputs = hw.channels.filter((channel) => channel.from.node === '');
  const outputs = hw.channels.filter((channel) => channel.to.node === '');
  const stalls = [...inputs, ...outputs].map((_, i) => new StallSource(request.stalls ?? 0, i));
  const portNumber = (port: string): number => Number(port.replace(/\D/g, ''));
  const transfers = new Map(hw.channels.map((channel) => [channel.name, [] as number[]]));
  let fed = inputs.map(() => 0);
  let left = outputs.map(() => 0);
  let offering = inputs.map(() => false);
  let frames = request.frames;
  const done = (): boolean => outputs.every((channel, o) => (left[o] ?? 0) >= frames * beats(channel.stream));
  for (let cycle = 0; cycle < 1_000_000; cycle++) {
    const draws = stalls.map((source) => source.draw() && request.stalls !== undefined);
    const reset = request.reset;
    if (reset !== undefined && cycle >= reset.at && cycle < reset.at + 4) {
      for (const model of models.values()) model?.reset();
      [fed, left, offering] = [inputs.map(() => 0), outputs.map(() => 0), inputs.map(() => false)];
      frames = request.frames - reset.resume;
      continue;
    }
    if (done()) {
      if (reset === undefined || cycle >= reset.at) return transfers;
      continue;
    }
    const masks = new Map(hw.nodes.map((node) => [node.name, { took: 0, gave: 0 }]));
    for (const channel of hw.channels) {
      const i = inputs.indexOf(channel);
      const o = outputs.indexOf(channel);
      if (i >= 0 && !offering[i]) offering[i] = !draws[i] && (fed[i] ?? 0) < frames * beats(channel.stream);
      const valid =
        i >= 0 ? offering[i] : models.get(channel.from.node)?.valid(portNumber(channel.from.port));
      const ready =
        o >= 0 ? !draws[inputs.length + o] : models.get(channel.to.node)?.ready(portNumber(channel.to.port));
      if (!valid || !ready) continue;
      transfers.get(channel.name)?.push(cycle);
      if (i >= 0) [fed[i], offering[i]] = [(fed[i] ?? 0) + 1, false];
      if (o >= 0) left[o] = (left[o] ?? 0) + 1;
      const [from, to] = [masks.get(channel.from.node), masks.get(channel.to.node)];
      if (from !== undefined) from.gave |= 1 << portNumber(channel.from.port);
      if (to !== undefined) to.took |= 1 << portNumber(channel.to.port);
    }
    for (const [name, { took, gave }] of masks) models.get(name)?.tick(took, gave);
  }
  throw new Error('the toy never ends');
}
