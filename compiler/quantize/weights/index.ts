export { shiftedBases, type AbcOptions } from './abc.ts';
export {
  masked,
  maskedWeights,
  prune,
  sparseOf,
  surgeryStep,
  surgeryThresholds,
  updateMask,
  updateProbability,
  type Pruning,
  type SurgeryLayer,
  type SurgeryOptions,
  type SurgeryThresholds,
} from './dns.ts';
export { dorefaActivation, dorefaWeights } from './dorefa.ts';
export { factorize, type Factorization, type FactorizeOptions } from './ffn.ts';
export {
  balance,
  quantizeShadow,
  quantizeShadows,
  recover,
  shadowProduct,
  shadowsOf,
  type ShadowFactors,
} from './ffn-recovery.ts';
export {
  cheapestStorage,
  decodeGaps,
  encodeGaps,
  fillersOf,
  gapStorage,
  rowStorage,
  type GapCode,
  type SparseStorage,
} from './gaps.ts';
export { groupNetActivation, groupNetBranches, groupNetGradient } from './groupnet.ts';
export { hwgqActivation, hwgqGradient, hwgqStep } from './hwgq.ts';
export {
  codebookOf,
  decode,
  encode,
  freezePortion,
  greatestExponent,
  leastBits,
  mostBits,
  quantizePowers,
  roundToCodebook,
  updateFree,
  variableLengthBits,
  type Choice,
  type Codebook,
  type PartlyQuantized,
} from './inq.ts';
export { quantizeIntegers, type IntegerOptions } from './int.ts';
export {
  checkInteger,
  checkNumber,
  checkWeights,
  matrixOf,
  relativeError,
  squaredError,
  squaredNorm,
  type Matrix,
  type Scope,
} from './matrix.ts';
export {
  evaluatePartialSums,
  partialSumTree,
  type PartialSumOptions,
  type PartialSumTree,
} from './partial-sums.ts';
export {
  nonZeros,
  reconstruct,
  scaleOf,
  type BasisWeights,
  type BinaryWeights,
  type FactorWeights,
  type IntegerWeights,
  type PowerWeights,
  type SparseWeights,
  type TernaryWeights,
  type WeightRepresentation,
} from './representation.ts';
export { sketch, type SketchOptions } from './sketch.ts';
export {
  bitsPerWeight,
  powerOfTwoCost,
  totalCost,
  weightCost,
  type CostOptions,
  type WeightCost,
} from './storage.ts';
export { ternaryStep, type TernaryVector } from './ternary-step.ts';
export { trainedTernary, ttqScaleGradients, type TtqOptions } from './ttq.ts';
export { ternarize } from './twn.ts';
export { binarize } from './xnor.ts';
