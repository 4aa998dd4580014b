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
    where: { kind: 'option', option: '--device' },
    found: `'${found}'`,
    expected: `one of ${names.join(', ')}`,
    help: suggestion(found, names),
  }),
);

/** A budget that cannot be read. */
export const badBudget = defineDiagnostic(
  {
    code: 'QCC4191',
    severity: 'error',
    title: 'Budget that cannot be read',
    doc: '`--budget` takes resources with a number each, separated by commas: `lut`, `ff`, `bram` (blocks of 36 Kib, halves allowed) and `dsp`, e.g. `lut=20000,bram=40`.',
  },
  (found: string, expected: string, help?: string) => ({
    message: 'the budget cannot be read',
    where: { kind: 'option', option: '--budget' },
    found,
    expected,
    help: help ?? 'write for example --budget lut=20000,bram=40,dsp=100',
  }),
);
