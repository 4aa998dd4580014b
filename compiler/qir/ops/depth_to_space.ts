import { choiceAttribute, getNumber, getString, integerAttribute } from './attributes.ts';
import { imageShape } from './geometry.ts';
import { movementOp } from './movement.ts';

/** Channels become pixels. */
export const depthToSpace = movementOp({
  name: 'depth_to_space',
  forms: ['real', 'integer'],
  summary: 'Spreads groups of channels over blocks of pixels (sub-pixel convolution).',
  meaning:
    'y[i * r + a, j * r + b, c] = x[i, j, k] with k = (a * r + b) * (C / r^2) + c in mode DCR, k = (c * r + a) * r + b in mode CRD; ' +
    'r is block, a and b run from 0 to r - 1, c from 0 to C / r^2 - 1',
  operand: 'An image [H, W, C], C a multiple of r^2.',
  attributes: {
    block: integerAttribute('The side r of a block.', { least: 1 }),
    mode: choiceAttribute('Which channels go into a block: depth first or column first, as ONNX has it.', [
      'DCR',
      'CRD',
    ]),
  },
  shape: (shape, attributes) => {
    const image = imageShape(shape);
    if ('message' in image) return image;
    const r = getNumber(attributes, 'block');
    if (image.channels % (r * r) !== 0) {
      return {
        message: 'the channels do not fill the blocks',
        found: `${image.channels} channels, block ${r}`,
        expected: `a multiple of ${r * r} channels`,
      };
    }
    return [image.height * r, image.width * r, image.channels / (r * r)];
  },
  index: ([height = 1, width = 1, channels = 1], attributes) => {
    const r = getNumber(attributes, 'block');
    const depthFirst = getString(attributes, 'mode') === 'DCR';
    const depth = channels / (r * r);
    const index = new Int32Array(height * width * channels);
    let at = 0;
    for (let row = 0; row < height * r; row++) {
      for (let column = 0; column < width * r; column++) {
        const [a, b] = [row % r, column % r];
        const pixel = ((row - a) / r) * width + (column - b) / r;
        for (let c = 0; c < depth; c++) {
          const k = depthFirst ? (a * r + b) * depth + c : (c * r + a) * r + b;
          index[at++] = pixel * channels + k;
        }
      }
    }
    return index;
  },
});
