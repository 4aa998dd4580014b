import { defineDiagnostic, type Where } from '../diagnostic.ts';

const option = (name: string): Where => ({ kind: 'option', option: name });

/** The command line cannot be understood. */
export const usage = defineDiagnostic(
  {
    code: 'QCC6100',
    severity: 'error',
    title: 'Command line not understood',
    doc: 'An option or command is unknown or misspelt, or an argument is missing. `qcc --help` and `qcc COMMAND --help` list what there is.',
  },
  (message: string, found: string | undefined, help: string) => ({ message, found, help }),
);

/** The value of an option is out of range. */
export const badOption = defineDiagnostic(
  {
    code: 'QCC6101',
    severity: 'error',
    title: 'Option with an impossible value',
    doc: 'The value given for an option is not one that it takes.',
  },
  (name: string, found: string, expected: string) => ({
    message: `${name} cannot have this value`,
    where: option(name),
    found,
    expected,
  }),
);

/** A pass whose result was asked for did not run. */
export const passSkipped = defineDiagnostic(
  {
    code: 'QCC6102',
    severity: 'warning',
    title: 'Pass did not run',
    doc: '`--print-ir-after` names a pass that this model does not go through: a graph in integer form skips the passes from the real form.',
  },
  (pass: string, ran: readonly string[]) => ({
    message: `there is nothing to print: pass '${pass}' did not run on this model`,
    where: option('--print-ir-after'),
    found: ran.length === 0 ? 'no pass ran' : `passes that ran: ${ran.join(', ')}`,
    help: 'the model is in integer form already; name one of the passes that ran, or all',
  }),
);

/** A file named by an option cannot be written. */
export const outputUnwritable = defineDiagnostic(
  {
    code: 'QCC6103',
    severity: 'error',
    title: 'File cannot be written',
    doc: 'A file that the command was asked to write cannot be: its folder is missing or not writable, or the disk is full.',
  },
  (file: string, reason: string) => ({
    message: 'the file cannot be written',
    where: { kind: 'file', file } as const,
    found: reason,
    help: 'check that the folder exists and can be written',
  }),
);

/** No design of a network is within the limits. */
export const nothingFits = defineDiagnostic(
  {
    code: 'QCC6104',
    severity: 'error',
    title: 'No design within the limits',
    doc: '`qcc explore` looked at designs from the fastest to the smallest, and each exceeds `--budget` or `--device`.',
  },
  (model: string, points: number) => ({
    message: `no design of ${model} is within the budget and the device`,
    where: option('--budget, --device'),
    found: `${points} frame intervals, none with a design that fits`,
    help: 'without these options qcc explore lists all designs; a larger device or a smaller network is needed',
  }),
);

/** Fewer frames than asked for. */
export const fewerFrames = defineDiagnostic(
  {
    code: 'QCC6113',
    severity: 'warning',
    title: 'Fewer frames than asked for',
    doc: '`--frames` asks for more frames than the data file has; all that there are were run.',
  },
  (asked: number, there: number) => ({
    message: `the data have ${there} frames, fewer than asked for`,
    where: option('--frames'),
    found: `${there} frames`,
    expected: `${asked}`,
  }),
);

/** The folding file is not readable or not JSON. */
export const foldingFile = defineDiagnostic(
  {
    code: 'QCC6200',
    severity: 'error',
    title: 'Folding file cannot be read',
    doc: 'The file given to `--folding` is missing, not readable, not JSON, or has a name twice. Its format is described in docs/folding.md.',
  },
  (where: Where, found: string) => ({
    message: 'the folding file cannot be read',
    where,
    found,
    expected: 'a JSON object with each name once: { "LAYER": { "pe": 16, "simd": 32 } }',
    help: 'docs/folding.md describes the file; folding.json in an output folder is one to start from',
  }),
);

/** An entry of the folding file is malformed. */
export const foldingEntry = defineDiagnostic(
  {
    code: 'QCC6201',
    severity: 'error',
    title: 'Malformed entry of a folding file',
    doc: 'A folding file is an object from names of layers and inputs to entries with fields of docs/folding.md, each with a value that it takes. Fields without effect are refused too: `order` of an unrolled layer, and `pe` or `simd` unless it names the unit (docs/folding.md).',
  },
  (file: string, path: string, found: string, expected: string, help?: string) => ({
    message: `the folding file's entry '${path}' is malformed`,
    where: { kind: 'file', file } as const,
    found,
    expected,
    help: help ?? 'docs/folding.md describes the file',
  }),
);

/** Verilator is not there, so the Verilog was not checked. */
export const verilogNotChecked = defineDiagnostic(
  {
    code: 'QCC6111',
    severity: 'warning',
    title: 'Verilog not checked',
    doc: '`--engine all` runs the engines that there are. Without Verilator the generated Verilog itself is not simulated: the cycle engine was compared with the reference, but nothing was compared with the Verilog.',
  },
  (problem: string) => ({
    message:
      'NOT checked: that the generated Verilog gives these outputs in these cycles (Verilator is not there)',
    where: option('--engine all'),
    found: problem,
    help: 'install Verilator (Debian and Ubuntu: apt-get install verilator g++ make) and run this again',
  }),
);

/** The command takes models with one input only. */
export const oneInput = defineDiagnostic(
  {
    code: 'QCC6112',
    severity: 'error',
    title: 'Another number of inputs or outputs',
    doc: '`qcc sim` gives data to each input of the model in order (`--input` once for each input) and compares its first output.',
  },
  (found: number, expected: readonly string[], name: string) => ({
    message: 'the model takes another number of input arrays',
    where: option(name),
    found: `${found} array${found === 1 ? '' : 's'}`,
    expected: `${expected.length} array${expected.length === 1 ? '' : 's'}, for ${expected.slice(0, 8).join(', ')}`,
    help: `repeat ${name}, in the order of the inputs`,
  }),
);
