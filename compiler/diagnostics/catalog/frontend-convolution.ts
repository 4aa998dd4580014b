import { defineDiagnostic } from '../diagnostic.ts';
import type { Where } from '../diagnostic.ts';
import { quote } from '../wording.ts';

// Codes QCC2220 to QCC2229: images and windows over them. QCC2310 and QCC2311: shapes of inputs.

const error = 'error' as const;

export const notAnImage = defineDiagnostic(
  {
    code: 'QCC2220',
    severity: error,
    title: 'operand is not an image',
    doc: 'Convolutions, poolings and resizing work on one image [1, C, H, W] or one sequence [1, C, L]. Batches and 3-D networks are not read.',
  },
  (where: Where, found: string, expected: string) => ({
    message: 'the operand of the node is not one image or sequence',
    where,
    found,
    expected,
    help: 'export the model for one sample (batch 1)',
  }),
);

export const badWindow = defineDiagnostic(
  {
    code: 'QCC2221',
    severity: error,
    title: 'unusable window',
    doc: 'Kernel sizes, strides and dilations are at least 1, pads at least 0, one a spatial axis (pads: two). A pooling window must always touch the image.',
  },
  (where: Where, what: string, found: string, expected: string) => ({
    message: `the ${what} of the node cannot be used`,
    where,
    found,
    expected,
  }),
);

export const emptyResult = defineDiagnostic(
  {
    code: 'QCC2222',
    severity: error,
    title: 'window larger than the image',
    doc: 'The window (kernel and dilation) has no place in the padded image, or the pads cut off all of the result: nothing would be computed.',
  },
  (where: Where, found: string) => ({
    message: 'the node would leave no pixel',
    where,
    found,
    expected: 'a window that fits into the padded image at least once',
    help: 'check the size of the input image (--input-shape) and the pads',
  }),
);

export const badGroups = defineDiagnostic(
  {
    code: 'QCC2223',
    severity: error,
    title: 'groups do not divide the channels',
    doc: 'The number of groups must divide the channels of the image and the outputs, and the weights must have the channels of one group.',
  },
  (where: Where, found: string, expected: string) => ({
    message: 'the groups of the convolution do not fit its channels',
    where,
    found,
    expected,
  }),
);

export const resizeDiffers = defineDiagnostic(
  {
    code: 'QCC2224',
    severity: error,
    title: 'resizing that is not a repetition of pixels',
    doc: 'Upsample and Resize are read where they repeat each pixel a whole number of times. Interpolation, shrinking, and coordinate rules that pick other pixels are refused.',
  },
  (where: Where, found: string, expected: string) => ({
    message: 'the resizing does not simply repeat pixels',
    where,
    found,
    expected,
    help: 'export with mode nearest, coordinate_transformation_mode asymmetric, nearest_mode floor and whole scales',
  }),
);

export const badSplit = defineDiagnostic(
  {
    code: 'QCC2225',
    severity: error,
    title: 'parts do not make up the tensor',
    doc: 'The sizes of Split must be at least 1 and add up to the length of the axis; Slice must leave at least one element and go forward one by one.',
  },
  (where: Where, found: string, expected: string) => ({
    message: 'the tensor cannot be cut like that',
    where,
    found,
    expected,
  }),
);

export const inputShapeSyntax = defineDiagnostic(
  {
    code: 'QCC2310',
    severity: error,
    title: 'unreadable input shape',
    doc: 'An input shape is a list of dimensions with commas, the batch axis included; with several inputs, the name and an equals sign in front, and semicolons between.',
  },
  (text: string, found: string) => ({
    message: `the input shape ${quote(text)} cannot be read`,
    where: { kind: 'option', option: '--input-shape' },
    found: found.slice(0, 200),
    expected: '[NAME=]D,D,...[;NAME=D,D,...], for example 1,3,32,32',
  }),
);

export const inputShapeConflict = defineDiagnostic(
  {
    code: 'QCC2311',
    severity: error,
    title: 'input shape does not fit the model',
    doc: 'The shape names no input of the model, or has another number of axes than the input.',
  },
  (where: Where, name: string, found: string, expected: string) => ({
    message: `the shape chosen for the graph input ${quote(name)} does not fit the model`,
    where,
    found,
    expected,
  }),
);
