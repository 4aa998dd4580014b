import { defineDiagnostic } from '../diagnostic.ts';

/** Codes QCC5000 to QCC5299: the cycle simulation engine and the comparison of runs. */

/** A kernel's sums do not fit 32 bits, so they cannot be compared with thresholds. */
export const sumTooWide = defineDiagnostic(
  {
    code: 'QCC5000',
    severity: 'error',
    title: 'a sum does not fit 32 bits',
    doc: 'The worst case of a matrix-vector product, by its weights and its input type, lies outside both int32 and uint32, and is compared with thresholds. Use a narrower input type or smaller weights, or split the layer.',
  },
  (min: number, max: number, inputs: number) => ({
    message: `a sum over ${inputs} inputs can lie outside 32 bits`,
    found: `${min}..${max}`,
    expected: 'a range within int32 or uint32',
    help: 'use a narrower input type, or split the layer',
  }),
);

/** An input array has the wrong number of values. */
export const inputCount = defineDiagnostic(
  {
    code: 'QCC5010',
    severity: 'error',
    title: 'a simulation input has the wrong number of values',
    doc: 'Each input of a design takes one array of frames x elements integers.',
  },
  (input: string, found: number, elements: number, frames: number) => ({
    message: `input ${input} has ${found} values`,
    where: { kind: 'option', option: input },
    found: String(found),
    expected: `${frames} frames of ${elements} elements: ${frames * elements}`,
    help: 'give every frame in full, frames one after the other',
  }),
);

/** An input array is missing. */
export const inputMissing = defineDiagnostic(
  {
    code: 'QCC5011',
    severity: 'error',
    title: 'a simulation input is missing',
    doc: 'A design is run with as many arrays as it has inputs, in the order of its input channels.',
  },
  (design: string, found: number, expected: readonly string[]) => ({
    message: `design ${design} has ${expected.length} inputs, ${found} arrays were given`,
    found: String(found),
    expected: expected.join(', '),
    help: 'give one array an input, in this order',
  }),
);

/** A value that the input's type does not hold. */
export const inputValue = defineDiagnostic(
  {
    code: 'QCC5012',
    severity: 'error',
    title: "a simulation input holds a value outside the input's type",
    doc: 'Integers are taken as they are, never rounded or clamped.',
  },
  (input: string, frame: number, element: number, found: number, expected: string) => ({
    message: `input ${input}, frame ${frame}, element ${element} is not a value of ${expected}`,
    where: { kind: 'option', option: input },
    found: String(found),
    expected,
    help: 'convert the data to the integers of the input type first',
  }),
);

/** A run option out of range. */
export const runOption = defineDiagnostic(
  {
    code: 'QCC5013',
    severity: 'error',
    title: 'a simulation option is out of range',
    doc: 'Frame counts, seeds and the cycle of a reset are non-negative integers; a reset resumes at a frame of the run.',
  },
  (option: string, found: number, expected: string) => ({
    message: `option ${option} is out of range`,
    where: { kind: 'option', option },
    found: String(found),
    expected,
    help: `give ${expected}`,
  }),
);

/** The graph cannot be simulated as it stands. */
export const brokenGraph = defineDiagnostic(
  {
    code: 'QCC5020',
    severity: 'error',
    title: 'a hardware graph is not wired up',
    doc: 'Every port of every instance is connected to exactly one channel of the same stream type, and every instance names a known unit.',
  },
  (message: string, instance: string, unit: string, found: string, expected: string) => ({
    message,
    where: { kind: 'unit', instance, unit },
    found,
    expected,
    help: 'repair the hardware graph; `qcc check` names every such place',
  }),
);

/** Nothing can move any more, but the run is not over. */
export const deadlock = defineDiagnostic(
  {
    code: 'QCC5030',
    severity: 'error',
    title: 'the design stands still before the run is over',
    doc: 'The timing state recurs without any transfer, so none will ever come. A FIFO on one of two reconverging branches is too small, or a unit emits fewer beats than its stream type says.',
  },
  (design: string, cycle: number, blocked: readonly string[], done: string) => ({
    message: `design ${design} stands still from cycle ${cycle} on`,
    found: `blocked channels (offered, not taken): ${blocked.length === 0 ? 'none' : blocked.join(', ')}; ${done}`,
    expected: 'every frame leaves at every output',
    help: 'deepen the FIFOs on the branches that wait, or look at the unit behind the last blocked channel',
  }),
);

/** Two runs differ in a value. */
export const valueMismatch = defineDiagnostic(
  {
    code: 'QCC5100',
    severity: 'error',
    title: 'two runs differ in a value',
    doc: 'Equality means equal bits. The first difference in frame order is named.',
  },
  (
    place: string,
    frame: number,
    element: number,
    cycle: string,
    left: { readonly name: string; readonly value: string },
    right: { readonly name: string; readonly value: string },
  ) => ({
    message: `${left.name} and ${right.name} differ at ${place}, frame ${frame}, element ${element}${cycle}`,
    found: `${right.name}: ${right.value}`,
    expected: `${left.name}: ${left.value}`,
    help: 'run both with a trace and look at the first unit whose input agrees and whose output does not',
  }),
);

/** Two runs differ in the cycle of a beat. */
export const cycleMismatch = defineDiagnostic(
  {
    code: 'QCC5101',
    severity: 'error',
    title: 'two runs differ in the cycle of a beat',
    doc: 'The cycle engine and the RTL move every beat of every channel in the same cycle. The first beat that moves in another cycle is named.',
  },
  (
    place: string,
    frame: number,
    beat: number,
    left: { readonly name: string; readonly value: string },
    right: { readonly name: string; readonly value: string },
  ) => ({
    message: `${left.name} and ${right.name} differ in the cycle of ${place}, frame ${frame}, beat ${beat}`,
    found: `${right.name}: ${right.value}`,
    expected: `${left.name}: ${left.value}`,
    help: "the cycle model of the unit that drives this channel, or of the one that takes it, differs from the unit's Verilog",
  }),
);

/** Two runs differ in how much there is to compare. */
export const extentMismatch = defineDiagnostic(
  {
    code: 'QCC5102',
    severity: 'error',
    title: 'two runs differ in extent',
    doc: 'The runs hold different numbers of outputs, frames, beats or transfers.',
  },
  (
    place: string,
    left: { readonly name: string; readonly value: string },
    right: { readonly name: string; readonly value: string },
  ) => ({
    message: `${left.name} and ${right.name} differ in extent at ${place}`,
    found: `${right.name}: ${right.value}`,
    expected: `${left.name}: ${left.value}`,
    help: 'compare runs of the same frames on the same design',
  }),
);
