import * as z from 'zod';
import { bitWidth } from '../../compiler/qir/types.ts';
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
  UnitDefinition,
} from '../../compiler/hw/index.ts';
import { cost } from './cost.ts';
import { memoryOf } from './memory.ts';
import { fullRateDepth, GatherModel, interval, timing } from './model.ts';
import { movementSchema, nestOf } from './movement.ts';
import { simplify, steps } from './nest.ts';
import { convertible } from './output.ts';
import { gatherParams, planOf, routeOf } from './plan.ts';
import type { Route } from './plan.ts';
import { readRequest } from './request.ts';
import { sample } from './sample.ts';
import { view } from './view.ts';

const schema = z.object({
  movement: movementSchema,
  /** Of the input. */
  shape: z.array(z.int().min(1)).min(1),
  /** Elements of a word, in and out. */
  lanes: z.int().min(1),
  /** Words that the buffer holds. */
  depth: z
    .int()
    .min(1)
    .max(1 << 24),
  x: elementSchema,
  y: elementSchema,
  fill: z.int(),
});

/** Whether some output is the fill value, and whether some is not. */
function fills({ steps: { blank } }: Route): { readonly some: boolean; readonly all: boolean } {
  return { some: blank.includes(1), all: !blank.includes(0) };
}

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length > 0) return found;
  const bad = (parameter: string, problem: string): unknown =>
    found.push(badUnitParameter(node, parameter, problem));
  const { movement, shape, lanes, depth, x, y, fill } = gatherParams(node);
  const route = routeOf(movement, shape, lanes);
  if ('problem' in route) return [badUnitParameter(node, 'movement', route.problem)];
  const { some, all } = fills(route);
  if (all) bad('movement', 'no element of the input is in the result');
  if (depth < route.least) bad('depth', `${depth}, less than the ${route.least} words that are needed`);
  if (!convertible({ x, y, fill }, false)) bad('y', 'does not hold every value of x');
  else if (!convertible({ x, y, fill }, some)) bad('fill', `${fill} is no value of y`);
  return found;
}

/** The depths worth having: as little memory as possible, and what lets a frame in while the one before leaves. */
function depthOf(route: Route, width: number, order: Folding['order']): number {
  return memoryOf(order === 'output' ? route.least : fullRateDepth(route), width).size;
}

function implement(request: LayerRequest, folding: Folding): Implementation {
  const refuse = (found: string, expected: string): Implementation => ({
    refusal: unitCannotImplement('gather', request.value, found, expected),
  });
  if (folding.style !== 'folded') return refuse(`style ${folding.style}`, 'style folded');
  const read = readRequest(request);
  if ('found' in read) return refuse(read.found, read.expected);
  const { movement, shape, x, y, fill } = read;
  const lanes = folding.pe;
  if (folding.simd !== lanes) return refuse(`pe ${folding.pe}, simd ${folding.simd}`, 'equal numbers');
  const route = routeOf(movement, shape, lanes);
  if ('problem' in route) return refuse(route.problem, 'words that divide what stays together');
  const { some, all } = fills(route);
  if (all) return refuse('a result of nothing but padding', 'some element of the input in the result');
  if (!convertible({ x, y, fill }, some))
    return refuse('a type that does not hold the result', 'a wider type');
  return {
    params: {
      movement: { ...movement },
      shape: [...shape],
      lanes,
      depth: depthOf(route, lanes * bitWidth(x), folding.order),
      x: { ...x },
      y: { ...y },
      fill,
    },
    consts: {},
  };
}

/** Words of every width that fit, the narrowest that is fast enough first; with the least buffer, and with one that costs no cycle. */
function foldings(
  request: LayerRequest,
  cycles: number,
  styles: readonly Folding['style'][],
): readonly Folding[] {
  const read = readRequest(request);
  if ('found' in read || !styles.includes('folded')) return [];
  const { movement, shape, x } = read;
  const channels = shape.at(-1) ?? 1;
  const made = nestOf(movement, shape);
  if ('problem' in made) return [];
  const count = (sizes: readonly number[]): number => sizes.reduce((product, n) => product * n, 1);
  const most = Math.max(count(shape), count(made.shape));
  const found: Folding[] = [];
  for (let lanes = 1; lanes <= channels; lanes++) {
    if (channels % lanes !== 0 || most > cycles * lanes) continue;
    const route = routeOf(movement, shape, lanes);
    if ('problem' in route) continue;
    const depths = new Set<number>();
    for (const order of ['output', 'input'] as const) {
      const depth = depthOf(route, lanes * bitWidth(x), order);
      if (depths.has(depth) || interval(route, depth) > cycles) continue;
      depths.add(depth);
      found.push({ style: 'folded', pe: lanes, simd: lanes, order });
    }
  }
  return found;
}

function kernel(node: HwNode, context: KernelContext): FrameKernel {
  const { movement, shape, x, y, fill } = gatherParams(node);
  const made = nestOf(movement, shape);
  if ('problem' in made) throw new RangeError(made.problem);
  const { place, blank, count } = steps(simplify(made.nest));
  const run = context.gather({
    inputElements: shape.reduce((product, n) => product * n, 1),
    outputElements: count,
    x,
    y,
    index: place.map((at, i) => (blank[i] === 1 ? -1 : at)),
    fill,
  });
  return ([input = 0], [output = 0], frames) => run(input, output, frames);
}

export const unit: UnitDefinition = {
  name: 'gather',
  summary: 'Moves, repeats and drops elements, and fills in a constant: sliding windows and layouts.',
  implementsOps: ['windows', 'pad', 'upsample', 'dilate', 'depth_to_space', 'transpose', 'slice'],
  check,
  ports: (node) => {
    const { x, y, lanes } = gatherParams(node);
    const { words, steps: run } = planOf(node);
    return [
      { name: 'in', direction: 'in', stream: { elem: x, elements: words * lanes, lanes } },
      { name: 'out', direction: 'out', stream: { elem: y, elements: run.count * lanes, lanes } },
    ];
  },
  implement,
  foldings,
  timing,
  model: (node) => new GatherModel(planOf(node), gatherParams(node).depth),
  kernel,
  cost: (node) => cost(planOf(node)),
  memories: () => [],
  template: 'gather/unit.v.njk',
  libraries: [],
  view: (node, names) => view(planOf(node), names),
  sample,
};
