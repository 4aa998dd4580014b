import type { Boundary, Graph, GraphInput, Node } from '../../qir/graph.ts';
import { getNumber } from '../../qir/ops/attributes.ts';
import { accumulatorType } from '../../qir/ops/sums.ts';
import { rationalOf } from '../../qir/rational.ts';
import { bipolar, fitInteger, ternary, type Tensor, type TensorType } from '../../qir/types.ts';
import type { Grid } from './carrier.ts';
import { sourcesOf } from './movement.ts';

/** A float32 input that is quantized first thing: the integers that travel instead. */
export interface QuantizedInput {
  readonly type: TensorType;
  readonly range: { readonly min: number; readonly max: number };
  readonly grid: Grid;
  readonly boundary: Boundary;
  /** The quantizer, which the host computes. */
  readonly node: Node;
}

/** Looks for the quantizer; else names the node that reads the input before one. */
export function quantizedInput(
  graph: Graph,
  input: GraphInput,
  constant: (name: string) => Tensor | undefined,
): QuantizedInput | { readonly user: Node | undefined } {
  let { name, type } = input as { name: string; type: TensorType };
  for (;;) {
    const readers = graph.nodes.filter((node) =>
      node.operands.some((o) => o.kind === 'value' && o.name === name),
    );
    const [reader] = readers;
    const leaves = graph.outputs.some((output) => output.value === name);
    if (reader === undefined || readers.length > 1 || leaves) return { user: reader };
    const keepsOrder =
      reader.op === 'reshape' || (reader.op === 'transpose' && sourcesOf(reader, type.shape) === undefined);
    if (keepsOrder) {
      ({ name, type } = reader);
      continue;
    }
    return describe(reader, input, constant) ?? { user: reader };
  }
}

function describe(
  node: Node,
  input: GraphInput,
  constant: (name: string) => Tensor | undefined,
): QuantizedInput | undefined {
  const numbers = node.operands.slice(1).map((o) => sole(constant(o.name)));
  const [scale, zeroPoint] = numbers;
  if (scale === undefined) return undefined;
  const boundary = { scale: { numerator: scale, denominator: 1 } };
  const scales = [rationalOf(scale)];
  const { shape } = input.type;
  if (node.op === 'bipolar_quant') {
    const grid = { scales, scaleShape: [], zeroPoint: 0 };
    return { type: { elem: bipolar, shape }, range: { min: -1, max: 1 }, grid, boundary, node };
  }
  if (node.op !== 'quant' || zeroPoint === undefined) return undefined;
  const [min, max] = [getNumber(node.attributes, 'min'), getNumber(node.attributes, 'max')];
  const elem =
    min === -1 && max === 1 ? ternary : min >= 0 ? fitInteger(min, max) : accumulatorType(min, max);
  if (elem === undefined) return undefined;
  return {
    type: { elem, shape },
    range: { min, max },
    grid: { scales, scaleShape: [], zeroPoint },
    boundary: zeroPoint === 0 ? boundary : { ...boundary, zeroPoint },
    node,
  };
}

/** The number that a constant holds everywhere, or undefined if it differs. */
function sole(tensor: Tensor | undefined): number | undefined {
  const first = tensor?.data[0];
  return tensor?.data.every((x) => x === first) === true ? first : undefined;
}
