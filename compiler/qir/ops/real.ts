import type { Attribute } from '../graph.ts';
import type { OpDefinition, OperandInfo, TypeProblem } from '../op.ts';
import { float32, printType, sameType, type Tensor, type TensorType } from '../types.ts';
import { InternalError } from '../../diagnostics/index.ts';
import { broadcastIndices, broadcastProblem, broadcastShapes, broadcastsTo, printShape } from './shapes.ts';
import { carriedLattice, latticeTensor, type Lattice, type LatticeTensor } from './lattice.ts';

/** The operand at a position that the verifier has checked to be there. */
export function operand<T>(operands: readonly T[], index: number): T {
  const found = operands[index];
  if (found === undefined) throw new InternalError(`operand ${index} is missing`);
  return found;
}

/** Checks what the text or the builder declares against what the rule found; `expected` is the result if nothing is declared. */
export function agree(expected: TensorType, declared: TensorType | undefined): TensorType | TypeProblem {
  if (declared === undefined || sameType(expected, declared)) return expected;
  return {
    message: 'the declared type is not the type of the result',
    found: printType(declared),
    expected: printType(expected),
  };
}

/** The float32 result type of a real-form op. */
export function realResult(
  shape: readonly number[],
  declared: TensorType | undefined,
): TensorType | TypeProblem {
  return agree({ elem: float32, shape }, declared);
}

/** Type rule of an op whose result has the shape of operand 0, to which the other operands broadcast. */
export function shapeOfFirst(
  operands: readonly OperandInfo[],
  _attributes: Readonly<Record<string, Attribute>>,
  declared: TensorType | undefined,
): TensorType | TypeProblem {
  const { shape } = operand(operands, 0).type;
  for (const [index, parameter] of operands.entries()) {
    if (index > 0 && !broadcastsTo(parameter.type.shape, shape)) {
      return broadcastProblem(`operand ${index + 1}`, parameter.type.shape, shape);
    }
  }
  return realResult(shape, declared);
}

/** Maps every element; `f` works in double precision and the result is rounded to float32 once. */
export function mapReal(x: Tensor, f: (value: number, index: number) => number): Tensor {
  const data = new Float32Array(x.data.length);
  for (let i = 0; i < data.length; i++) data[i] = f(x.data[i] ?? 0, i);
  return { type: { elem: float32, shape: x.type.shape }, data };
}

/** Reads a parameter tensor as if it were broadcast to `shape`. */
export function broadcastReader(parameter: Tensor, shape: readonly number[]): (index: number) => number {
  const { data } = parameter;
  if (data.length === 1) {
    const only = data[0] ?? 0;
    return () => only;
  }
  const indices = broadcastIndices(parameter.type.shape, shape);
  return (i) => data[indices[i] ?? 0] ?? 0;
}

/** Attaches a lattice to a tensor, if there is one. */
export function withLattice(tensor: Tensor, lattice: Lattice | undefined): Tensor | LatticeTensor {
  return lattice === undefined ? tensor : { ...tensor, lattice };
}

/** An elementwise op of two operands that broadcast against each other, computed in double precision and rounded once. */
export function binaryOp(parts: {
  readonly name: string;
  readonly summary: string;
  readonly meaning: string;
  readonly compute: (a: number, b: number) => number;
  /** The lattice of the result, where it has one. */
  readonly lattice?: (a: Tensor, b: Tensor, shape: readonly number[]) => Lattice | undefined;
  /** Whether the numbers of a result with a lattice are those of the lattice, each rounded once. */
  readonly fromLevels?: boolean;
}): OpDefinition {
  return {
    name: parts.name,
    forms: ['real'],
    summary: parts.summary,
    meaning: parts.meaning,
    operands: [
      { name: 'a', doc: 'Left operand.', kind: 'any' },
      { name: 'b', doc: 'Right operand; the shapes broadcast as numpy does.', kind: 'any' },
    ],
    attributes: {},
    type: (operands, _attributes, declared) => {
      const a = operand(operands, 0).type.shape;
      const b = operand(operands, 1).type.shape;
      const shape = broadcastShapes(a, b);
      if (shape === undefined) {
        return {
          message: 'the operands do not broadcast',
          found: `shapes ${printShape(a)} and ${printShape(b)}`,
          expected: 'shapes that are equal, or 1, at every axis counted from the last',
        };
      }
      return realResult(shape, declared);
    },
    evaluate: (operands, _attributes, result) => {
      const a = operand(operands, 0);
      const b = operand(operands, 1);
      const readA = broadcastReader(a, result.shape);
      const readB = broadcastReader(b, result.shape);
      const count = result.shape.reduce((n, m) => n * m, 1);
      const data = new Float32Array(count);
      const lattice = parts.lattice?.(a, b, result.shape);
      if (lattice !== undefined && parts.fromLevels === true) return latticeTensor(result.shape, lattice);
      for (let i = 0; i < count; i++) data[i] = parts.compute(readA(i), readB(i));
      return withLattice({ type: { elem: float32, shape: result.shape }, data }, lattice);
    },
  };
}

/** An operand that is one constant number, which scales a lattice as a whole. */
export function soleNumber(tensor: Tensor): number | undefined {
  return tensor.data.length === 1 ? tensor.data[0] : undefined;
}

/** The carried lattice of `a` if scaling by `b` (one number other than zero) keeps the shape of `a`. */
export function scalableLattice(a: Tensor, b: Tensor): { lattice: Lattice; factor: number } | undefined {
  const lattice = carriedLattice(a);
  const factor = soleNumber(b);
  if (lattice === undefined || factor === undefined || factor === 0 || !Number.isFinite(factor))
    return undefined;
  return broadcastsTo(b.type.shape, a.type.shape) ? { lattice, factor } : undefined;
}
