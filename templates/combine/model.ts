import { beats } from '../../compiler/hw/index.ts';
import type { StreamType, TimingModel, TimingTable, UnitTiming } from '../../compiler/hw/index.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { pixelStream } from '../lib/lanes.ts';
import type { Plan } from './plan.ts';

/** The beats of an input or of the output. */
export function streamOf({ params }: Plan, elem: ElementType): StreamType {
  return pixelStream(elem, params.rows, params.channels, params.lanes);
}

/**
 * Every input has a spill register of its own; a step fires when all of them hold a beat and the output's has room. So no input's
 * handshake depends on another's.
 */
class Join implements TimingModel {
  readonly #held: number[];
  readonly #stages: number;
  /** Which stages hold operands: bit 0 is the first. */
  #pipe = 0;
  #spill = 0;

  constructor(inputs: number, stages: number) {
    this.#held = new Array<number>(inputs).fill(0);
    this.#stages = stages;
  }

  ready(port: number): boolean {
    return (this.#held[port] ?? 0) < 2;
  }

  valid(): boolean {
    return this.#spill > 0;
  }

  #fires(): boolean {
    return this.#spill < 2 && this.#held.every((count) => count > 0);
  }

  tick(inputs: number, outputs: number): void {
    const enabled = this.#spill < 2;
    const fires = this.#fires();
    if (outputs !== 0) this.#spill--;
    for (let i = 0; i < this.#held.length; i++)
      this.#held[i] = (this.#held[i] ?? 0) + ((inputs >> i) & 1) - (fires ? 1 : 0);
    if (!enabled) return;
    const moved = (this.#pipe << 1) | (fires ? 1 : 0);
    this.#spill += (moved >> this.#stages) & 1;
    this.#pipe = moved & ((1 << this.#stages) - 1);
  }

  /** Without transfers nothing moves unless a step can fire or one is under way. */
  idle(): number {
    return this.#spill < 2 && (this.#pipe !== 0 || this.#fires()) ? 0 : Infinity;
  }

  skip(): void {
    // idle() is nothing or all the time there is: no edge changes the state
  }

  reset(): void {
    this.#held.fill(0);
    this.#pipe = 0;
    this.#spill = 0;
  }

  state(): number {
    return this.#held.reduce((code, count) => code * 3 + count, (this.#spill << this.#stages) | this.#pipe);
  }

  table(): TimingTable {
    return { kind: 'join', inputs: this.#held.length, stages: this.#stages };
  }
}

export function model({ terms, stages }: Plan): TimingModel {
  return new Join(terms.length, stages);
}

/** A beat passes the input's register, the stages, and the output's register. */
export function timing(plan: Plan): UnitTiming {
  return { initiationInterval: beats(streamOf(plan, plan.params.y)), latency: 2 + plan.stages };
}
