import type { Conversion } from '../conversion.ts';
import { activationConverters } from './activations.ts';
import { branchConverters } from './branches.ts';
import { channelsLastConverters } from './channels-last.ts';
import { convolutionConverters } from './convolution.ts';
import { poolingConverters } from './pooling.ts';
import { resizeConverters } from './resize.ts';
import { arithmeticConverters } from './arithmetic.ts';
import { constantConverters } from './constants.ts';
import { layoutConverters } from './layout.ts';
import { linearConverters } from './linear.ts';
import { normalizationConverters } from './normalization.ts';
import { qcdqConverters } from './qcdq.ts';
import { qonnxConverters } from './qonnx.ts';
import { selectConverters } from './select.ts';
import { thresholdConverters } from './threshold.ts';

/** How nodes of one operator become QIR. */
export interface Converter {
  readonly opTypes: readonly string[];
  /** Domains in which the operator has this meaning; '' is the standard one. */
  readonly domains: readonly string[];
  /** First opset version with this meaning; 1 unless given. */
  readonly since?: number;
  /** Attributes the operator defines; others are reported as without effect. */
  readonly attributes: readonly string[];
  /**
   * What the operator makes of the layout of its first input: `image` wants channels last, `any` leaves every layout as it is; all others
   * (not given) want the order of the ONNX tensor.
   */
  readonly layout?: 'image' | 'any';
  /** Reads the node and sets what its outputs stand for. */
  readonly convert: (c: Conversion) => void;
}

/** Every operator that the front-end reads, apart from those that are only folded. */
export const converters: readonly Converter[] = [
  ...activationConverters,
  ...arithmeticConverters,
  ...branchConverters,
  ...channelsLastConverters,
  ...convolutionConverters,
  ...poolingConverters,
  ...resizeConverters,
  ...constantConverters,
  ...layoutConverters,
  ...linearConverters,
  ...normalizationConverters,
  ...qcdqConverters,
  ...qonnxConverters,
  ...selectConverters,
  ...thresholdConverters,
];

const table = new Map<string, Converter>();
for (const converter of converters) {
  for (const domain of converter.domains)
    for (const op of converter.opTypes) table.set(`${domain}\n${op}`, converter);
}

/** The converter of an operator, or undefined if qcc does not read it. */
export function findConverter(domain: string, opType: string): Converter | undefined {
  return table.get(`${domain}\n${opType}`);
}

/** Domains in which a custom operator of this name is known, for a hint where the domain is another one. */
export function knownDomains(opType: string): readonly string[] {
  return converters.filter((c) => c.opTypes.includes(opType)).flatMap((c) => c.domains);
}
