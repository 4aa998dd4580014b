import { suggestion } from '../suggest.ts';
import { defineDiagnostic } from '../diagnostic.ts';
import type { Diagnostic, Where } from '../diagnostic.ts';

/** No unit computes an operation. */
export const noUnitFor = defineDiagnostic(
  {
    code: 'QCC4101',
    severity: 'error',
    title: 'No hardware unit for an operation',
    doc: 'No unit in templates/ implements the operation. docs/units.md lists what can be built.',
  },
  (
    value: string,
    op: string,
    source: readonly string[],
    where: Where | undefined,
    known: readonly string[],
  ) => ({
    message: `no hardware unit computes %${value} (${op})`,
    where: where ?? { kind: 'node', name: source.at(-1) ?? value, op },
    found: op,
    expected: `one of ${known.join(', ')}`,
    help: 'docs/units.md lists the operations that can be built; the reference evaluator runs all of them',
  }),
);

/** Every unit that knows the operation refused this use of it. */
export const everyUnitRefused = defineDiagnostic(
  {
    code: 'QCC4102',
    severity: 'error',
    title: 'No hardware unit takes this use of an operation',
    doc: 'Units for the operation exist, but each refused these operands; the reasons follow.',
  },
  (value: string, op: string, refusals: readonly Diagnostic[]) => ({
    message: `no hardware unit can compute %${value} (${op})`,
    where: refusals[0]?.where,
    found: refusals.map((r) => `${r.message}${r.found === undefined ? '' : ` (${r.found})`}`).join('; '),
    expected:
      refusals.map((r) => r.expected ?? '').find((text) => text !== '') ?? 'operands that a unit can take',
  }),
);

/** A value that goes nowhere has no place in a design: its stream would stand still. */
export const valueUnread = defineDiagnostic(
  {
    code: 'QCC4108',
    severity: 'error',
    title: 'Value that nothing reads',
    doc:
      'An input or a result that no operation reads and that is no output. In hardware its stream would fill up and stand still. ' +
      'Passes drop dead operations; what remains is usually an input that the network does not use.',
  },
  (value: string, op: string | undefined, where: Where | undefined) => ({
    message: op === undefined ? `nothing reads the input %${value}` : `nothing reads %${value} (${op})`,
    where: where ?? { kind: 'node', name: value, op: op ?? 'input' },
    found: 'no reader',
    expected: 'an operation that reads it, or that it is an output',
    help: op === undefined ? 'take the input out of the model' : 'take the operation out of the model',
  }),
);

/** A graph whose output is its input has no hardware. */
export const nothingToBuild = defineDiagnostic(
  {
    code: 'QCC4104',
    severity: 'error',
    title: 'Nothing to build',
    doc: 'The graph has no operation that computes anything, so there is no hardware to generate.',
  },
  (graph: string) => ({
    message: `graph @${graph} computes nothing`,
    found: 'an output that is the input itself',
    expected: 'at least one operation',
  }),
);

/** A folding file names a layer that does not exist. */
export const unknownLayer = defineDiagnostic(
  {
    code: 'QCC4105',
    severity: 'error',
    title: 'Folding for an unknown layer',
    doc: 'A folding file gives a folding for a layer that the network does not have.',
  },
  (layer: string, known: readonly string[]) => ({
    message: `the folding file names a layer '${layer}' that the network does not have`,
    where: { kind: 'option', option: '--folding' },
    found: `'${layer}'`,
    expected: 'the name of a layer, or of a node of the model behind it',
    help: suggestion(layer, known),
  }),
);

/** Two entries of a folding file speak of one layer. */
export const layerNamedTwice = defineDiagnostic(
  {
    code: 'QCC4111',
    severity: 'error',
    title: 'Layer named twice in a folding file',
    doc: 'Two entries of a folding file name the same layer, by the name of its node and by that of a node of the source model, or by two of the latter.',
  },
  (layer: string, names: readonly string[]) => ({
    message: `the folding file has two entries for layer ${layer}`,
    where: { kind: 'option', option: '--folding' },
    found: names.map((name) => `'${name}'`).join(' and '),
    expected: 'one entry a layer',
    help: 'take one of them out',
  }),
);

/** A name in a folding file that stands for several layers. */
export const ambiguousLayer = defineDiagnostic(
  {
    code: 'QCC4112',
    severity: 'error',
    title: 'Folding for several layers',
    doc: 'A folding file names a node of the source model that became several layers, none or more than one of which multiplies.',
  },
  (name: string, layers: readonly string[]) => ({
    message: `'${name}' in the folding file stands for several layers`,
    where: { kind: 'option', option: '--folding' },
    found: `'${name}'`,
    expected: 'the name of one layer',
    help: `give each by its own name: ${layers.join(', ')}`,
  }),
);

/** The asked rate cannot be reached. */
export const rateOutOfReach = defineDiagnostic(
  {
    code: 'QCC4106',
    severity: 'error',
    title: 'Frame rate out of reach',
    doc: 'Even with every layer computed in one step a frame takes longer than the rate allows at this clock.',
  },
  (layer: string, fps: number, clockMhz: number, cycles: number, least: number) => ({
    message: `${fps} frames a second at ${clockMhz} MHz leave ${cycles} cycles a frame; layer ${layer} needs at least ${least}`,
    where: { kind: 'option', option: '--fps' },
    found: `${cycles} cycles a frame`,
    expected: `at least ${least}`,
    help: `ask for at most ${Math.floor((clockMhz * 1e6) / Math.max(1, least))} frames a second or raise --clock-mhz`,
  }),
);

/** A folding that no unit can be built with. */
export const foldingRefused = defineDiagnostic(
  {
    code: 'QCC4107',
    severity: 'error',
    title: 'Folding cannot be built',
    doc: 'The folding given for a layer, or the style asked for, is one that no unit can be built with.',
  },
  (layer: string, found: string, reason: string) => ({
    message: `layer ${layer} cannot be built with the folding that was given`,
    where: { kind: 'option', option: '--folding' },
    found,
    expected: reason,
  }),
);

/** A design within the rate or the latency does not fit the resources. */
export const budgetExceeded = defineDiagnostic(
  {
    code: 'QCC4109',
    severity: 'error',
    title: 'Design larger than its budget',
    doc:
      'The cheapest design that reaches the rate or the latency, or the smallest of all, needs more of a resource than there is. ' +
      'Named are the resource and the layer that uses most of it.',
  },
  (
    resource: string,
    used: number,
    limit: number,
    device: string | undefined,
    most: { readonly layer: string; readonly share: number },
    what: string,
    fits: string,
  ) => ({
    message: `${what} needs ${used} ${resource} of ${limit}${device === undefined ? '' : ` of ${device}`}; layer ${most.layer} uses most of them, ${most.share}`,
    where: { kind: 'option', option: device === undefined ? '--budget' : `--device ${device}` },
    found: `${used} ${resource}`,
    expected: `at most ${limit}`,
    help: fits,
  }),
);

/** No folding brings the latency down to what was asked for. */
export const latencyOutOfReach = defineDiagnostic(
  {
    code: 'QCC4110',
    severity: 'error',
    title: 'Latency out of reach',
    doc: 'Even the fastest folding of every layer takes longer for a frame than was asked for at this clock.',
  },
  (latencyUs: number, clockMhz: number, layer: string, interval: number, least: number) => ({
    message: `no folding passes a frame through in ${latencyUs} us at ${clockMhz} MHz: the fastest takes ${least} us; layer ${layer} is the slowest, ${interval} ${interval === 1 ? 'cycle' : 'cycles'}`,
    where: { kind: 'option', option: '--latency-us' },
    found: `${least} us`,
    expected: `at most ${latencyUs} us`,
    help: `ask for at least ${least} us or raise --clock-mhz`,
  }),
);
