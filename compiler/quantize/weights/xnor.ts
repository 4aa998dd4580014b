import { checkWeights, sign, type Matrix, type Scope } from './matrix.ts';
import { magnitudes, type BinaryWeights } from './representation.ts';

/**
 * BWN and XNOR-Net: W ~= alpha sgn(W) with alpha the mean magnitude, of each filter (XNOR-Net, Group-Net's text) or of the layer (DoReFa with
 * one bit, Group-Net's released code). It is the least-squares scale of these signs.
 */
export function binarize(matrix: Matrix, { scope = 'filter' }: { scope?: Scope } = {}): BinaryWeights {
  checkWeights(matrix);
  const { rows, columns, data } = matrix;
  const scales =
    scope === 'layer'
      ? Float64Array.of(magnitudes(data, 'all').mean)
      : Float64Array.from(
          { length: rows },
          (_, row) => magnitudes(data.subarray(row * columns, (row + 1) * columns), 'all').mean,
        );
  return { kind: 'binary', rows, columns, signs: Int8Array.from(data, sign), scales };
}
