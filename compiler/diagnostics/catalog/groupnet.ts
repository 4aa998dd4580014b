import { defineDiagnostic } from '../diagnostic.ts';

/** An array of a Group-Net has another number of elements than its place asks for. */
export const groupNetCount = defineDiagnostic(
  {
    code: 'QCC3650',
    severity: 'error',
    title: 'An array of a Group-Net does not fit',
    doc: 'Weights have one number for each element of the shape that stands with them, batch norms and scales one for each output channel.',
  },
  (place: string, found: number, expected: string) => ({
    message: `${place} has the wrong number of elements`,
    where: { kind: 'option', option: place },
    found: `${found} elements`,
    expected: `${expected} elements`,
  }),
);

/** A setting or a number of a Group-Net is out of range. */
export const groupNetSetting = defineDiagnostic(
  {
    code: 'QCC3651',
    severity: 'error',
    title: 'A number of a Group-Net is out of range',
    doc: 'Bits of activations, strides, paddings, numbers of branches and bases have ranges, and every weight, scale and statistic is finite.',
  },
  (place: string, found: number | string, expected: string) => ({
    message: `${place} is out of range`,
    where: { kind: 'option', option: place },
    found: `${found}`,
    expected,
  }),
);

/** A filter whose scale is zero. */
export const groupNetZeroFilter = defineDiagnostic(
  {
    code: 'QCC3652',
    severity: 'error',
    title: 'A binary filter without size',
    doc: 'The scale of a binary filter is the mean of the sizes of its weights unless it is given. If all weights are 0, there is nothing to binarize.',
  },
  (place: string, filter: number) => ({
    message: `the scale of filter ${filter} of ${place} is not positive`,
    where: { kind: 'option', option: place },
    found: 'weights of 0 only, or a scale that is 0 or less',
    expected: 'a positive scale',
    help: 'give `alpha`, or take the filter out of the network',
  }),
);

/** All integer coefficients of a branch sum are rounded to zero. */
export const coefficientsVanish = defineDiagnostic(
  {
    code: 'QCC3653',
    severity: 'error',
    title: 'The scales of a branch sum are too far apart',
    doc:
      'Branches are added with one 16-bit integer coefficient each, all in the same fixed-point unit. Where the constants of batch norm exceed the ' +
      'scales by so much that no sum of 32 bits holds both, nothing would be left of the branches.',
  },
  (name: string) => ({
    message: `all coefficients of the sum ${name} would be 0`,
    where: { kind: 'option', option: name },
    found: 'constants that exceed the scales of the branches by more than 32 bits',
    expected: 'scales and constants within 32 bits',
    help: 'look for channels whose variance is almost 0, or whose mean and beta are very large',
  }),
);

/** A file of a Group-Net that is no JSON. */
export const groupNetNotJson = defineDiagnostic(
  {
    code: 'QCC3654',
    severity: 'error',
    title: 'A file of a Group-Net is no JSON',
    doc: 'Files that end in .groupnet.json describe a trained Group-Net in JSON (docs/groupnet.md).',
  },
  (file: string, found: string) => ({
    message: `${file} is no JSON`,
    where: { kind: 'file', file },
    found,
    expected: 'a JSON object',
  }),
);

/** An entry of a file of a Group-Net is malformed. */
export const groupNetEntry = defineDiagnostic(
  {
    code: 'QCC3655',
    severity: 'error',
    title: 'An entry of a file of a Group-Net is malformed',
    doc: 'docs/groupnet.md lists what stands in the file; arrays are lists of numbers or names of arrays in the file that `arrays` names.',
  },
  (file: string, entry: string, found: string) => ({
    message: `${entry} in ${file} is malformed`,
    where: { kind: 'file', file },
    found,
  }),
);
