import { bitWidth, isSigned, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { perRow } from '../lib/rows.ts';

/** The parameters of an instance, typed. */
export interface ThresholdParams {
  /** Rows of one frame, each of which begins a new beat; absent: 1. */
  readonly rows?: number;
  /** Elements of one frame. */
  readonly elements: number;
  /** Element e belongs to channel e % channels. */
  readonly channels: number;
  readonly lanes: number;
  readonly x: ElementType;
  readonly y: ElementType;
  /** Lowest level. */
  readonly base: number;
  /** How the level is found: every threshold compared at once (also if absent), or one a pipeline stage in a binary search. */
  readonly form?: 'parallel' | 'search';
}

/** The parameters of a checked instance. */
export function thresholdParams(node: HwNode): ThresholdParams {
  return node.params as unknown as ThresholdParams;
}

/** How an instance is built. */
export interface Plan {
  readonly params: ThresholdParams;
  readonly count: number;
  /** Elements and beats of one row. */
  readonly elements: number;
  readonly steps: number;
  /** Bits of an input as it is compared. */
  readonly xBits: number;
  readonly signed: boolean;
  /** Bits of a stored threshold: one more than an input where some threshold is never reached. */
  readonly bits: number;
  /** Whether some channel falls; `row` then has one bit a lane above the thresholds. */
  readonly flips: boolean;
  /** Least and greatest input as it is compared; a bipolar one is its bit. */
  readonly low: number;
  readonly high: number;
  /** Distinct constant words; 1 if every step has the same. */
  readonly words: number;
  /** The channel of a lane in the steps of a word. */
  readonly channelOf: (word: number, lane: number) => number;
  /** Threshold j of a channel, ascending with j; brought to `low` or `high + 1` where it lies beyond. */
  readonly threshold: (channel: number, j: number) => number;
  /** 1 if the channel's level falls as the input rises. */
  readonly falls: (channel: number) => number;
  /** Thresholds of the lanes in one word, lane by lane; idle lanes repeat others. */
  readonly thresholds: (word: number) => number[];
  /** 1 for each lane that falls. */
  readonly falling: (word: number) => number[];
  /** Lanes of the last beat without an element. */
  readonly idleLanes: number;
}

const known = new WeakMap<HwNode, Plan>();

/** The plan of a checked instance. */
export function planOf(node: HwNode): Plan {
  let plan = known.get(node);
  if (plan === undefined) known.set(node, (plan = makePlan(node)));
  return plan;
}

function makePlan(node: HwNode): Plan {
  const params = thresholdParams(node);
  const { channels, lanes, x } = params;
  const elements = perRow(node, params.elements);
  const { thresholds, flip } = node.consts;
  const count = thresholds?.shape[1] ?? 0;
  const { min, max } = valueRange(x);
  // A bipolar input is its bit: 0 for -1, 1 for +1.
  const scaled = (t: number): number => (x.kind === 'bipolar' ? Math.ceil((t + 1) / 2) : t);
  const [low, high] = x.kind === 'bipolar' ? [0, 1] : [min, max];
  const values = Array.from({ length: channels * count }, (_, i) =>
    Math.max(low, Math.min(high + 1, scaled(thresholds?.data[i] ?? 0))),
  );
  const steps = Math.ceil(elements / lanes);
  // The channels of step s start at s * lanes, so words repeat when that is a multiple of the channels.
  const words = lanes % channels === 0 ? 1 : Math.min(steps, channels / gcd(lanes, channels));
  const channelOf = (word: number, lane: number): number => (word * lanes + lane) % channels;
  const falls = (c: number): number => (flip?.data[c] === 1 ? 1 : 0);
  return {
    params,
    count,
    elements,
    steps,
    xBits: bitWidth(x),
    signed: isSigned(x),
    bits: bitWidth(x) + (values.some((t) => t > high) ? 1 : 0),
    flips: Array.from({ length: channels }, (_, c) => falls(c)).includes(1),
    low,
    high,
    words,
    channelOf,
    threshold: (channel, j) => values[channel * count + j] ?? 0,
    falls,
    thresholds: (word) =>
      Array.from({ length: lanes }, (_, lane) => {
        const c = channelOf(word, lane);
        return values.slice(c * count, (c + 1) * count);
      }).flat(),
    falling: (word) => Array.from({ length: lanes }, (_, lane) => falls(channelOf(word, lane))),
    idleLanes: steps * lanes - elements,
  };
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
