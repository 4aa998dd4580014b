import { allocateNumbers } from './tensors.ts';
import type { ConstTensor } from './tensors.ts';
import { stridesOf } from './shapes.ts';
import type { ElementName } from './elements.ts';

/** A tensor from numbers, which are rounded or truncated to the element type's storage. */
export function makeTensor(
  name: string,
  elem: ElementName,
  dims: readonly number[],
  values: ArrayLike<number>,
): ConstTensor {
  const data = allocateNumbers(elem, values.length);
  data.set(values);
  return { name, elem, dims, data };
}

/** The same elements under other dimensions; the count must agree. */
export function withDims(tensor: ConstTensor, dims: readonly number[]): ConstTensor {
  return { ...tensor, dims };
}

/**
 * Gathers elements by strides: element (i0, i1, ...) of the result, which has dimensions `dims`, is the source element at
 * offset + sum i_k * strides_k. Transposes, broadcasts and slices are all of this form.
 */
export function strided(
  tensor: ConstTensor,
  dims: readonly number[],
  strides: readonly number[],
  offset = 0,
): ConstTensor {
  const count = dims.reduce((a, b) => a * b, 1);
  const data = allocateNumbers(tensor.elem, count);
  const source = tensor.data;
  const last = dims.length - 1;
  const length = dims[last] ?? 1;
  const step = strides[last] ?? 0;
  const index = new Array<number>(dims.length).fill(0);
  let row = offset;
  for (let i = 0; i < count;) {
    for (let k = 0, at = row; k < length; k++, at += step) data[i++] = source[at] ?? 0;
    // on to the next row, as an odometer counts
    for (let axis = last - 1; axis >= 0; axis--) {
      const stride = strides[axis] ?? 0;
      const next = (index[axis] ?? 0) + 1;
      if (next < (dims[axis] ?? 1)) {
        index[axis] = next;
        row += stride;
        break;
      }
      index[axis] = 0;
      row -= stride * (next - 1);
    }
  }
  return { ...tensor, dims, data };
}

/** Transposes: axis k of the result is axis perm[k] of the source. */
export function transposed(tensor: ConstTensor, perm: readonly number[]): ConstTensor {
  const strides = stridesOf(tensor.dims);
  return strided(
    tensor,
    perm.map((axis) => tensor.dims[axis] ?? 1),
    perm.map((axis) => strides[axis] ?? 0),
  );
}

/** Broadcasts to `dims`, which the tensor's dimensions must fit. */
export function broadcastTo(tensor: ConstTensor, dims: readonly number[]): ConstTensor {
  const strides = stridesOf(tensor.dims);
  const lead = dims.length - tensor.dims.length;
  return strided(
    tensor,
    dims,
    dims.map((_, i) => (i < lead || tensor.dims[i - lead] === 1 ? 0 : (strides[i - lead] ?? 0))),
  );
}

/** Applies a function to every element, into a tensor of the given element type. */
export function mapped(tensor: ConstTensor, elem: ElementName, f: (x: number) => number): ConstTensor {
  const data = allocateNumbers(elem, tensor.data.length);
  for (let i = 0; i < data.length; i++) data[i] = f(tensor.data[i] ?? 0);
  return { ...tensor, elem, data };
}

/** Leading 1-axes added until the tensor has `rank` axes. */
export function padRank(tensor: ConstTensor, rank: number): ConstTensor {
  const lead = Math.max(0, rank - tensor.dims.length);
  return withDims(tensor, [...new Array<number>(lead).fill(1), ...tensor.dims]);
}

/** Whether all elements are equal; then that element. */
export function uniform(tensor: ConstTensor): number | undefined {
  const first = tensor.data[0];
  return tensor.data.every((x) => x === first) ? first : undefined;
}

/** The first element for which `bad` holds, with its position, as text for a message. */
export function firstBad(tensor: ConstTensor, bad: (x: number) => boolean): string | undefined {
  const at = tensor.data.findIndex(bad);
  return at < 0
    ? undefined
    : `${tensor.data[at]} at element ${at} of ${JSON.stringify(tensor.name.slice(0, 60))}`;
}
