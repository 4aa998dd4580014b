import type { Attribute, Form } from '../graph.ts';
import type { AttributeSpec, Movement, OpDefinition, TypeProblem } from '../op.ts';
import { integerQuotient, rationalOf, type Rational } from '../rational.ts';
import {
  allocate,
  elementCount,
  fitInteger,
  fixed,
  float32,
  holds,
  isInteger,
  printElement,
  ternary,
  valueRange,
  type ElementType,
  type Tensor,
  type TensorType,
} from '../types.ts';
import { carriedLattice, type Lattice } from './lattice.ts';
import { agree, operand, withLattice } from './real.ts';
import { declaredOrOwn } from './reshape.ts';
import { checkedShape } from './geometry.ts';
import { broadcastIndices, sameShape } from './shapes.ts';

type Attributes = Readonly<Record<string, Attribute>>;

/** What an op that only moves elements consists of. */
export interface MovementParts {
  readonly name: string;
  readonly forms: readonly Form[];
  readonly summary: string;
  readonly meaning: string;
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  readonly operand: string;
  /** The shape of the result, or what is wrong. */
  readonly shape: (shape: readonly number[], attributes: Attributes) => readonly number[] | TypeProblem;
  /** For each element of the result the element of x, or -1. */
  readonly index: (shape: readonly number[], attributes: Attributes) => Int32Array;
  /** What stands where nothing is taken from x; undefined if every element is taken from it. */
  readonly fill?: (shape: readonly number[], attributes: Attributes) => number | undefined;
}

/** An op that only moves the elements of one operand, in both forms; what is known of a quantized tensor moves with it. */
export function movementOp(parts: MovementParts): OpDefinition {
  // a node's attributes stay the same object, and every sample that is evaluated moves in the same way
  const known = new WeakMap<Attributes, { readonly shape: readonly number[]; readonly movement: Movement }>();
  const moves = (shape: readonly number[], attributes: Attributes): Movement => {
    const before = known.get(attributes);
    if (before !== undefined && sameShape(before.shape, shape)) return before.movement;
    const movement = {
      index: parts.index(shape, attributes),
      fill: parts.fill?.(shape, attributes) ?? 0,
    };
    known.set(attributes, { shape, movement });
    return movement;
  };
  return {
    name: parts.name,
    forms: parts.forms,
    summary: parts.summary,
    meaning: parts.meaning,
    operands: [{ name: 'x', doc: parts.operand, kind: 'any' }],
    attributes: parts.attributes,
    type: (operands, attributes, declared) => {
      const x = operand(operands, 0).type;
      const wanted = parts.shape(x.shape, attributes);
      if ('message' in wanted) return wanted;
      const shape = checkedShape(wanted);
      if ('message' in shape) return shape;
      const own = declaredOrOwn(x, declared).elem;
      const fill = parts.fill?.(x.shape, attributes);
      const elem = fill === undefined ? own : paddedElement(own, fill);
      return 'message' in elem ? elem : agree({ elem, shape }, declared);
    },
    moves,
    evaluate: (operands, attributes, result) => {
      const x = operand(operands, 0);
      return moveElements(x, moves(x.type.shape, attributes), result);
    },
  };
}

/** The narrowest type that holds the values of a type and one more. */
export function paddedElement(elem: ElementType, fill: number): ElementType | TypeProblem {
  if (!isInteger(elem)) {
    if (Math.fround(fill) === fill) return elem;
    return { message: 'the padding is not a float32', found: `${fill}`, expected: `${Math.fround(fill)}` };
  }
  if (holds(elem, fill)) return elem;
  if (fill === 0 && elem.kind === 'bipolar') return ternary;
  const range = valueRange(elem);
  const [min, max] = [Math.min(range.min, fill), Math.max(range.max, fill)];
  if (!Number.isInteger(fill) || min < -(2 ** 31) || max >= 2 ** 31) {
    return {
      message: 'no integer type holds the padding and the operand',
      found: `${fill} beside ${printElement(elem)}`,
      expected: 'an integer of 32 bits',
    };
  }
  const wider = fitInteger(min, max);
  if (elem.kind !== 'fixed' || wider.kind !== 'int') return wider;
  return fixed(wider.bits, elem.frac);
}

/** Takes elements of a tensor; its lattice moves along where the fill lies on it. */
export function moveElements(x: Tensor, movement: Movement, result: TensorType): Tensor {
  const { index, fill } = movement;
  const elem = isInteger(x.type.elem) ? result.elem : float32;
  const data = allocate(elem, index.length);
  for (let i = 0; i < index.length; i++) {
    const from = index[i] ?? -1;
    data[i] = from < 0 ? fill : (x.data[from] ?? 0);
  }
  const lattice = carriedLattice(x);
  return withLattice(
    { type: { elem, shape: result.shape }, data },
    lattice && moveLattice(lattice, x.type.shape, movement, result.shape),
  );
}

function moveLattice(
  lattice: Lattice,
  from: readonly number[],
  { index, fill }: Movement,
  to: readonly number[],
): Lattice | undefined {
  const level = fill === 0 ? 0 : fillLevel(lattice, fill);
  if (level === undefined && index.includes(-1)) return undefined;
  const levels = new Int32Array(index.length);
  for (let i = 0; i < index.length; i++) {
    const at = index[i] ?? -1;
    levels[i] = at < 0 ? (level ?? 0) : (lattice.levels[at] ?? 0);
  }
  if (lattice.scales.length === 1) return { levels, scales: lattice.scales, scaleShape: [] };
  return { levels, ...moveScales(lattice, from, index, to) };
}

/** The level of the fill where there is one scale of which it is a multiple. */
function fillLevel(lattice: Lattice, fill: number): number | undefined {
  const scale = lattice.scales.length === 1 ? lattice.scales[0] : undefined;
  const level = scale && integerQuotient(rationalOf(fill), scale);
  return level !== undefined && Math.abs(level) < 2 ** 31 ? level : undefined;
}

/** The scales of the moved elements, in the least shape that broadcasts to them. */
function moveScales(
  lattice: Lattice,
  from: readonly number[],
  index: Int32Array,
  to: readonly number[],
): { readonly scales: readonly Rational[]; readonly scaleShape: readonly number[] } {
  const scaleAt = broadcastIndices(lattice.scaleShape, from);
  let which = Int32Array.from(index, (at) => (at < 0 ? -1 : (scaleAt[at] ?? 0)));
  const scaleShape = [...to];
  for (const axis of to.keys()) {
    const merged = mergeAxis(which, scaleShape, axis);
    if (merged === undefined) continue;
    which = merged;
    scaleShape[axis] = 1;
  }
  const chosen = Array.from(which, (at) => lattice.scales[Math.max(at, 0)]);
  return { scales: chosen.filter((scale) => scale !== undefined), scaleShape };
}

/** One entry for all positions along an axis, if those that are not -1 agree. */
function mergeAxis(
  entries: Int32Array,
  shape: readonly number[],
  axis: number,
): Int32Array<ArrayBuffer> | undefined {
  const inner = elementCount(shape.slice(axis + 1));
  const length = shape[axis] ?? 1;
  const merged = new Int32Array(entries.length / length).fill(-1);
  for (const [i, entry] of entries.entries()) {
    const within = i % inner;
    const at = (i - within - (Math.floor(i / inner) % length) * inner) / length + within;
    const known = merged[at] ?? -1;
    if (entry >= 0 && known >= 0 && entry !== known) return undefined;
    if (entry >= 0) merged[at] = entry;
  }
  return merged;
}
