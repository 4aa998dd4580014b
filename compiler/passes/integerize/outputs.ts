import type { Boundary } from '../../qir/graph.ts';
import { printType, type Tensor } from '../../qir/types.ts';
import { float32Multiplier, rationalOf, type Rational } from '../../qir/rational.ts';
import { sourceName } from '../graph-edit.ts';
import type { Carrier, TailStep } from './carrier.ts';

/** How the integers that leave read as real numbers, and what the host has to do on top, one sentence a step. */
export interface Leaving {
  readonly boundary: Boundary;
  readonly host: readonly string[];
}

/** The boundary of a carrier that leaves the graph, and its tail in words. */
export function leaving(carrier: Carrier, inputBoundary: Boundary | undefined): Leaving {
  const steps = carrier.tail.map(describe);
  const { grid } = carrier;
  if (grid === undefined) return { boundary: inputBoundary ?? {}, host: steps };
  // channels of one scale need no step on the host
  const [first] = grid.scales;
  const scale = first !== undefined && grid.scales.every((s) => isSame(s, first)) ? first : undefined;
  const quotient = scale && (asQuotient(scale) ?? closeEnough(scale, carrier, grid.zeroPoint));
  const zero = grid.zeroPoint === 0 ? {} : { zeroPoint: grid.zeroPoint };
  if (quotient !== undefined) {
    const isOne = quotient.numerator === 1 && quotient.denominator === 1;
    return { boundary: isOne && grid.zeroPoint === 0 ? {} : { scale: quotient, ...zero }, host: steps };
  }
  const numbers = grid.scales.map((s) => Number(s.numerator) / Number(s.denominator));
  const axes = grid.scales.length === 1 ? '' : ' (one for each channel)';
  return { boundary: zero, host: [`multiply by ${list(numbers)}${axes}`, ...steps] };
}

function isSame(a: Rational, b: Rational): boolean {
  return a.numerator * b.denominator === b.numerator * a.denominator;
}

/** A positive fraction as a quotient of two doubles that hold it exactly. */
function asQuotient(scale: Rational): { numerator: number; denominator: number } | undefined {
  const [numerator, denominator] = [Number(scale.numerator), Number(scale.denominator)];
  if (!(numerator > 0) || !Number.isFinite(numerator) || !Number.isFinite(denominator)) return undefined;
  if (BigInt(numerator) !== scale.numerator || BigInt(denominator) !== scale.denominator) return undefined;
  // a plain number reads better, where it says the same
  const plain = numerator / denominator;
  const isPowerOfTwo = Number.isInteger(Math.log2(denominator));
  return isPowerOfTwo && plain * denominator === numerator
    ? { numerator: plain, denominator: 1 }
    : { numerator, denominator };
}

/** Most integers at which two scales are compared. */
const COMPARISON_LIMIT = 2 ** 16;

/** The double nearest to a scale that no double holds, if it gives the same float32 at every integer that can leave. */
function closeEnough(
  scale: Rational,
  carrier: Carrier,
  zeroPoint: number,
): { numerator: number; denominator: number } | undefined {
  const { min, max } = carrier.range;
  const numerator = Number(scale.numerator) / Number(scale.denominator);
  if (!(numerator > 0) || !Number.isFinite(numerator) || max - min >= COMPARISON_LIMIT) return undefined;
  const [exact, near] = [float32Multiplier(scale), float32Multiplier(rationalOf(numerator))];
  for (let k = min; k <= max; k++) if (exact(k - zeroPoint) !== near(k - zeroPoint)) return undefined;
  return { numerator, denominator: 1 };
}

function describe(step: TailStep): string {
  const { op, attributes } = step.node;
  const from = ` (${sourceName(step.node)})`;
  const numbers = step.operands.map((tensor) => (tensor === undefined ? undefined : print(tensor)));
  const [a, b] = numbers;
  switch (op) {
    case 'add':
      return `add ${a ?? b ?? ''}${from}`;
    case 'sub':
      return `${a === undefined ? `subtract ${b ?? ''}` : `subtract from ${a}`}${from}`;
    case 'mul':
      return `multiply by ${a ?? b ?? ''}${from}`;
    case 'div':
      return `${a === undefined ? `divide by ${b ?? ''}` : `divide ${a} by it`}${from}`;
    default: {
      const parts = Object.entries(attributes).map(([name, attribute]) => `${name} ${String(attribute)}`);
      const consts = numbers.filter((text) => text !== undefined);
      return `${op} ${[...parts, ...consts].join(', ')}${from}`;
    }
  }
}

function print(tensor: Tensor): string {
  return tensor.data.length > 16 ? `a constant ${printType(tensor.type)}` : list(Array.from(tensor.data));
}

function list(numbers: readonly number[]): string {
  return numbers.length === 1 ? String(numbers[0]) : `[${numbers.join(', ')}]`;
}
