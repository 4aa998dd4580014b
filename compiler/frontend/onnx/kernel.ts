import { broadcastTo, strided, transposed, withDims } from './constants.ts';
import { stridesOf } from './shapes.ts';
import type { ConstTensor } from './tensors.ts';

/**
 * The kernels of the convolution that a ConvTranspose is: [C, O / groups, ...] becomes [O, C / groups, ...], each kernel turned by half a
 * turn. A parameter that broadcasts to the kernels is expanded over the first two axes.
 *
 * @param dims dimensions of the kernels
 */
export function transposedKernel(tensor: ConstTensor, dims: readonly number[], groups: number): ConstTensor {
  const [ins = 1, outs = 1] = dims;
  const spatial = tensor.dims.slice(2);
  const full = broadcastTo(tensor, [ins, outs, ...spatial]);
  const grouped = withDims(full, [groups, ins / groups, outs, ...spatial]);
  const swapped = transposed(grouped, [0, 2, 1, ...spatial.map((_, axis) => axis + 3)]);
  const kernels = withDims(swapped, [groups * outs, ins / groups, ...spatial]);
  const strides = stridesOf(kernels.dims);
  const offset = spatial.reduce((sum, n, axis) => sum + (n - 1) * (strides[axis + 2] ?? 0), 0);
  return strided(
    kernels,
    kernels.dims,
    strides.map((stride, axis) => (axis < 2 ? stride : -stride)),
    offset,
  );
}

/** The tensor with each axis along which nothing changes reduced to 1, so that it broadcasts to what it was. */
export function collapsed(tensor: ConstTensor): ConstTensor {
  return tensor.dims.reduce((t, size, axis) => {
    if (size === 1) return t;
    const dims = t.dims.map((n, i) => (i === axis ? 1 : n));
    const first = strided(t, dims, stridesOf(t.dims));
    const again = broadcastTo(first, t.dims);
    return t.data.every((x, i) => Object.is(x, again.data[i])) ? first : t;
  }, tensor);
}
