import { defineDiagnostic } from '../diagnostic.ts';

/** The output path holds something that qcc did not write. */
export const foreignOutput = defineDiagnostic(
  {
    code: 'QCC4501',
    severity: 'error',
    title: 'Output folder is not an output of qcc',
    doc:
      'qcc replaces its output folder as a whole. It refuses to replace a folder that is not empty and does not hold the ' +
      'manifest.json of an earlier qcc build, so that nothing else is ever lost. Give another folder, or remove this one.',
  },
  (dir: string, found: string) => ({
    message: `the output folder '${dir}' holds something that qcc did not write`,
    where: { kind: 'file', file: dir },
    found,
    expected: 'no such folder, an empty one, or the output of an earlier build (with its manifest.json)',
    help: 'give another folder with -o, or remove this one yourself',
  }),
);

/** The output could not be written. */
export const cannotWriteOutput = defineDiagnostic(
  {
    code: 'QCC4502',
    severity: 'error',
    title: 'Output cannot be written',
    doc: 'The file system refused to create or rename the output folder. What was there before is still there.',
  },
  (dir: string, reason: string) => ({
    message: `cannot write the output folder '${dir}'`,
    where: { kind: 'file', file: dir },
    found: reason,
    expected: 'a folder that may be created and written, on a disk with room',
    help: 'the previous output, if any, is untouched; check the permissions and the space of the parent folder',
  }),
);

/** A file that is no hardware graph. */
export const badHwFile = defineDiagnostic(
  {
    code: 'QCC4510',
    severity: 'error',
    title: 'Not a hardware graph',
    doc: 'A hardware graph file (model.hw.json) is damaged or was written by another program.',
  },
  (file: string, path: string, found: string, expected: string) => ({
    message: `'${file}' is no hardware graph${path === '' ? '' : `: ${path}`}`,
    where: { kind: 'file', file },
    found,
    expected,
    help: 'build it anew with qcc build, which writes model.hw.json',
  }),
);
