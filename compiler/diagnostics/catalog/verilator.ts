import { defineDiagnostic } from '../diagnostic.ts';

/** An external tool is not there. */
export const toolMissing = defineDiagnostic(
  {
    code: 'QCC5301',
    severity: 'error',
    title: 'External tool not found',
    doc:
      'The Verilator engine needs verilator and a C++ compiler on the PATH. Install them with the system package manager, or use ' +
      'the cycle engine, which needs nothing. The environment variables VERILATOR and CXX name other executables.',
  },
  (tool: string, advice: string) => ({
    message: `'${tool}' is not installed`,
    where: { kind: 'option', option: '--engine verilator' },
    found: `no executable '${tool}' on the PATH`,
    expected: 'verilator 5 and a C++17 compiler',
    help: advice,
  }),
);

/** Verilator or the C++ compiler refused the design. */
export const modelBuildFailed = defineDiagnostic(
  {
    code: 'QCC5302',
    severity: 'error',
    title: 'Verilator model could not be built',
    doc:
      'verilator or the C++ compiler refused the Verilog. If qcc wrote it unchanged this is a bug of qcc or a version of the tool ' +
      'that it does not know (qcc doctor prints the versions).',
  },
  (tool: string, top: string, output: string) => ({
    message: `${tool} refused the design '${top}'`,
    where: { kind: 'option', option: '--engine verilator' },
    found: output,
    expected: 'a design that builds',
    help: 'compare the versions that qcc doctor prints with those in the README',
  }),
);

/** The simulation made no progress. */
export const simulationStuck = defineDiagnostic(
  {
    code: 'QCC5310',
    severity: 'error',
    title: 'The simulated design makes no progress',
    doc:
      'No beat moved at any port of the design for so many cycles that it will never finish. The message lists the channels that ' +
      'wait: one with valid and without ready waits for its receiver, one with ready and without valid for its sender.',
  },
  (top: string, cycle: number, waiting: string) => ({
    message: `the RTL of '${top}' stands still since before cycle ${cycle}`,
    where: { kind: 'unit', instance: top, unit: 'top' },
    found: waiting,
    expected: 'a transfer at some port',
    help: 'compare with the cycle engine, which names the first channel that differs',
  }),
);

/** The design broke the protocol of one of its ports. */
export const protocolFault = defineDiagnostic(
  {
    code: 'QCC5311',
    severity: 'error',
    title: 'The simulated design breaks the protocol of a port',
    doc: 'TLAST does not mark the last beat of a frame, or padding bits of TDATA are not zero.',
  },
  (port: string, cycle: number, found: string, expected: string) => ({
    message: `port ${port} breaks its protocol in cycle ${cycle}`,
    where: { kind: 'unit', instance: port, unit: 'top' },
    found,
    expected,
    help: 'this is a bug of qcc or of the unit at that port',
  }),
);

/** The simulator ended by itself. */
export const simulatorDied = defineDiagnostic(
  {
    code: 'QCC5312',
    severity: 'error',
    title: 'The simulator ended unexpectedly',
    doc: 'The simulation process ended before it answered; what it printed last is quoted.',
  },
  (top: string, output: string) => ({
    message: `the simulator of '${top}' ended before it answered`,
    where: { kind: 'unit', instance: top, unit: 'top' },
    found: output === '' ? 'no message' : output,
    expected: 'an answer',
    help: 'remove the cache folder (QCC_CACHE) and try again; if it persists this is a bug of qcc',
  }),
);

/** The input data of a run do not fit the design. */
export const badRunInput = defineDiagnostic(
  {
    code: 'QCC5320',
    severity: 'error',
    title: 'Input frames do not fit the design',
    doc: "The data given for a simulation are not whole frames of the design's inputs, or the inputs have different numbers of frames.",
  },
  (port: string, found: string, expected: string) => ({
    message: `the frames for input ${port} do not fit`,
    where: { kind: 'option', option: '--input' },
    found,
    expected,
    help: 'give each input the same number of whole frames',
  }),
);
