import { codeFactored } from '../code.ts';
import type { WeightMethod } from '../method.ts';
import { checkInteger, factorize, recover, relativeError, shadowProduct } from '../weights/index.ts';
import { eightBits } from './options.ts';

/** Sweeps of the recovery. */
const SWEEPS = 10;
/** Layers with fewer outputs lose accuracy at a rank of as many terms. */
const TINY = 32;

/** Fixed-point factorized networks: two ternary matrices and a diagonal. */
export const ffn: WeightMethod = {
  name: 'ffn',
  summary:
    'Products of two ternary matrices with a factor for each term between them (fixed-point factorized networks)',
  options: {
    rank: {
      kind: 'number',
      describe: 'Terms; as many as the layer has outputs or inputs, the fewer of both, unless given',
      least: 1,
      most: 65536,
      integer: true,
    },
    epochs: {
      kind: 'number',
      describe: 'Rounds in which every term is fitted; after the first with all others known',
      least: 1,
      most: 1000,
      integer: true,
      standard: 20,
    },
    recover: {
      kind: 'switch',
      describe:
        'Say how near to the weights real numbers come that round to the ternary matrices: where retraining starts',
    },
  },
  activations: () => eightBits,
  shorthand: 'rank',
  quantize: (layer, values) => {
    const { matrix } = layer;
    const rank = values['rank'] === undefined ? {} : { rank: Number(values['rank']) };
    // a term for each weight gives the matrix itself
    const most = matrix.rows * matrix.columns;
    checkInteger('the rank', rank.rank ?? 1, 1, most, matrix.where);
    const { weights } = factorize(matrix, { ...rank, epochs: Number(values['epochs']) });
    const coded = codeFactored(layer, weights);
    const advice: string[] = [];
    const { rows, columns } = matrix;
    if (Math.min(rows, columns) < TINY && weights.rank <= Math.min(rows, columns))
      advice.push(
        `${weights.rank} terms for ${rows} outputs of ${columns} inputs: keep the layer at 8 bits, or give it a higher rank`,
      );
    if (coded.storedBits > 8 * rows * columns)
      advice.push(`${(coded.storedBits / (rows * columns)).toFixed(1)} bits for each weight, more than 8`);
    if (values['recover'] !== true) return { ...coded, advice };
    const { shadows } = recover(matrix, weights, SWEEPS);
    return { ...coded, advice, recoveredError: relativeError(matrix, shadowProduct(shadows)) };
  },
};
