import { getNumbers, integersAttribute } from './attributes.ts';
import { imageShape, pixelElements } from './geometry.ts';
import { movementOp } from './movement.ts';

/** Nearest-neighbour enlargement. */
export const upsample = movementOp({
  name: 'upsample',
  forms: ['real', 'integer'],
  summary: 'Repeats every pixel of an image (nearest neighbour).',
  meaning: 'y[i, j, c] = x[floor(i / fy), floor(j / fx), c]',
  operand: 'An image [H, W, C].',
  attributes: { factors: integersAttribute('How often: [fy, fx].', 1, { count: 2 }) },
  shape: (shape, attributes) => {
    const image = imageShape(shape);
    if ('message' in image) return image;
    const [down = 1, along = 1] = getNumbers(attributes, 'factors');
    return [image.height * down, image.width * along, image.channels];
  },
  index: ([height = 1, width = 1, channels = 1], attributes) => {
    const [down = 1, along = 1] = getNumbers(attributes, 'factors');
    const pixels = new Int32Array(height * down * width * along);
    for (let i = 0, at = 0; i < height * down; i++) {
      for (let j = 0; j < width * along; j++)
        pixels[at++] = Math.floor(i / down) * width + Math.floor(j / along);
    }
    return pixelElements(pixels, channels);
  },
});
