export type { ElementType, Tensor, TensorData, TensorType } from './types.ts';
export {
  allocate,
  bipolar,
  bitWidth,
  elementCount,
  fitInteger,
  fixed,
  float32,
  holds,
  int,
  isInteger,
  isSigned,
  printElement,
  printType,
  sameElement,
  sameType,
  ternary,
  uint,
  valueRange,
} from './types.ts';
export type {
  Attribute,
  Boundary,
  Const,
  Form,
  Graph,
  GraphInput,
  GraphOutput,
  Node,
  Operand,
  Origin,
  Scale,
} from './graph.ts';
export { constant, operandType, value } from './graph.ts';
export type { AttributeSpec, Movement, OpDefinition, OperandInfo, OperandSpec, TypeProblem } from './op.ts';
export { isProblem } from './op.ts';
export { ops } from './ops/index.ts';
export type { ParseOptions } from './parse.ts';
export { parseQir } from './parse.ts';
export type { PrintOptions } from './print.ts';
export { printNode, printQir } from './print.ts';
export { saveQir, weightsPath } from './save.ts';
export type { LoadOptions } from './load.ts';
export { loadQir } from './load.ts';
export type { Places, VerifyOptions } from './verify.ts';
export { verifyGraph } from './verify.ts';
export { encodeWeights, sha256, WeightsFile } from './weights.ts';
export { GraphBuilder } from './builder.ts';
export type {
  BoundaryOptions,
  NodeOptions,
  OperandLike,
  OutputOptions,
  SlideOptions,
} from './builder-values.ts';
export { Constant, strictlyGreater, Value } from './builder-values.ts';
export type { Numbers, TensorLike } from './tensor-like.ts';
export type { EvaluateOptions, Evaluator, Values } from './evaluate.ts';
export { createEvaluator, evaluateGraph } from './evaluate.ts';
