import { int8 } from './int8/index.ts';
import type { QuantizeMethod } from './method.ts';

export { type Arithmetic, type QuantizeMethod, type ScaleChoice } from './method.ts';
export { decideInputs, samplesOf } from './inputs.ts';

/** Every method, by name. */
export const methods: ReadonlyMap<string, QuantizeMethod> = new Map(
  [int8].map((method) => [method.name, method]),
);
