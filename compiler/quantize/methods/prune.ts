import { badMethodOption } from '../../diagnostics/catalog/quantize.ts';
import { fail } from '../../diagnostics/index.ts';
import type { CodedWeights, Layer, MethodValues, WeightMethod } from '../method.ts';
import {
  cheapestStorage,
  leastBits,
  mostBits,
  nonZeros,
  prune as pruned,
  sparseOf,
} from '../weights/index.ts';
import { inq, powersOfTwo } from './inq.ts';
import { symmetric } from './int.ts';
import { eightBits, shifts } from './options.ts';

/** Fillers a stored weight from which gap coding is a poor choice. */
const MANY_FILLERS = 0.25;
/** Weights left from which on zeros hardly save anything. */
const DENSE = 0.5;

/** What is left of the weights: by a rate, by a part of them, or what is not zero already. */
function survivors({ matrix }: Layer, { rate, keep }: MethodValues) {
  if (rate !== undefined && keep !== undefined)
    return fail(badMethodOption('keep', `${keep}, and rate ${rate}`, 'one of both'));
  if (rate !== undefined) return pruned(matrix, { rate: Number(rate) });
  return keep === undefined ? sparseOf(matrix) : pruned(matrix, { keep: Number(keep) });
}

/** The survivors by another method, which keeps zeros. */
function quantized(
  layer: Layer,
  then: string,
  bits: number | undefined,
): { coded: CodedWeights; bits: number } {
  const [least, most, standard] = then === 'inq' ? [leastBits, mostBits, 5] : [2, 8, 8];
  const width = bits ?? standard;
  if (width < least || width > most)
    fail(
      badMethodOption('bits', String(width), `an integer from ${least} to ${most}, for survivors by ${then}`),
    );
  return { coded: then === 'inq' ? powersOfTwo(layer, width) : symmetric(layer, width), bits: width };
}

/** Magnitude pruning; a network that came sparse keeps the zeros that it has. */
export const prune: WeightMethod = {
  name: 'prune',
  summary:
    'Zeros for the smallest weights, or those that a sparse network has; the others as integers or powers of two',
  options: {
    rate: {
      kind: 'number',
      describe: 'Keep magnitudes above mean + rate * standard deviation',
      least: -100,
      most: 100,
      integer: false,
    },
    keep: { kind: 'number', describe: 'Keep this part of the weights', least: 1e-6, most: 1, integer: false },
    survivors: {
      kind: 'choice',
      describe: 'How the weights that are left are quantized',
      choices: ['int', 'inq'],
      standard: 'int',
    },
    bits: { kind: 'number', describe: 'Bits of a weight', least: leastBits, most: 8, integer: true },
  },
  activations: ({ survivors: then }) => (then === inq.name ? shifts : eightBits),
  shorthand: 'keep',
  quantize: (layer, values) => {
    const { values: data } = survivors(layer, values);
    const { rows, columns } = layer.matrix;
    const rest: Layer = { ...layer, matrix: { ...layer.matrix, data } };
    const left = nonZeros(data);
    if (left === 0) fail(badMethodOption('rate', String(values['rate']), 'a rate at which weights are left'));
    const then = String(values['survivors']);
    const bits = values['bits'] === undefined ? undefined : Number(values['bits']);
    const { coded, bits: width } = quantized(rest, then, bits);
    const storage = cheapestStorage(coded.levels, rows, columns, width);
    const advice: string[] = [];
    if (storage.fillers > MANY_FILLERS * nonZeros(coded.levels))
      advice.push(
        `${storage.fillers} fillers in gaps of ${storage.gapBits ?? 0} bits for ${nonZeros(coded.levels)} weights`,
      );
    if (left > DENSE * data.length)
      advice.push(
        `${((100 * left) / data.length).toFixed(0)} % of the weights are left: their indices take more than the zeros save`,
      );
    return { ...coded, storedBits: Math.min(storage.bits, coded.storedBits), advice };
  },
};
