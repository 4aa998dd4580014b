import * as z from 'zod';
import { beats, StepPipeline } from '../../compiler/hw/index.ts';
import type { HwNode, MemoryImage, StreamType, UnitDefinition } from '../../compiler/hw/index.ts';
import { encodeElement } from '../../compiler/hw/pack.ts';
import { checkParams, elementSchema } from '../../compiler/hw/params.ts';
import { readLayout } from '../../compiler/hw/layout.ts';
import { bitWidth, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { badUnitParameter, unitCannotImplement } from '../../compiler/diagnostics/catalog/hw.ts';
import { fittingLanes, pixelStream } from '../lib/lanes.ts';
import { perRow, repeated, rowCount, rowsParam, rowsSchema, vectorsOf } from '../lib/rows.ts';

/** Greatest table a lane may have, in entries. */
const largestTable = 65536;

/** Greatest table that is made of logic, in entries; beyond it, block RAM. */
const largestLogic = 1024;

const schema = z.object({
  rows: rowsSchema,
  input: elementSchema,
  output: elementSchema,
  elements: z.int().min(1),
  lanes: z.int().min(1),
  /** Rows of the table: 1, or one for each position in a row of the frame. */
  channels: z.int().min(1),
});

interface Params {
  readonly input: ElementType;
  readonly output: ElementType;
  readonly elements: number;
  readonly lanes: number;
  readonly channels: number;
}

function params(node: HwNode): Params {
  return node.params as unknown as Params;
}

function streams(node: HwNode): { readonly input: StreamType; readonly output: StreamType } {
  const { input, output, lanes } = params(node);
  const elements = rowElements(node);
  const stream = (elem: ElementType): StreamType => repeated({ elem, elements, lanes }, rowCount(node));
  return { input: stream(input), output: stream(output) };
}

/** Elements of one row; the unit does the same to every row. */
function rowElements(node: HwNode): number {
  return perRow(node, params(node).elements);
}

/** Beats of one row. */
function rowBeats(node: HwNode): number {
  return Math.ceil(rowElements(node) / params(node).lanes);
}

/** Steps whose table rows differ: every beat of a row where the table depends on the position, else one. */
function rowSteps(node: HwNode): number {
  return params(node).channels === 1 ? 1 : rowBeats(node);
}

/** The result for one row and one integer. */
function entry(node: HwNode, row: number, x: number): number {
  const { input, channels } = params(node);
  const { min, max } = valueRange(input);
  return node.consts['table']?.data[(row % channels) * (max - min + 1) + x - min] ?? 0;
}

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length > 0) return found;
  const { elements, channels } = params(node);
  const row = rowElements(node);
  if (!Number.isInteger(row))
    found.push(badUnitParameter(node, 'rows', `does not divide the ${elements} elements`));
  else if (channels > 1 && row % channels !== 0)
    found.push(
      badUnitParameter(node, 'channels', `${channels}, which do not divide the ${row} elements of a row`),
    );
  return found;
}

/** One image a lane: for each step the results for all bit patterns of the input. */
function memories(node: HwNode): readonly MemoryImage[] {
  const { input, output, lanes } = params(node);
  const elements = rowElements(node);
  const width = bitWidth(output);
  const patterns = 2 ** bitWidth(input);
  const { min } = valueRange(input);
  return Array.from({ length: lanes }, (_, lane) => {
    const words: string[] = [];
    for (let step = 0; step < rowSteps(node); step++) {
      const element = step * lanes + lane;
      for (let pattern = 0; pattern < patterns; pattern++) {
        const x = min < 0 && pattern >= patterns / 2 ? pattern - patterns : pattern;
        // A lane without an element in this step, and a pattern that the type does not use, read zero.
        const value = input.kind === 'bipolar' ? pattern * 2 - 1 : x;
        const inRange = value >= min && (element < elements || params(node).channels === 1);
        const bits = inRange ? encodeElement(output, entry(node, element, value)) : 0;
        words.push(bits.toString(16).padStart(Math.ceil(width / 4), '0'));
      }
    }
    return { file: `${node.name}_lane${lane}.mem`, width, words };
  });
}

/** Reads each element from a table: any function of one integer, one read-only memory a lane. */
export const unit: UnitDefinition = {
  name: 'lookup',
  summary: 'Maps each element by a table.',
  implementsOps: ['lookup'],
  check,
  ports: (node) => [
    { name: 'in', direction: 'in', stream: streams(node).input },
    { name: 'out', direction: 'out', stream: streams(node).output },
  ],
  implement: (request, folding) => {
    const [op] = request.ops;
    const table = op?.consts.get(1);
    const elem = request.input.elem;
    if (op === undefined || table === undefined) {
      return {
        refusal: unitCannotImplement('lookup', request.value, 'no constant table', 'a constant table'),
      };
    }
    const { min, max } = valueRange(elem);
    const [rows, size] = [table.type.shape[0] ?? 1, table.type.shape[1] ?? 1];
    const pixels = vectorsOf(request.input);
    const perPixel = request.input.shape.at(-1) ?? 1;
    const {
      elements,
      lanes,
      rows: frameRows = 1,
    } = pixelStream(elem, pixels, perPixel, fittingLanes(perPixel, pixels, folding.pe));
    const steps = rows === 1 ? 1 : Math.ceil(perPixel / lanes);
    if (elem.kind === 'pow2' || 2 ** bitWidth(elem) * steps > largestTable) {
      return {
        refusal: unitCannotImplement(
          'lookup',
          request.value,
          `${2 ** bitWidth(elem) * steps} entries`,
          `at most ${largestTable} entries a lane`,
        ),
      };
    }
    // The table may begin below the type's range; the unit keeps what the type can reach.
    const offset = op.attributes['offset'] as number;
    const span = max - min + 1;
    const data = new Int32Array(rows * span);
    for (let row = 0; row < rows; row++) {
      for (let x = 0; x < span; x++) data[row * span + x] = table.data[row * size + x + min - offset] ?? 0;
    }
    return {
      params: {
        input: { ...elem },
        output: { ...op.result.elem },
        elements,
        lanes,
        channels: rows,
        ...rowsParam(frameRows),
      },
      consts: { table: { elem: op.result.elem, shape: [rows, span], data } },
    };
  },
  timing: (node) => ({ initiationInterval: beats(streams(node).input), latency: 2 }),
  model: (node) =>
    new StepPipeline({ steps: rowSteps(node), inputs: 1, needs: () => true, emits: () => true, depth: 1 }),
  kernel: (node, context) => {
    const { input, output } = streams(node);
    return ([from], [to], frames) => {
      const read = readLayout(context.memory(), input, from ?? 0);
      const write = readLayout(context.memory(), output, to ?? 0);
      for (let frame = 0; frame < frames; frame++) {
        for (let e = 0; e < input.elements; e++) write.set(frame, e, entry(node, e, read.get(frame, e)));
      }
    };
  },
  cost: (node) => {
    const { input, output, lanes } = params(node);
    const words = 2 ** bitWidth(input) * rowSteps(node);
    const width = bitWidth(output);
    const block = words > largestLogic;
    // one bit of 64 words is a LUT; larger tables need more to choose among these
    const logic = words <= 64 ? 1 : (1.6 * words) / 64;
    return {
      lut: (block ? 0 : Math.ceil(logic * width * lanes)) + lanes * width + 8,
      // a block RAM has the register of its words built in
      ff:
        (block ? 2 : 3) * lanes * width + 3 + (rowSteps(node) > 1 ? Math.ceil(Math.log2(rowSteps(node))) : 0),
      bram36: block ? (lanes * Math.max(1, Math.ceil((words * width) / 18432))) / 2 : 0,
      dsp: 0,
    };
  },
  memories,
  template: 'lookup/unit.v.njk',
  libraries: ['qcc_spill'],
  view: (node, names) => {
    const { input, output, lanes } = params(node);
    const inWidth = bitWidth(input);
    const outWidth = bitWidth(output);
    const steps = rowSteps(node);
    const stepBits = Math.max(1, Math.ceil(Math.log2(steps)));
    const total = rowBeats(node);
    const remainder = rowElements(node) - (total - 1) * lanes;
    const beatBits = Math.max(1, Math.ceil(Math.log2(total)));
    return {
      module: names.module,
      inMsb: lanes * inWidth - 1,
      outMsb: lanes * outWidth - 1,
      outBits: lanes * outWidth,
      stepped: steps > 1,
      // Padding lanes must be zero even where the table's entry for zero is not.
      ragged: remainder < lanes && total > 1,
      stepBits: steps > 1 ? stepBits : beatBits,
      stepMsb: (steps > 1 ? stepBits : beatBits) - 1,
      lastStep: total - 1,
      counted: steps > 1 || (remainder < lanes && total > 1),
      wordMsb: outWidth - 1,
      wordBits: outWidth,
      depthMinusOne: 2 ** inWidth * steps - 1,
      block: 2 ** inWidth * steps > largestLogic,
      images: memories(node).map((image, lane) => ({
        lane,
        file: `${names.memPrefix}${image.file}`,
        high: (lane + 1) * inWidth - 1,
        low: lane * inWidth,
        outHigh: (lane + 1) * outWidth - 1,
        outLow: lane * outWidth,
        padding: lane >= remainder,
        never: lane >= remainder && total === 1,
      })),
    };
  },
  sample: (random) => {
    const input = random.pick<ElementType>([
      { kind: 'bipolar' },
      { kind: 'uint', bits: 4 },
      { kind: 'int', bits: 3 },
    ]);
    const output = random.pick<ElementType>([
      { kind: 'ternary' },
      { kind: 'int', bits: 7 },
      { kind: 'uint', bits: 5 },
    ]);
    const elements = random.integer(1, 12);
    const channels = random.pick([1, elements]);
    const { min, max } = valueRange(input);
    const levels = valueRange(output);
    const span = max - min + 1;
    const data = Array.from({ length: channels * span }, () => random.integer(levels.min, levels.max));
    const lanes = random.integer(1, elements);
    const rows = random.pick([1, 1, 2, 4]);
    return {
      params: {
        input: { ...input },
        output: { ...output },
        elements: rows * elements,
        lanes,
        channels,
        ...rowsParam(rows),
      },
      consts: { table: { elem: output, shape: [channels, span], data } },
    };
  },
};
