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
