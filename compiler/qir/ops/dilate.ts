import { getNumbers, integersAttribute } from './attributes.ts';
import { imageShape, pixelElements } from './geometry.ts';
import { movementOp } from './movement.ts';

/** Zeros between pixels. */
export const dilate = movementOp({
  name: 'dilate',
  forms: ['real', 'integer'],
  summary: 'Puts zeros between the pixels of an image: what makes a convolution a transposed one.',
  meaning:
    'y[i * fy, j * fx, c] = x[i, j, c], 0 elsewhere; (H - 1) * fy + 1 by (W - 1) * fx + 1 pixels. ' +
    'The type is that of x, or the narrowest that also holds 0',
  operand: 'An image [H, W, C].',
  attributes: { factors: integersAttribute('Distances of the pixels: [fy, fx].', 1, { count: 2 }) },
  shape: (shape, attributes) => {
    const image = imageShape(shape);
    if ('message' in image) return image;
    const [down = 1, along = 1] = getNumbers(attributes, 'factors');
    return [(image.height - 1) * down + 1, (image.width - 1) * along + 1, image.channels];
  },
  index: ([height = 1, width = 1, channels = 1], attributes) => {
    const [down = 1, along = 1] = getNumbers(attributes, 'factors');
    const wide = (width - 1) * along + 1;
    const pixels = new Int32Array(((height - 1) * down + 1) * wide).fill(-1);
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) pixels[i * down * wide + j * along] = i * width + j;
    }
    return pixelElements(pixels, channels);
  },
  fill: ([height = 1, width = 1], attributes) => {
    const [down = 1, along = 1] = getNumbers(attributes, 'factors');
    return (height > 1 && down > 1) || (width > 1 && along > 1) ? 0 : undefined;
  },
});
