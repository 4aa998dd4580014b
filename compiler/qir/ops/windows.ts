import { integerAttribute, getNumberOr } from './attributes.ts';
import {
  isPadded,
  pixelElements,
  typedWindows,
  windowAttributes,
  windowPixels,
  windows as windowsOf,
} from './geometry.ts';
import { movementOp } from './movement.ts';

/** All windows of an image, one behind the other. */
export const windows = movementOp({
  name: 'windows',
  forms: ['integer'],
  summary: 'The windows that slide over an image, as vectors of taps (im2col).',
  meaning:
    'y[oy, ox, ky * KW + kx, c] = x[oy * sy + ky * dy - top, ox * sx + kx * dx - left, c] for kernel [KH, KW], strides [sy, sx], ' +
    'dilations [dy, dx]; pad_value outside the image. As many windows as fit into the padded image: ' +
    'OH = floor((H + top + bottom - (KH - 1) * dy - 1) / sy) + 1, OW likewise. ' +
    'The type is that of x, or the narrowest that also holds pad_value where there is padding',
  operand: 'An image [H, W, C].',
  attributes: {
    ...windowAttributes,
    pad_value: integerAttribute('What padded positions hold; 0 if absent.', { optional: true }),
  },
  shape: (shape, attributes) => {
    const found = windowsOf(shape, attributes);
    if ('message' in found) return found;
    const { y, x, channels } = found;
    return [y.out, x.out, y.kernel * x.kernel, channels];
  },
  index: (shape, attributes) => {
    const found = typedWindows(shape, attributes);
    return pixelElements(windowPixels(found), found.channels);
  },
  fill: (shape, attributes) =>
    isPadded(typedWindows(shape, attributes)) ? getNumberOr(attributes, 'pad_value', 0) : undefined,
});
