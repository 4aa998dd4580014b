import { getNumber } from '../../qir/ops/attributes.ts';
import { broadcastReader } from '../../qir/ops/real.ts';
import { broadcastIndices } from '../../qir/ops/shapes.ts';
import { elementCount } from '../../qir/types.ts';
import type { Carrier, TailStep } from './carrier.ts';

/**
 * Whether the real number rises (+1) or falls (-1) with the integer, element by element, as far as the structure of the tail
 * proves it: 0 where it does not. Rounding to float32 never turns an order round, so each step's exact direction holds for its
 * rounded result, in the wide sense; a step that is constant may count as rising.
 */
export function tailDirections(carrier: Carrier): Int8Array {
  const count = elementCount(carrier.type.shape);
  const directions = new Int8Array(count).fill(1);
  const { grid } = carrier;
  if (grid !== undefined) {
    const indices =
      grid.scales.length === 1 ? undefined : broadcastIndices(grid.scaleShape, carrier.type.shape);
    for (let i = 0; i < count; i++) {
      if ((grid.scales[indices?.[i] ?? 0]?.numerator ?? 0n) < 0n) directions[i] = -1;
    }
  }
  for (const step of carrier.tail) {
    const sign = stepDirection(step);
    for (let i = 0; i < count; i++) directions[i] = (directions[i] ?? 0) * sign(i);
  }
  return directions;
}

const rising = () => 1;
const unknown = () => 0;

function stepDirection(step: TailStep): (element: number) => number {
  const { node, operands } = step;
  const { shape } = node.type;
  const [left, right] = operands;
  // -0 and 0 are constants: rising in the wide sense
  const signOf = (x: number) => (x < 0 ? -1 : 1);
  switch (node.op) {
    case 'add':
    case 'relu':
    case 'clip':
    case 'reshape':
    case 'transpose':
    case 'quant':
    case 'bipolar_quant':
    case 'trunc':
      return rising;
    case 'sub':
      return left === undefined ? rising : () => -1;
    case 'mul': {
      const factor = left ?? right;
      if (factor === undefined) return unknown;
      const read = broadcastReader(factor, shape);
      return (i) => signOf(read(i));
    }
    case 'div': {
      if (right === undefined) return unknown;
      const read = broadcastReader(right, shape);
      return (i) => signOf(read(i));
    }
    case 'batchnorm': {
      if (right === undefined) return unknown;
      const read = broadcastReader(right, shape);
      return (i) => signOf(read(i));
    }
    case 'multithreshold':
      return () => signOf(getNumber(node.attributes, 'out_scale'));
    default:
      return unknown;
  }
}
