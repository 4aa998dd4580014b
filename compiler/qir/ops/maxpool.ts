import type { OpDefinition } from '../op.ts';
import type { Tensor } from '../types.ts';
import {
  checkedShape,
  emptyWindow,
  typedWindows,
  windowAttributes,
  windowPixels,
  windows,
  type Geometry,
} from './geometry.ts';
import { carriedLattice } from './lattice.ts';
import { moveElements } from './movement.ts';
import { agree, operand } from './real.ts';
import { declaredOrOwn } from './reshape.ts';
import { broadcastIndices } from './shapes.ts';

/** The greatest element of each window. */
export const maxpool: OpDefinition = {
  name: 'maxpool',
  forms: ['real', 'integer'],
  summary: 'The greatest element of each window, channel by channel.',
  meaning:
    'y[oy, ox, c] = max over ky, kx of x[oy * sy + ky * dy - top, ox * sx + kx * dx - left, c], of the taps inside the image; ' +
    'OH = floor((H + top + bottom - (KH - 1) * dy - 1) / sy) + 1, OW likewise. Quantized operands keep their levels',
  operands: [{ name: 'x', doc: 'An image [H, W, C].', kind: 'any' }],
  attributes: windowAttributes,
  type: (operands, attributes, declared) => {
    const x = operand(operands, 0).type;
    const geometry = windows(x.shape, attributes);
    if ('message' in geometry) return geometry;
    const problem = emptyWindow(geometry);
    if (problem !== undefined) return problem;
    const shape = checkedShape([geometry.y.out, geometry.x.out, geometry.channels]);
    if ('message' in shape) return shape;
    return agree({ elem: declaredOrOwn(x, declared).elem, shape }, declared);
  },
  evaluate: (operands, attributes, result) => {
    const x = operand(operands, 0);
    return moveElements(x, { index: greatest(x, typedWindows(x.type.shape, attributes)), fill: 0 }, result);
  },
};

/** For each result the index of the greatest element of its window, the first one where several are. */
function greatest(x: Tensor, geometry: Geometry): Int32Array {
  const pixels = windowPixels(geometry);
  const { channels } = geometry;
  const taps = geometry.y.kernel * geometry.x.kernel;
  const values = exactOrder(x);
  const index = new Int32Array((pixels.length / taps) * channels);
  for (let y = 0, first = 0; y < index.length; y += channels, first += taps) {
    for (let c = 0; c < channels; c++) {
      let best = -1;
      for (let t = first; t < first + taps; t++) {
        const pixel = pixels[t] ?? -1;
        if (pixel < 0) continue;
        const at = pixel * channels + c;
        if (best < 0 || (values[at] ?? 0) > (values[best] ?? 0)) best = at;
      }
      index[y + c] = best;
    }
  }
  return index;
}

/**
 * Numbers in the order of the elements of each channel: the levels where there are any, since the float32 numbers of two large
 * levels may be the same.
 */
function exactOrder(x: Tensor): ArrayLike<number> {
  const lattice = carriedLattice(x);
  if (lattice === undefined) return x.data;
  const { levels, scales, scaleShape } = lattice;
  if (scaleShape.slice(0, -1).some((n) => n !== 1)) return x.data;
  const signs = scales.map(({ numerator }) => (numerator < 0n ? -1 : 1));
  if (signs.every((sign) => sign > 0)) return levels;
  const scaleAt = broadcastIndices(scaleShape, x.type.shape);
  return levels.map((level, i) => level * (signs[scaleAt[i] ?? 0] ?? 1));
}
