import { frameTensor, isFloat, type Frames, type NdArray } from '../data/index.ts';
import { inputQuantizedByHost } from '../diagnostics/catalog/frontend-inputs.ts';
import { inputTypeFromData } from '../diagnostics/catalog/quantize.ts';
import type { Diagnostics } from '../diagnostics/index.ts';
import type { Boundary, Graph, GraphInput } from '../qir/graph.ts';
import { int, printElement, uint, type ElementType, type Tensor } from '../qir/types.ts';

/** What an input of float32 numbers carries in hardware. */
interface Carried {
  readonly elem: ElementType;
  readonly boundary: Pick<Boundary, 'scale'>;
  /** Whether the host has to round real numbers to it. */
  readonly rounded: boolean;
  readonly found: string;
}

/** Whether every number is k/255 for an integer k from 0 to 255, as image pipelines scale pixels. */
function isUnitPixels(data: ArrayLike<number>): boolean {
  for (let i = 0; i < data.length; i++) {
    const x = data[i] as number;
    const k = Math.round(x * 255);
    if (k < 0 || k > 255 || Math.fround(k / 255) !== Math.fround(x)) return false;
  }
  return true;
}

/** What the calibration data says of an input: pixels, integers of 8 bits, or numbers to be rounded to 8 bits. */
function carriedBy(array: NdArray): Carried {
  let [min, max] = [Infinity, -Infinity];
  let whole = true;
  const data = Float64Array.from(array.data, Number);
  for (const x of data) {
    if (x < min) min = x;
    if (x > max) max = x;
    whole = whole && Number.isInteger(x);
  }
  const found = `calibration data of type ${array.dtype} from ${min} to ${max}`;
  if (whole && min >= 0 && max <= 255) return { elem: uint(8), boundary: {}, rounded: false, found };
  if (whole && min >= -128 && max <= 127) return { elem: int(8), boundary: {}, rounded: false, found };
  if (isFloat(array.dtype) && isUnitPixels(data))
    return { elem: uint(8), boundary: { scale: { numerator: 1, denominator: 255 } }, rounded: false, found };
  const limit = Math.max(Math.abs(min), Math.abs(max));
  const elem = min >= 0 ? uint(8) : int(8);
  const scale = Math.fround(limit / (min >= 0 ? 255 : 127)) || 1;
  return { elem, boundary: { scale: { numerator: scale, denominator: 1 } }, rounded: true, found };
}

/** The graph with a type for every input that has none yet, taken from the calibration array of that input. */
export function decideInputs(graph: Graph, arrays: readonly NdArray[], diagnostics: Diagnostics): Graph {
  const notes = [...graph.notes];
  const inputs = graph.inputs.map((input, i): GraphInput => {
    const array = arrays[i];
    if (input.type.elem.kind !== 'float32' || array === undefined) return input;
    const { elem, boundary, rounded, found } = carriedBy(array);
    const { scale } = boundary;
    const factor = scale === undefined ? '' : ` * ${scale.numerator}/${scale.denominator}`;
    const chosen = `${printElement(elem)}${factor.replace('/1', '')}`;
    diagnostics.add(inputTypeFromData(input.name, found, chosen));
    if (rounded)
      notes.push(inputQuantizedByHost({ kind: 'node', name: input.name, op: 'input' }, input.name, chosen));
    return { ...input, type: { ...input.type, elem }, boundary: { ...input.boundary, ...boundary } };
  });
  return { ...graph, inputs, notes };
}

/** Calibration samples out of the frames of every input. */
export function samplesOf(graph: Graph, frames: readonly Frames[], count: number): Record<string, Tensor>[] {
  const available = Math.min(count, ...frames.map((f) => f.count));
  return Array.from({ length: available }, (_, index) =>
    Object.fromEntries(
      graph.inputs.flatMap((input, i) => {
        const from = frames[i];
        return from === undefined ? [] : [[input.name, frameTensor(from, index, input)] as const];
      }),
    ),
  );
}
