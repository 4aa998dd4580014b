import * as z from 'zod';
import { StepPipeline } from '../../compiler/hw/index.ts';
import type {
  Cost,
  Folding,
  HwNode,
  Implementation,
  LayerRequest,
  RandomSource,
  UnitDefinition,
} from '../../compiler/hw/index.ts';
import { checkParams, elementSchema } from '../../compiler/hw/params.ts';
import { badUnitParameter, unitCannotImplement } from '../../compiler/diagnostics/catalog/hw.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import {
  bipolar,
  bitWidth,
  fitInteger,
  fixed,
  int,
  ternary,
  uint,
  valueRange,
} from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { rowCount, rowsParam, rowsSchema } from '../lib/rows.ts';
import { kernel } from './kernel.ts';
import { commonShare, concatParams, partsOf, rowBeats, shares, streamsOf } from './plan.ts';
import { view } from './view.ts';

/** As many ports as a cycle model's masks have bits for. */
const mostInputs = 30;

/** Lane counts proposed for a request: the fewest that are fast enough and the next more. */
const choices = 4;

const schema = z.object({
  rows: rowsSchema,
  /** Of each input its element type and the elements that it gives to a row of the result, in order. */
  inputs: z
    .array(z.object({ elem: elementSchema, elements: z.int().min(1) }))
    .min(1)
    .max(mostInputs),
  /** Elements of a beat of every port; divides the elements that each input gives to a row. */
  lanes: z.int().min(1),
  y: elementSchema,
});

/** Whether the wires of `elem` can be widened to those of `y` so that the value stays. */
function holds(y: ElementType, elem: ElementType): boolean {
  if (y.kind === 'pow2' || elem.kind === 'pow2') return false;
  if (y.kind === 'bipolar') return elem.kind === 'bipolar';
  const frac = (e: ElementType): number => (e.kind === 'fixed' ? e.frac : 0);
  const [outer, inner] = [valueRange(y), valueRange(elem)];
  return frac(y) === frac(elem) && outer.min <= inner.min && outer.max >= inner.max;
}

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length > 0) return found;
  const { inputs, lanes, y } = concatParams(node);
  inputs.forEach(({ elem, elements }, index) => {
    if (elements % lanes !== 0)
      found.push(
        badUnitParameter(
          node,
          'lanes',
          `${lanes}, which do not divide the ${elements} elements of input ${index}`,
        ),
      );
    if (!holds(y, elem))
      found.push(badUnitParameter(node, 'y', `does not hold the values of input ${index}`));
  });
  return found;
}

function implement(request: LayerRequest, folding: Folding): Implementation {
  const refuse = (found: string, expected: string): Implementation => ({
    refusal: unitCannotImplement('concat', request.value, found, expected),
  });
  const [op, ...others] = request.ops;
  if (op?.op !== 'concat' || others.length > 0)
    return refuse(request.ops.map(({ op: name }) => name).join('+'), 'concat alone');
  if (op.consts.size > 0) return refuse('a constant operand', 'operands that are computed');
  if (folding.style !== 'folded') return refuse(`style ${folding.style}`, 'style folded');
  if (request.inputs.length > mostInputs)
    return refuse(`${request.inputs.length} operands`, `at most ${mostInputs} operands`);
  const y = op.result.elem;
  for (const { elem } of request.inputs) {
    if (!holds(y, elem))
      return refuse(`element type ${elem.kind} in ${y.kind}`, 'integers that the result holds');
  }
  const { rows, parts } = partsOf(request);
  const common = commonShare(parts);
  let lanes = Math.min(common, Math.max(1, folding.pe));
  while (common % lanes !== 0) lanes--;
  return {
    params: {
      ...rowsParam(rows),
      inputs: parts.map(({ elem, elements }) => ({ elem: { ...elem }, elements })),
      lanes,
      y: { ...y },
    },
    consts: {},
  };
}

/** The fewest lanes that are fast enough, and the next more; all divide what every input gives to a row. */
function foldings(
  request: LayerRequest,
  cycles: number,
  styles: readonly Folding['style'][],
): readonly Folding[] {
  if (!styles.includes('folded')) return [];
  const { rows, parts } = partsOf(request);
  const common = commonShare(parts);
  const row = parts.reduce((sum, { elements }) => sum + elements, 0);
  const found: Folding[] = [];
  for (let lanes = 1; lanes <= common && found.length < choices; lanes++) {
    if (common % lanes === 0 && (rows * row) / lanes <= cycles)
      found.push({ style: 'folded', pe: lanes, simd: lanes, order: 'output' });
  }
  return found;
}

/** The selection of an input, the output register and the counters; README.md states the error. */
function cost(node: HwNode): Cost {
  const { inputs, lanes, y } = concatParams(node);
  const width = lanes * bitWidth(y);
  const most = Math.max(...shares(node));
  const counters = Math.ceil(Math.log2(inputs.length)) + Math.ceil(Math.log2(most));
  return {
    // the choice between two shares its LUT with the output register's
    lut: Math.round(
      width * (inputs.length <= 2 ? 1 : 1 + Math.ceil((inputs.length - 1) / 3)) +
        inputs.length +
        0.75 * counters +
        6,
    ),
    ff: 2 * width + 2 + counters,
    bram36: 0,
    dsp: 0,
  };
}

/** One to four inputs of all types, results just wide enough, one and several rows. */
function sample({ integer, pick }: RandomSource): ReturnType<UnitDefinition['sample']> {
  const binary = integer(0, 4) === 0;
  const lanes = pick([1, 1, 2, 3, 5]);
  const inputs = Array.from({ length: integer(1, 4) }, () => ({
    elem: binary
      ? bipolar
      : pick<ElementType>([
          bipolar,
          ternary,
          uint(integer(1, 6)),
          int(integer(1, 7)),
          fixed(integer(2, 6), 0),
        ]),
    elements: lanes * pick([1, 1, 2, integer(1, 6)]),
  }));
  const ranges = inputs.map(({ elem }) => valueRange(elem));
  const least = Math.min(...ranges.map(({ min }) => min));
  const most = Math.max(...ranges.map(({ max }) => max));
  const y = binary ? pick<ElementType>([bipolar, ternary, int(3)]) : pick([fitInteger(least, most), int(9)]);
  return {
    params: {
      inputs: inputs.map(({ elem, elements }) => ({ elem: { ...elem }, elements })),
      lanes,
      y: { ...y },
      ...rowsParam(pick([1, 1, 2, 3])),
    },
    consts: {},
  };
}

/** Puts tensors side by side: of every row first the beats of one input, then those of the next. */
export const unit: UnitDefinition = {
  name: 'concat',
  summary: 'Puts tensors one behind the other along an axis.',
  implementsOps: ['concat'],
  check,
  ports: (node) => {
    const { inputs, output } = streamsOf(node);
    return [
      ...inputs.map((stream, index) => ({ name: `in${index}`, direction: 'in', stream }) as const),
      { name: 'out', direction: 'out', stream: output },
    ];
  },
  implement,
  foldings,
  timing: (node) => ({ initiationInterval: rowCount(node) * rowBeats(node), latency: 1 }),
  model: (node) => {
    const source = shares(node).flatMap((count, index) => Array.from({ length: count }, () => index));
    return new StepPipeline({
      steps: source.length,
      inputs: shares(node).length,
      needs: (step, input) => source[step] === input,
      emits: () => true,
      depth: 0,
    });
  },
  kernel,
  cost,
  memories: () => [],
  template: 'concat/unit.v.njk',
  libraries: ['qcc_spill'],
  view,
  sample,
};
