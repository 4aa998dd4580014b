import type { WeightMethod } from '../method.ts';
import { bwn, xnor } from './binary.ts';
import { ffn } from './ffn.ts';
import { inq } from './inq.ts';
import { int4, int8, integers } from './int.ts';
import { prune } from './prune.ts';
import { abc, sketch } from './sketch.ts';
import { ttq, twn } from './ternary.ts';

/** Every method, by name. */
export const methods: ReadonlyMap<string, WeightMethod> = new Map(
  [int8, int4, integers, inq, prune, sketch, ffn, twn, ttq, bwn, xnor, abc].map((method) => [
    method.name,
    method,
  ]),
);
