// Places of the numbers in the records that sim/steady.ts fills in and sim/wasm/ works on: in bytes, 32 bits each but for cycles, which have 64.
// A file of both languages: TypeScript and AssemblyScript.

// A node's record.
export const KIND = 0;
export const NEED = 4;
export const EMIT = 8;
/** Steps: the silent runs; reader: the words that are free. */
export const ALSO = 12;
export const STEPS = 16;
export const DEPTH = 20;
export const WORDS = 24;
export const INPUTS = 28;
export const OUTPUTS = 32;
/** Addresses of the channels at its ports. */
export const INTO = 36;
export const FROM = 40;
/** The channel without whose next stamp it cannot go on; ANY, or 0 when its frame is over. */
export const WAIT = 44;
export const BUSY = 48;
export const QUEUED = 52;
/** Steps made in this round; join: in this frame; pace: the place in its group. */
export const STEP = 56;
/** Results of this frame: that are on their way, whose stamp is known, and that the steps made so far have been held up by. */
export const EMITTED = 60;
export const PUBLISHED = 64;
export const ABSORBED = 68;
/** Ring of results: by each its tick and the cycle from which it is offered; and the place of the frame's first one. */
export const RESULTS = 72;
export const RESULT_BASE = 76;
/** The last step: its tick; or its cycle. */
export const LAST = 80;
/** Cycles that the pipeline stood still, up to the last step; and up to the last result that is offered. */
export const LOST = 88;
export const LOST_AHEAD = 96;
/** The last two steps of a join, in cycles. */
export const FIRED = 104;
export const FIRED_BEFORE = 112;
/** Reader: ring of the cycles of its steps, its mask, and the place of the frame's first one. */
export const STAMPS = 120;
export const STAMP_MASK = 124;
export const STAMP_BASE = 128;
/** Reader: the step before which the last word came, counted in the frame; in its round; and the words of the rounds before it. */
export const SEEN = 132;
/** Fifo: beats of this frame that have left when its last one came; and the most that it held. */
export const LEFT = 136;
export const MOST = 140;
/** Rounds of the steps in a frame, and those made in this one. */
export const ROUNDS = 144;
export const ROUND = 148;
export const SEEN_STEP = 152;
export const SEEN_WORDS = 156;
/** Reader: by step, the least number of words that are free before it or any later one. */
export const LEAST = 160;
/** Reader: whether the next word comes in cycle CANDIDATE unless a step comes before it; whether none can. */
export const WAVERS = 164;
export const FORCED = 168;
export const CANDIDATE = 176;
export const NODE = 184;

// A channel's record.
export const BEATS = 0;
export const PRODUCER = 4;
export const CONSUMER = 8;
/** Beats of this frame whose offer is known, and whose transfer is. */
export const OFFERED = 12;
export const TAKEN = 16;
/** By beat of the frame, the cycle from which it is offered: that of the one before it or later. */
export const OFFERS = 20;
/** Ring of the cycles of transfers, its mask, and the place of the frame's first beat. */
export const TAKES = 24;
export const MASK = 28;
export const BASE = 32;
/** Beats of earlier frames that may be asked for. */
export const LOOKBACK = 36;
/** Beats before this frame. */
export const TOTAL = 40;
export const CHANNEL = 48;
