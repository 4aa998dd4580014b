import * as z from 'zod';
import { badUnitParameter, unitCannotImplement } from '../../compiler/diagnostics/catalog/hw.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { checkParams, elementSchema } from '../../compiler/hw/params.ts';
import type {
  Folding,
  FrameKernel,
  HwNode,
  Implementation,
  KernelContext,
  LayerRequest,
  Param,
  RandomSource,
  UnitDefinition,
} from '../../compiler/hw/index.ts';
import { bipolar, int, ternary, uint } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { convertible } from '../gather/output.ts';
import { readRequest } from '../gather/request.ts';
import { cost } from './cost.ts';
import { timing, WindowModel } from './model.ts';
import { planFor, planOf, windowParams } from './plan.ts';
import type { Plan, WindowParams } from './plan.ts';
import { view } from './view.ts';

const size = z.int().min(1);
const none = z.int().min(0);
const schema = z.object({
  /** Height, width, channels of the input. */
  shape: z.tuple([size, size, size]),
  kernel: z.tuple([size, size]),
  strides: z.tuple([size, size]),
  /** Top, left, bottom, right. */
  pads: z.tuple([none, none, none, none]),
  dilations: z.tuple([size, size]),
  x: elementSchema,
  y: elementSchema,
  fill: z.int(),
  /** Pixels of an input beat; absent: 1. */
  pixels: size.exactOptional(),
});

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length > 0) return found;
  const params = windowParams(node);
  const plan = planFor(params);
  if ('problem' in plan) return [badUnitParameter(node, 'kernel', plan.problem)];
  if (convertible(params, plan.padded)) return [];
  return [badUnitParameter(node, 'y', 'does not hold every value of x, and fill')];
}

/** The request in the unit's terms, or a word on what it has and what would do. */
function read(
  request: LayerRequest,
): Omit<WindowParams, 'pixels'> | { readonly found: string; readonly expected: string } {
  const asked = readRequest(request);
  if ('found' in asked) return asked;
  const { movement, shape, x, y, fill } = asked;
  const [h, w, c, ...more] = shape;
  if (movement.op !== 'windows' || h === undefined || w === undefined || c === undefined || more.length > 0)
    return { found: movement.op, expected: 'windows of an image' };
  const { kernel, strides, pads, dilations } = movement;
  return { shape: [h, w, c], kernel, strides, pads, dilations, x, y, fill };
}

/** As `planFor`; one pixel is the default and has no parameter. */
function planWith(asked: WindowParams, pixels: number): ReturnType<typeof planFor> {
  return planFor(pixels === 1 ? asked : { ...asked, pixels });
}

function lanesOf({ params, pixels, windows }: Plan): { readonly pe: number; readonly simd: number } {
  const { kernel, shape } = params;
  return { pe: windows * kernel[0] * kernel[1] * shape[2], simd: pixels * shape[2] };
}

function implement(request: LayerRequest, folding: Folding): Implementation {
  const refuse = (found: string, expected: string): Implementation => ({
    refusal: unitCannotImplement('window', request.value, found, expected),
  });
  if (folding.style !== 'folded') return refuse(`style ${folding.style}`, 'style folded');
  const asked = read(request);
  if ('found' in asked) return refuse(asked.found, asked.expected);
  const pixels = folding.simd / asked.shape[2];
  const plan = planWith(asked, Number.isInteger(pixels) ? pixels : 1);
  if ('problem' in plan) return refuse(plan.problem, 'windows with a pixel in the first, in whole beats');
  if (!convertible(plan.params, plan.padded))
    return refuse('a type that does not hold the result', 'a wider type');
  const { pe, simd } = lanesOf(plan);
  if (folding.pe !== pe || folding.simd !== simd)
    return refuse(`pe ${folding.pe}, simd ${folding.simd}`, `pe ${pe}, simd ${simd}`);
  return { params: plan.params as unknown as Readonly<Record<string, Param>>, consts: {} };
}

/** Beats of more pixels than the fewest that are fast enough, by this factor, only waste registers. */
const slack = 2;

/** One pixel a beat, or where that is too slow the fewest that are fast enough, and up to twice as many. */
function foldings(
  request: LayerRequest,
  cycles: number,
  styles: readonly Folding['style'][],
): readonly Folding[] {
  const asked = read(request);
  if ('found' in asked || !styles.includes('folded')) return [];
  const found: Folding[] = [];
  let fewest = Infinity;
  for (let pixels = 1; pixels <= Math.min(asked.shape[1], slack * fewest); pixels++) {
    const plan = planWith(asked, pixels);
    if ('problem' in plan || plan.steps > cycles) continue;
    fewest = Math.min(fewest, pixels);
    found.push({ style: 'folded', ...lanesOf(plan), order: 'output' });
    if (pixels === 1) break;
  }
  return found;
}

function kernel(node: HwNode, context: KernelContext): FrameKernel {
  const { rows, columns, params } = planOf(node);
  const [h, w, c] = params.shape;
  const { kernel: taps, strides, dilations, pads, x, y, fill } = params;
  const index = new Int32Array(rows.windows * columns.windows * taps[0] * taps[1] * c);
  let at = 0;
  for (let oy = 0; oy < rows.windows; oy++)
    for (let ox = 0; ox < columns.windows; ox++)
      for (let ky = 0; ky < taps[0]; ky++)
        for (let kx = 0; kx < taps[1]; kx++) {
          const row = oy * strides[0] + ky * dilations[0] - pads[0];
          const column = ox * strides[1] + kx * dilations[1] - pads[1];
          const inside = row >= 0 && row < h && column >= 0 && column < w;
          for (let k = 0; k < c; k++) index[at++] = inside ? (row * w + column) * c + k : -1;
        }
  const run = context.gather({
    inputElements: h * w * c,
    outputElements: index.length,
    x,
    y,
    index,
    fill,
  });
  return ([input = 0], [output = 0], frames) => run(input, output, frames);
}

/** An image of two beats a row, and more. */
function wider({ shape }: WindowParams, pixels: number): WindowParams['shape'] {
  return [shape[0], pixels * Math.max(2, Math.ceil(shape[1] / pixels)), shape[2]];
}

function sample({ integer, pick }: RandomSource): ReturnType<UnitDefinition['sample']> {
  for (;;) {
    const [x, y, fill] = pick<[ElementType, ElementType, number]>([
      [bipolar, ternary, 0],
      [bipolar, bipolar, 1],
      [uint(5), int(8), -77],
      [int(4), int(4), -3],
    ]);
    const pads = (): number => pick([0, 1, integer(0, 3)]);
    const params: WindowParams = {
      shape: [integer(1, 7), integer(1, 7), integer(1, 3)],
      kernel: [integer(1, 4), integer(1, 4)],
      strides: pick<[number, number]>([
        [1, 1],
        [integer(1, 3), integer(1, 3)],
      ]),
      pads: [pads(), pads(), pads(), pads()],
      dilations: pick<[number, number]>([
        [1, 1],
        [integer(1, 3), integer(1, 2)],
      ]),
      x: { ...x },
      y: { ...y },
      fill,
    };
    const pixels = pick([1, 1, integer(2, 6), params.strides[1], 2 * params.strides[1]]);
    const plan = planWith({ ...params, shape: pick([params.shape, wider(params, pixels)]) }, pixels);
    if ('problem' in plan) continue;
    return { params: plan.params as unknown as Readonly<Record<string, Param>>, consts: {} };
  }
}

export const unit: UnitDefinition = {
  name: 'window',
  summary: 'Whole sliding windows: one or more pixels in and as many windows out a cycle.',
  implementsOps: ['windows'],
  check,
  ports: (node) => {
    const plan = planOf(node);
    const { params, rows, columns } = plan;
    const { pe, simd } = lanesOf(plan);
    const [h, w, c] = params.shape;
    const taps = params.kernel[0] * params.kernel[1] * c;
    return [
      { name: 'in', direction: 'in', stream: { elem: params.x, elements: h * w * c, lanes: simd } },
      {
        name: 'out',
        direction: 'out',
        stream: { elem: params.y, elements: rows.windows * columns.windows * taps, lanes: pe },
      },
    ];
  },
  implement,
  foldings,
  timing: (node) => timing(planOf(node)),
  model: (node) => new WindowModel(planOf(node)),
  kernel,
  cost: (node) => cost(planOf(node)),
  memories: () => [],
  template: 'window/unit.v.njk',
  libraries: ['qcc_spill'],
  view: (node, names) => view(planOf(node), names),
  sample,
};
