export type { Arithmetic, ScaleChoice } from './method.ts';
export { decideInputs, samplesOf } from './inputs.ts';
export { choiceOf, planFor } from './plan.ts';
export type { LayerRequest, QuantizeRequest } from './plan.ts';
export { quantizeGraph } from './quantize.ts';
export type { Quantized } from './quantize.ts';
export { parseMethodSpec } from './spec.ts';
