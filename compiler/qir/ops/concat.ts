import type { OpDefinition, OperandInfo, TypeProblem } from '../op.ts';
import { equal } from '../rational.ts';
import {
  allocate,
  elementCount,
  fixed,
  fitInteger,
  float32,
  isInteger,
  printElement,
  printType,
  sameElement,
  ternary,
  valueRange,
  type ElementType,
  type Tensor,
} from '../types.ts';
import { getNumberOr, integerAttribute } from './attributes.ts';
import { checkedShape } from './geometry.ts';
import { areLevels, carriedLattice, channelScales, commonLattice, type Lattice } from './lattice.ts';
import { agree, operand, withLattice } from './real.ts';
import { axisProblem, lastAxis } from './shapes.ts';

/** Tensors one behind the other. */
export const concat: OpDefinition = {
  name: 'concat',
  forms: ['real', 'integer'],
  summary: 'Puts tensors one behind the other along an axis.',
  meaning:
    'y[..., n_1 + ... + n_k + i, ...] = x_(k+1)[..., i, ...], n the lengths along the axis. The type is the one that all have, or ' +
    'the narrowest that holds the values of all. Quantized operands keep their levels where these have a common scale',
  operands: [
    { name: 'x', doc: 'A tensor with at least one axis.', kind: 'any' },
    {
      name: 'others',
      doc: 'More tensors, which differ in their length along the axis only.',
      kind: 'any',
      optional: true,
      repeated: true,
    },
  ],
  attributes: {
    axis: integerAttribute('The axis, counted from 0; the last one if absent.', { least: 0, optional: true }),
  },
  type: (operands, attributes, declared) => {
    const { shape: first } = operand(operands, 0).type;
    const axis = getNumberOr(attributes, 'axis', first.length - 1);
    const problem = axisProblem(Math.max(axis, 0), first);
    if (problem !== undefined) return problem;
    const other = operands.find(
      ({ type: { shape } }) =>
        shape.length !== first.length || shape.some((n, i) => i !== axis && n !== first[i]),
    );
    if (other !== undefined) {
      return {
        message: 'the operands do not fit side by side',
        found: `${printType(operand(operands, 0).type)} and ${printType(other.type)} along axis ${axis}`,
        expected: 'shapes that differ along that axis only',
      };
    }
    const length = operands.reduce((sum, { type }) => sum + (type.shape[axis] ?? 0), 0);
    const shape = checkedShape(first.map((n, i) => (i === axis ? length : n)));
    if ('message' in shape) return shape;
    const elem = commonElement(operands, declared?.elem);
    return 'message' in elem ? elem : agree({ elem, shape }, declared);
  },
  evaluate: (operands, attributes, result) => {
    const axis = getNumberOr(attributes, 'axis', result.shape.length - 1);
    // in real form an input of the graph is declared as integers, and evaluated as the numbers that these stand for
    const elem = operands.every((x) => isInteger(x.type.elem)) ? result.elem : float32;
    const data = allocate(elem, elementCount(result.shape));
    join(
      data,
      operands.map((x) => x.data),
      operands.map((x) => x.type.shape),
      axis,
    );
    return withLattice(
      { type: { elem, shape: result.shape }, data },
      joinedLattice(operands, result.shape, axis),
    );
  },
};

/** The declared type, if it holds the values of every operand, or the narrowest that does. */
function commonElement(
  operands: readonly OperandInfo[],
  declared: ElementType | undefined,
): ElementType | TypeProblem {
  const elems = operands.map(({ type }) => type.elem);
  const first = operand(elems, 0);
  if (elems.some((elem) => !isInteger(elem)) || (declared !== undefined && !isInteger(declared)))
    return float32;
  const found = elems.every((elem) => sameElement(elem, first)) ? first : narrowest(elems);
  if (declared === undefined || 'message' in found || elems.every((elem) => includes(declared, elem)))
    return declared ?? found;
  return {
    message: 'the declared type does not hold the values of every operand',
    found: printElement(declared),
    expected: `at least ${printElement(found)}`,
  };
}

function narrowest(elems: readonly ElementType[]): ElementType | TypeProblem {
  const ranges = elems.map(valueRange);
  const min = Math.min(...ranges.map((range) => range.min));
  const max = Math.max(...ranges.map((range) => range.max));
  const fractions = new Set(elems.map((elem) => (elem.kind === 'fixed' ? elem.frac : 0)));
  const [frac = 0] = fractions;
  if (fractions.size > 1 || min < -(2 ** 31) || max >= 2 ** 32 || (min < 0 && max >= 2 ** 31)) {
    return {
      message: 'no integer type holds the values of every operand',
      found: elems.map(printElement).join(', '),
      expected: 'types with the same point, of 32 bits together',
    };
  }
  if (elems.every(({ kind }) => kind === 'bipolar' || kind === 'ternary')) return ternary;
  const elem = fitInteger(min, max);
  return elems.some(({ kind }) => kind === 'fixed') && elem.kind === 'int' ? fixed(elem.bits, frac) : elem;
}

/** Whether a type holds all values of another. */
function includes(elem: ElementType, other: ElementType): boolean {
  if (sameElement(elem, other)) return true;
  if (elem.kind === 'bipolar' || elem.kind === 'pow2') return false;
  const frac = (e: ElementType): number => (e.kind === 'fixed' ? e.frac : 0);
  const [outer, inner] = [valueRange(elem), valueRange(other)];
  return frac(elem) === frac(other) && outer.min <= inner.min && outer.max >= inner.max;
}

/** Copies arrays side by side along an axis. */
function join(
  to: { [index: number]: number },
  parts: readonly ArrayLike<number>[],
  shapes: readonly (readonly number[])[],
  axis: number,
): void {
  const blocks = shapes.map((shape) => elementCount(shape.slice(axis)));
  const whole = blocks.reduce((a, b) => a + b, 0);
  const count = elementCount((shapes[0] ?? []).slice(0, axis));
  let start = 0;
  for (const [k, part] of parts.entries()) {
    const block = blocks[k] ?? 0;
    for (let outer = 0; outer < count; outer++) {
      for (let i = 0; i < block; i++) to[outer * whole + start + i] = part[outer * block + i] ?? 0;
    }
    start += block;
  }
}

/** The levels side by side: on one scale, or where that does not fit, each channel on its own. */
function joinedLattice(
  operands: readonly Tensor[],
  shape: readonly number[],
  axis: number,
): Lattice | undefined {
  const lattices = operands.map(carriedLattice).filter((lattice) => lattice !== undefined);
  if (lattices.length < operands.length) return undefined;
  const shapes = operands.map((x) => x.type.shape);
  const joined = (factor: (k: number) => number): Float64Array => {
    const numbers = new Float64Array(elementCount(shape));
    const scaled = lattices.map(({ levels }, k) => Float64Array.from(levels, (level) => level * factor(k)));
    join(numbers, scaled, shapes, axis);
    return numbers;
  };
  if (lattices.every(({ scales }) => scales.length === 1)) {
    const common = commonLattice(lattices.flatMap(({ scales }) => scales));
    const numbers = common && joined((k) => common.factors[k] ?? 1);
    if (common !== undefined && numbers !== undefined && areLevels(numbers))
      return { levels: Int32Array.from(numbers), scales: [common.scale], scaleShape: [] };
  }
  const scales = lattices.map((lattice, k) => {
    const own = channelScales(lattice);
    const [only] = own ?? [];
    const channels = lastAxis(shapes[k] ?? []);
    return own?.length === 1 && only !== undefined ? new Array<typeof only>(channels).fill(only) : own;
  });
  const known = scales.filter((list) => list !== undefined);
  const [first = []] = known;
  const alongChannels = axis === shape.length - 1;
  const alike = known.every((list) => list.every((scale, c) => equal(scale, first[c] ?? scale)));
  if (known.length < scales.length || !(alongChannels || alike)) return undefined;
  return {
    levels: Int32Array.from(joined(() => 1)),
    scales: alongChannels ? known.flat() : first,
    scaleShape: shape.map((n, i) => (i === shape.length - 1 ? n : 1)),
  };
}
