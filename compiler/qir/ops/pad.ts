import { getNumberOr, getNumbers, integersAttribute, numberAttribute } from './attributes.ts';
import { imageShape, pixelElements } from './geometry.ts';
import { movementOp } from './movement.ts';

/** A frame around an image. */
export const pad = movementOp({
  name: 'pad',
  forms: ['real', 'integer'],
  summary: 'Puts rows and columns of one value around an image.',
  meaning:
    'y[i, j, c] = x[i - top, j - left, c] inside the image, value outside; H + top + bottom by W + left + right pixels. ' +
    'The type is that of x, or the narrowest integer type that also holds value',
  operand: 'An image [H, W, C].',
  attributes: {
    pads: integersAttribute('Padding [top, left, bottom, right].', 0, { count: 4 }),
    value: numberAttribute('What the padding holds; 0 if absent. An integer, or in real form a float32.', {
      optional: true,
    }),
  },
  shape: (shape, attributes) => {
    const image = imageShape(shape);
    if ('message' in image) return image;
    const [top = 0, left = 0, bottom = 0, right = 0] = getNumbers(attributes, 'pads');
    return [image.height + top + bottom, image.width + left + right, image.channels];
  },
  index: ([height = 1, width = 1, channels = 1], attributes) => {
    const [top = 0, left = 0, bottom = 0, right = 0] = getNumbers(attributes, 'pads');
    const wide = width + left + right;
    const pixels = new Int32Array((height + top + bottom) * wide).fill(-1);
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) pixels[(i + top) * wide + j + left] = i * width + j;
    }
    return pixelElements(pixels, channels);
  },
  fill: (_shape, attributes) =>
    getNumbers(attributes, 'pads').some((n) => n > 0) ? getNumberOr(attributes, 'value', 0) : undefined,
});
