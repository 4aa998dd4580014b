import { defineDiagnostic } from '../diagnostic.ts';
import { suggestion } from '../suggest.ts';

/** No device of that name. */
export const noSuchDevice = defineDiagnostic(
  {
    code: 'QCC4190',
    severity: 'error',
    title: 'No such device',
    doc: '`--device` names a file of compiler/devices/ (docs/devices.md lists them); another device is added by adding a file.',
  },
  (found: string, names: readonly string[]) => ({
    message: `there is no device '${found}'`,
    found: `'${found}'`,
    expected: `one of ${names.join(', ')}`,
    help: suggestion(found, names),
  }),
);
