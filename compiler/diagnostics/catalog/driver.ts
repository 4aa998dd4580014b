import { defineDiagnostic } from '../diagnostic.ts';

/** The model file cannot be read. */
export const fileUnreadable = defineDiagnostic(
  {
    code: 'QCC0101',
    severity: 'error',
    title: 'File cannot be read',
    doc: 'The file does not exist, is a directory, or may not be read.',
  },
  (file: string, reason: string) => ({
    message: `cannot read '${file}'`,
    where: { kind: 'file', file },
    found: reason,
    expected: 'a readable .onnx or .qir file',
  }),
);

/** The integer form does not stand for the numbers that the imported model computes. */
export const realFormDiffers = defineDiagnostic(
  {
    code: 'QCC0102',
    severity: 'error',
    title: 'Real form and integer form differ',
    doc: 'The model as imported, evaluated in the arithmetic of its own format, and the integer graph that qcc made of it give different numbers. This is a bug in qcc: please report it with the model and the frame.',
  },
  (
    node: { readonly name: string; readonly op: string },
    frame: number,
    element: number,
    real: number,
    integer: number,
  ) => ({
    message: `the integer form differs from the model at %${node.name}`,
    where: { kind: 'node', name: node.name, op: node.op },
    found: `${integer} in frame ${frame}, element ${element}`,
    expected: `${real}, as the model computes it`,
    help: 'this is a bug in qcc: please report it with the model and this frame',
  }),
);

/** A shape or type of the input was given for a model that says its own. */
export const inputKnown = defineDiagnostic(
  {
    code: 'QCC0103',
    severity: 'error',
    title: 'Input of a model that says it itself',
    doc: '`--input-shape` and `--input-type` fill in what an ONNX file leaves open. `.qir` text, TFLite models and Group-Nets always have the shapes and types of their inputs.',
  },
  (file: string, kind: string, what: 'shape' | 'type') => ({
    message: `${kind} says the ${what} of its input itself`,
    where: { kind: 'option', option: `--input-${what}` } as const,
    found: `--input-${what} for ${file}`,
    expected: 'an ONNX model',
    help: 'leave the option out',
  }),
);
