import { bipolar, fixed, int, ternary, uint } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { RandomSource, UnitDefinition } from '../../compiler/hw/index.ts';
import { memoryOf } from './memory.ts';
import { fullRateDepth } from './model.ts';
import { nestOf } from './movement.ts';
import type { Movement } from './movement.ts';
import { routeOf } from './plan.ts';

/** A movement of its kind; not every draw fits the shape. */
function draw(
  { integer, pick }: RandomSource,
  op: Movement['op'],
  [h, w, c]: readonly [number, number, number],
): Movement {
  const pads = (most: number): [number, number, number, number] =>
    pick<[number, number, number, number]>([
      [0, 0, 0, 0],
      [1, 1, 1, 1],
      [integer(0, most), integer(0, most), integer(0, most), integer(0, most)],
    ]);
  switch (op) {
    case 'windows':
      return {
        op,
        kernel: [integer(1, Math.min(4, h)), integer(1, Math.min(4, w))],
        strides: pick<[number, number]>([
          [1, 1],
          [integer(1, 3), integer(1, 3)],
        ]),
        pads: pads(3),
        dilations: pick<[number, number]>([
          [1, 1],
          [1, 1],
          [integer(1, 3), integer(1, 2)],
        ]),
      };
    case 'pad':
      return { op, pads: pads(4) };
    case 'upsample':
    case 'dilate':
      return { op, factors: [integer(1, 3), integer(1, 3)] };
    case 'depth_to_space':
      return { op, block: integer(1, 3), mode: pick(['DCR', 'CRD']) };
    case 'transpose':
      return {
        op,
        perm: pick([
          [1, 0, 2],
          [2, 0, 1],
          [0, 2, 1],
          [2, 1, 0],
        ]),
      };
    case 'slice': {
      const axis = integer(0, 2);
      const start = integer(0, ([h, w, c][axis] ?? 1) - 1);
      return { op, axis, start, end: integer(start + 1, [h, w, c][axis] ?? 1) };
    }
  }
}

/** Every kind of movement, odd sizes, strides, paddings and dilations; words of any width; the least depth and others. */
export function sample(random: RandomSource): ReturnType<UnitDefinition['sample']> {
  const { integer, pick } = random;
  for (;;) {
    const op = pick<Movement['op']>([
      'windows',
      'windows',
      'windows',
      'windows',
      'pad',
      'upsample',
      'dilate',
      'depth_to_space',
      'transpose',
      'slice',
    ]);
    const c = op === 'depth_to_space' ? pick([4, 8, 9, 18]) : pick([1, 2, 3, 4, 6]);
    const shape = [integer(1, 7), integer(1, 7), c] as const;
    const movement = draw(random, op, shape);
    if ('problem' in nestOf(movement, shape)) continue;
    const lanes = pick([1, 2, 3, 4, 6].filter((n) => c % n === 0));
    const route = routeOf(movement, shape, lanes);
    if ('problem' in route || route.steps.count > 500 || !route.steps.blank.includes(0)) continue;
    const [x, y, fill] = pick<[ElementType, ElementType, number]>([
      [bipolar, ternary, 0],
      [bipolar, bipolar, -1],
      [ternary, ternary, -1],
      [uint(5), int(8), -77],
      [int(4), int(9), 100],
      [uint(3), uint(3), 6],
      [bipolar, int(3), 2],
      [fixed(12, 7), fixed(12, 7), 1000],
    ]);
    const least = memoryOf(route.least, 1).size;
    const depth = pick([
      route.least,
      route.least + integer(0, 3),
      least,
      fullRateDepth(route),
      // sizes that are no power of two, and block RAM
      150,
      memoryOf(193, 64).size,
    ]);
    return {
      params: {
        movement,
        shape: [...shape],
        lanes,
        depth: Math.max(depth, route.least),
        x: { ...x },
        y: { ...y },
        fill,
      },
      consts: {},
    };
  }
}
