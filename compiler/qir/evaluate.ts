import { InternalError, invariant } from '../diagnostics/index.ts';
import type { Boundary, Graph, GraphInput, Node, Operand } from './graph.ts';
import { ops } from './ops/index.ts';
import { latticeTensor } from './ops/lattice.ts';
import { sameShape } from './ops/shapes.ts';
import { divide, multiply, rational, rationalOf, roundToFloat32, type Rational } from './rational.ts';
import { float32, printType, sameElement, valueRange, type ElementType, type Tensor } from './types.ts';

/** Values by name. */
export type Values = ReadonlyMap<string, Tensor>;

export interface EvaluateOptions {
  /** Which values to return beside the graph's outputs: `all`, or their names. */
  readonly taps?: 'all' | readonly string[];
}

/** A graph made ready for many evaluations. */
export interface Evaluator {
  readonly graph: Graph;
  /**
   * Evaluates one sample. Inputs are tensors of the inputs' types (integers wherever the type is known).
   * Returns the values that leave the graph, and the taps; in real form float32 numbers (indices of argmax and topk: integers).
   */
  readonly run: (
    inputs: Values | Readonly<Record<string, Tensor>>,
    options?: EvaluateOptions,
  ) => Map<string, Tensor>;
}

/**
 * The exact scale of a boundary. Where none is given it is 1; for `fixed<W,F>` 2^-F.
 */
export function boundaryScale(elem: ElementType, boundary: Boundary): Rational {
  if (boundary.scale !== undefined) {
    return divide(rationalOf(boundary.scale.numerator), rationalOf(boundary.scale.denominator));
  }
  return elem.kind === 'fixed' ? rational(1n, 1n << BigInt(elem.frac)) : rational(1n, 1n);
}

/** Whether integers of a type, less a zero point, are levels of 32 bits. */
export function levelsFit(elem: ElementType, zeroPoint: number): boolean {
  const { min, max } = valueRange(elem);
  return min - zeroPoint >= -(2 ** 31) && max - zeroPoint < 2 ** 31;
}

/** The real numbers that integers at a graph boundary stand for: (integer - zeroPoint) * scale + offset, rounded once. */
export function toReal(integers: Tensor, boundary: Boundary): Tensor {
  const { elem, shape } = integers.type;
  const scale = boundaryScale(elem, boundary);
  const zero = boundary.zeroPoint ?? 0;
  const offset = boundary.offset ?? 0;
  if (offset === 0 && levelsFit(elem, zero)) {
    const levels = Int32Array.from(integers.data, (k) => k - zero);
    return latticeTensor(shape, { levels, scales: [scale], scaleShape: [] });
  }
  const shift = rationalOf(offset);
  const data = Float32Array.from(integers.data, (k) => {
    const scaled = multiply(rationalOf(k - zero), scale);
    const numerator = scaled.numerator * shift.denominator + shift.numerator * scaled.denominator;
    return roundToFloat32(rational(numerator, scaled.denominator * shift.denominator));
  });
  return { type: { elem: float32, shape }, data };
}

/** Evaluates one node; shared with the passes, so that a constant is folded by the arithmetic that would have computed it. */
export function evaluateNode(node: Node, operands: readonly Tensor[]): Tensor {
  const op = ops.get(node.op);
  if (op === undefined) throw new InternalError(`no op ${node.op}`);
  return op.evaluate(operands, node.attributes, node.type);
}

const remembered = new WeakMap<Node, { readonly operands: readonly Tensor[]; readonly result: Tensor }>();

/** Evaluates a node of constant operands; remembered, since several passes ask for the same quantized weights. */
export function evaluateConstant(node: Node, operands: readonly Tensor[]): Tensor {
  const known = remembered.get(node);
  if (known !== undefined && known.operands.every((tensor, i) => tensor === operands[i])) return known.result;
  const result = evaluateNode(node, operands);
  remembered.set(node, { operands, result });
  return result;
}

/** Prepares a graph for evaluation: what depends on constants only is computed here, once. */
export function createEvaluator(graph: Graph): Evaluator {
  const fixed = new Map<string, Tensor>();
  const constOf = (operand: Operand) =>
    operand.kind === 'const' ? graph.consts.get(operand.name)?.tensor : fixed.get(operand.name);
  const steps: Node[] = [];
  for (const node of graph.nodes) {
    const operands = node.operands.map(constOf).filter((tensor) => tensor !== undefined);
    if (operands.length === node.operands.length) fixed.set(node.name, evaluateConstant(node, operands));
    else steps.push(node);
  }
  return {
    graph,
    run: (inputs, options = {}) => {
      const values = new Map(fixed);
      for (const input of graph.inputs)
        values.set(input.name, enter(graph, input, lookUp(inputs, input.name)));
      for (const node of steps) {
        const operands = node.operands.map((operand) => {
          const tensor =
            operand.kind === 'const' ? graph.consts.get(operand.name)?.tensor : values.get(operand.name);
          invariant(tensor, `${node.name} uses ${operand.name}, which is not defined above it`);
          return tensor;
        });
        values.set(node.name, evaluateNode(node, operands));
      }
      return select(values, graph, options.taps ?? []);
    },
  };
}

/** Evaluates one sample; see `createEvaluator` for many. */
export function evaluateGraph(
  graph: Graph,
  inputs: Values | Readonly<Record<string, Tensor>>,
  options?: EvaluateOptions,
): Map<string, Tensor> {
  return createEvaluator(graph).run(inputs, options);
}

function lookUp(inputs: Values | Readonly<Record<string, Tensor>>, name: string): Tensor {
  const found =
    inputs instanceof Map ? (inputs as Values).get(name) : (inputs as Readonly<Record<string, Tensor>>)[name];
  invariant(found, `no tensor for input ${name}`);
  return found;
}

function enter(graph: Graph, input: GraphInput, tensor: Tensor): Tensor {
  invariant(
    sameElement(tensor.type.elem, input.type.elem) && sameShape(tensor.type.shape, input.type.shape),
    `input ${input.name} is ${printType(input.type)}, not ${printType(tensor.type)}`,
  );
  return graph.form === 'integer' || input.type.elem.kind === 'float32'
    ? tensor
    : toReal(tensor, input.boundary);
}

function select(
  values: Map<string, Tensor>,
  graph: Graph,
  taps: 'all' | readonly string[],
): Map<string, Tensor> {
  if (taps === 'all') return values;
  const result = new Map<string, Tensor>();
  for (const name of [...graph.outputs.map((output) => output.value), ...taps]) {
    const tensor = values.get(name);
    invariant(tensor, `the graph has no value ${name}`);
    result.set(name, tensor);
  }
  return result;
}
