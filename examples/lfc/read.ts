import { DiagnosticError, parseArray } from 'qcc';
import type { BinaryLayer } from './network.ts';

/**
 * Reads the layers of an .npz archive: `L0_weights` and `L0_thresholds` [outputs] or [outputs, 1], then `L1_...`, as far as they go. The
 * last layer need not have thresholds.
 *
 * @param file - how messages name the archive
 * @throws DiagnosticError if there is no first layer or an array is damaged
 */
export function readLayers(bytes: Uint8Array, file: string): BinaryLayer[] {
  const numbers = (name: string): { readonly shape: readonly number[]; readonly data: Float64Array } => {
    const { shape, data } = parseArray(bytes, file, name);
    return { shape, data: Float64Array.from(data, Number) };
  };
  const isAbsent = (error: unknown): boolean =>
    error instanceof DiagnosticError && error.diagnostics[0]?.code === 'QCC6009';
  const optional = (name: string): Float64Array => {
    try {
      return numbers(name).data;
    } catch (error) {
      if (isAbsent(error)) return new Float64Array(0);
      throw error;
    }
  };
  const layers: BinaryLayer[] = [];
  for (;;) {
    const i = layers.length;
    let weights;
    try {
      weights = numbers(`L${i}_weights`);
    } catch (error) {
      // the archive says which arrays it has; after the last layer there is no next one
      if (i > 0 && isAbsent(error)) return layers;
      throw error;
    }
    layers.push({ weights: weights.data, shape: weights.shape, thresholds: optional(`L${i}_thresholds`) });
  }
}
