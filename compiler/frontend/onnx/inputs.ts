import {
  badInputShape,
  batchAssumed,
  dynamicShape,
  inputElementType,
} from '../../diagnostics/catalog/frontend-graph.ts';
import { inputShapeConflict } from '../../diagnostics/catalog/frontend-convolution.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Diagnostics, Where } from '../../diagnostics/index.ts';
import { elementOf, elements } from './elements.ts';
import type { ElementName } from './elements.ts';
import type { DimMessage, ValueInfoMessage } from './schema.ts';
import { countElements, maxElements } from './tensors.ts';

/** A graph input as the model declares it. */
export interface DeclaredInput {
  readonly name: string;
  readonly elem: ElementName;
  /** ONNX dimensions, all fixed. */
  readonly dims: readonly number[];
}

/** The fixed size of a dimension, or undefined for a symbolic or unknown one. Exporters also write 0 or -1 for "any". */
function fixedSize(dim: DimMessage): number | undefined {
  if (!Object.hasOwn(dim, 'dimValue')) return undefined;
  const size = dim.dimValue.toNumber();
  return size <= 0 ? undefined : size;
}

function showDims(dims: readonly DimMessage[]): string {
  const shown = dims
    .slice(0, 16)
    .map((dim) => fixedSize(dim) ?? (dim.dimParam === '' ? '?' : dim.dimParam.slice(0, 40)));
  return `[${shown.join(', ')}]`;
}

/** Reads a graph input: element type and shape (`chosen` in its stead, if given), with a symbolic batch axis taken as 1. */
export function declaredInput(
  info: ValueInfoMessage,
  where: Where,
  diagnostics: Diagnostics,
  chosen?: readonly number[],
): DeclaredInput {
  const { name } = info;
  const type = info.type?.tensorType;
  if (!type) fail(inputElementType(where, name, 'no tensor type'));
  const elem = elementOf(type.elemType);
  const bits = elem === undefined ? 64 : elements[elem].bits;
  if (elem === undefined || bits > 32 || elem === 'float16' || elem === 'bfloat16') {
    fail(inputElementType(where, name, elem ?? `element type number ${type.elemType}`));
  }
  if (!type.shape) fail(dynamicShape(where, name, 'no shape at all'));
  const { dim } = type.shape;
  if (chosen && chosen.length !== dim.length)
    fail(
      inputShapeConflict(where, name, `[${chosen.join(', ')}]`, `${dim.length} axes, as in ${showDims(dim)}`),
    );
  const dims = dim.map((d, axis) => {
    const given = chosen?.[axis];
    if (given !== undefined) return given;
    const size = fixedSize(d);
    if (size !== undefined) return size;
    // One symbolic axis of a vector is its length, not a batch.
    if (axis > 0 || dim.length === 1) fail(dynamicShape(where, name, showDims(dim)));
    diagnostics.add(batchAssumed(where, name, showDims(dim)));
    return 1;
  });
  if (dims.length > 16 || countElements(dims) === undefined) {
    fail(badInputShape(where, name, showDims(dim), `at most 16 axes and ${maxElements} elements`));
  }
  if (dims.length > 1 && dims[0] !== 1) {
    fail(badInputShape(where, name, showDims(dim), 'a batch axis (axis 0) of 1'));
  }
  return { name, elem, dims };
}

/** The dimensions that a graph output declares; undefined for those it leaves open. */
export function declaredOutputDims(info: ValueInfoMessage): readonly (number | undefined)[] | undefined {
  return info.type?.tensorType?.shape?.dim.map(fixedSize);
}
