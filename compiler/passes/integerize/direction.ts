import { getNumber } from '../../qir/ops/attributes.ts';
import type { Tensor } from '../../qir/types.ts';
import type { Carrier, TailStep } from './carrier.ts';
import { representative } from './representative.ts';

/**
 * Whether the real number rises (+1) or falls (-1) with the integer, for each row of the carrier's representative, as far as the
 * structure of the tail proves it: 0 where it does not. Rounding to float32 never turns an order round, so each step's exact
 * direction holds for its rounded result, in the wide sense; a step that is constant may count as rising.
 *
 * `sigmoid` and `tanh` are computed in double precision with an error below one unit in the last place; float32 operands lie so far
 * apart that this error cannot turn the order of two rounded results round.
 */
export function tailDirections(carrier: Carrier): Int8Array {
  const { rows, tail, scales } = representative(carrier);
  const directions = new Int8Array(rows).fill(1);
  if (scales !== undefined) {
    for (let i = 0; i < rows; i++) {
      if ((scales[scales.length === 1 ? 0 : i]?.numerator ?? 0n) < 0n) directions[i] = -1;
    }
  }
  for (const step of tail) {
    const sign = stepDirection(step);
    for (let i = 0; i < rows; i++) directions[i] = (directions[i] ?? 0) * sign(i);
  }
  return directions;
}

const rising = () => 1;
const unknown = () => 0;

function stepDirection(step: TailStep): (element: number) => number {
  const { node, operands } = step;
  const [left, right] = operands;
  // -0 and 0 are constants: rising in the wide sense
  const signOf = (x: number) => (x < 0 ? -1 : 1);
  switch (node.op) {
    case 'add':
    case 'relu':
    case 'clip':
    case 'quant':
    case 'bipolar_quant':
    case 'trunc':
    case 'sigmoid':
    case 'tanh':
      return rising;
    case 'sub':
      return left === undefined ? rising : () => -1;
    case 'mul': {
      const factor = left ?? right;
      if (factor === undefined) return unknown;
      return (i) => signOf(at(factor, i));
    }
    case 'div': {
      if (right === undefined) return unknown;
      return (i) => signOf(at(right, i));
    }
    case 'batchnorm': {
      if (right === undefined) return unknown;
      return (i) => signOf(at(right, i));
    }
    case 'leaky_relu':
      return getNumber(node.attributes, 'alpha') >= 0 ? rising : unknown;
    case 'prelu':
      return right === undefined ? unknown : (i) => (at(right, i) >= 0 ? 1 : 0);
    case 'multithreshold':
      return () => signOf(getNumber(node.attributes, 'out_scale'));
    default:
      return unknown;
  }
}

/** The number of a flattened constant for a row. */
function at(tensor: Tensor, row: number): number {
  return tensor.data[tensor.data.length === 1 ? 0 : row] ?? 0;
}
