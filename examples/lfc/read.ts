import { DiagnosticError, parseArray } from 'qcc';
import type { BinaryLayer } from './network.ts';

/**
 * Reads the layers of an .npz archive: `L0_weights` [outputs, inputs] and `L0_thresholds` [outputs] or [outputs, 1], then `L1_...`,
 * as far as they go.
 *
 * @param file - how messages name the archive
 * @throws DiagnosticError if there is no first layer or an array is damaged
 */
export function readLayers(bytes: Uint8Array, file: string): BinaryLayer[] {
  const numbers = (name: string): { readonly shape: readonly number[]; readonly data: Float64Array } => {
    const { shape, data } = parseArray(bytes, file, name);
    return { shape, data: Float64Array.from(data, Number) };
  };
  const layers: BinaryLayer[] = [];
  for (;;) {
    const i = layers.length;
    let weights;
    try {
      weights = numbers(`L${i}_weights`);
    } catch (error) {
      // the archive says which arrays it has; after the last layer there is no next one
      if (i > 0 && error instanceof DiagnosticError && error.diagnostics[0]?.code === 'QCC6009')
        return layers;
      throw error;
    }
    const [outputs = 0, inputs = 0] = weights.shape;
    layers.push({
      weights: weights.data,
      shape: [outputs, inputs],
      thresholds: numbers(`L${i}_thresholds`).data,
    });
  }
}
