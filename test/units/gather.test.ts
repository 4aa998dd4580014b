import { describe, expect, test } from 'vitest';
import { decodeElement } from '../../compiler/hw/index.ts';
import type { Folding, HwNode, LayerRequest } from '../../compiler/hw/index.ts';
import { bipolar, bitWidth, int, ternary, uint } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { GatherModel, interval } from '../../templates/gather/model.ts';
import { nestOf } from '../../templates/gather/movement.ts';
import type { Movement } from '../../templates/gather/movement.ts';
import { gatherParams, planOf, routeOf } from '../../templates/gather/plan.ts';
import type { Route } from '../../templates/gather/plan.ts';
import { unit } from '../../templates/gather/unit.ts';
import { firstMismatch, randomSource, simulate, UnitFolder } from './icarus.ts';

function sampleNode(seed: number): HwNode {
  const { params, consts } = unit.sample(randomSource(seed));
  return { name: 'dut', unit: 'gather', params, consts, origin: { nodes: [] }, value: 'y' };
}

/** What the operation means, straight from its definition; elements of the input that are outside are `fill`. */
function naive(movement: Movement, shape: readonly number[], x: readonly number[], fill: number): number[] {
  const [h = 1, w = 1, c = 1] = shape;
  const at = (y: number, z: number, k: number): number =>
    y < 0 || y >= h || z < 0 || z >= w ? fill : (x[(y * w + z) * c + k] as number);
  const result: number[] = [];
  const image = (
    oh: number,
    ow: number,
    oc: number,
    value: (y: number, z: number, k: number) => number,
  ): void => {
    for (let y = 0; y < oh; y++)
      for (let z = 0; z < ow; z++) for (let k = 0; k < oc; k++) result.push(value(y, z, k));
  };
  switch (movement.op) {
    case 'windows': {
      const { kernel, strides, dilations } = movement;
      const [top, left, bottom, right] = movement.pads;
      for (let y = -top; y + (kernel[0] - 1) * dilations[0] < h + bottom; y += strides[0])
        for (let z = -left; z + (kernel[1] - 1) * dilations[1] < w + right; z += strides[1])
          image(kernel[0], kernel[1], c, (ky, kx, k) => at(y + ky * dilations[0], z + kx * dilations[1], k));
      break;
    }
    case 'pad': {
      const [top, left, bottom, right] = movement.pads;
      image(h + top + bottom, w + left + right, c, (y, z, k) => at(y - top, z - left, k));
      break;
    }
    case 'upsample': {
      const [fy, fx] = movement.factors;
      image(h * fy, w * fx, c, (y, z, k) => at(Math.floor(y / fy), Math.floor(z / fx), k));
      break;
    }
    case 'dilate': {
      const [fy, fx] = movement.factors;
      image((h - 1) * fy + 1, (w - 1) * fx + 1, c, (y, z, k) =>
        y % fy === 0 && z % fx === 0 ? at(y / fy, z / fx, k) : fill,
      );
      break;
    }
    case 'depth_to_space': {
      const { block: r, mode } = movement;
      const rest = c / (r * r);
      image(h * r, w * r, rest, (y, z, k) => {
        const within = (y % r) * r + (z % r);
        return at(
          Math.floor(y / r),
          Math.floor(z / r),
          mode === 'DCR' ? within * rest + k : k * r * r + within,
        );
      });
      break;
    }
    case 'transpose': {
      const [a = 0, b = 1, d = 2] = movement.perm;
      const size = [h, w, c];
      image(size[a] ?? 1, size[b] ?? 1, size[d] ?? 1, (i, j, k) => {
        const index = [0, 0, 0];
        [index[a], index[b], index[d]] = [i, j, k];
        return at(index[0] ?? 0, index[1] ?? 0, index[2] ?? 0);
      });
      break;
    }
    case 'slice': {
      const { axis, start, end } = movement;
      const kept = [h, w, c].map((n, i) => (i === axis ? end - start : n));
      const first = [0, 1, 2].map((i) => (i === axis ? start : 0));
      image(kept[0] ?? 1, kept[1] ?? 1, kept[2] ?? 1, (y, z, k) =>
        at(y + (first[0] ?? 0), z + (first[1] ?? 0), k + (first[2] ?? 0)),
      );
      break;
    }
  }
  return result;
}

/** The least words that any circular buffer needs in which words become free in order: what is written but not yet done with. */
function leastOf({ steps, words }: Route): number {
  let least = 1;
  for (let t = 0; t < steps.count; t++) {
    if (steps.blank[t] === 1) continue;
    let oldest = words;
    for (let later = t; later < steps.count; later++)
      if (steps.blank[later] === 0) oldest = Math.min(oldest, steps.place[later] as number);
    least = Math.max(least, (steps.place[t] as number) + 1 - oldest);
  }
  return least;
}

const window = (kernel: number, stride: number, pad: number, dilation = 1): Movement => ({
  op: 'windows',
  kernel: [kernel, kernel],
  strides: [stride, stride],
  pads: [pad, pad, pad, pad],
  dilations: [dilation, dilation],
});

function route(movement: Movement, shape: readonly number[], lanes: number): Route {
  const found = routeOf(movement, shape, lanes);
  if ('problem' in found) throw new RangeError(found.problem);
  return found;
}

function request(
  movement: Movement,
  shape: readonly number[],
  x: ElementType,
  y: ElementType,
  extra: Record<string, number> = {},
): LayerRequest {
  const { op, ...attributes } = movement;
  const made = nestOf(movement, shape);
  const result = { elem: y, shape: 'problem' in made ? [] : made.shape };
  const input = { elem: x, shape };
  return {
    value: 'y',
    ops: [{ op, name: 'y', consts: new Map(), attributes: { ...attributes, ...extra }, result }],
    input,
    inputs: [input],
  };
}

describe('gather', () => {
  test('every sample gives what its operation means, in Icarus, with stalls and a reset in mid-frame', () => {
    for (let seed = 1; seed <= Number(process.env['GATHER_SEEDS'] ?? 25); seed++) {
      const node = sampleNode(seed);
      const where = `seed ${seed}: ${JSON.stringify(node.params)}`;
      expect(unit.check(node), where).toEqual([]);
      const { movement, shape, x, fill } = gatherParams(node);
      const random = randomSource(seed + 1000);
      const elements = shape.reduce((product, n) => product * n, 1);
      const frames = Array.from({ length: 4 }, () =>
        Array.from({ length: elements }, () =>
          x.kind === 'ternary'
            ? random.integer(-1, 1)
            : decodeElement(x, random.integer(0, 2 ** bitWidth(x) - 1)),
        ),
      );
      const { initiationInterval } = unit.timing(node);
      const calm = seed % 3 === 0;
      const chance = (): boolean => calm || random.integer(0, 2) > 0;
      const half = Math.floor(initiationInterval * 1.5) + 4;
      const folder = new UnitFolder(unit, node);
      const wires = simulate(unit, node, folder, frames, {
        cycles: frames.length * initiationInterval * (calm ? 1 : 4) + 200 + half,
        offer: chance,
        ready: chance,
        reset: (c) => c < 2 || c === half,
      });
      const expected = frames.map((frame) => naive(movement, shape, frame, fill));
      expect(firstMismatch(unit, node, wires, expected), `${where} in ${folder.path}`).toBeUndefined();
      folder.remove();
    }
  });

  test('shapes and places are those of the operations', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const { movement, shape, lanes } = gatherParams(sampleNode(seed));
      const x = Array.from({ length: shape.reduce((product, n) => product * n, 1) }, (_, i) => i);
      const { steps } = route(movement, shape, lanes);
      const found = Array.from({ length: steps.count * lanes }, (_, e) => {
        const t = Math.floor(e / lanes);
        return steps.blank[t] === 1 ? -1 : (steps.place[t] as number) * lanes + (e % lanes);
      });
      const expected = naive(movement, shape, x, -1);
      expect(found, JSON.stringify({ movement, shape, lanes })).toEqual(expected);
      const made = nestOf(movement, shape);
      const size = 'problem' in made ? 0 : made.shape.reduce((product, n) => product * n, 1);
      expect(size).toBe(expected.length);
    }
  });

  test.each<[Movement, number[], number, number]>([
    [window(3, 1, 0), [32, 32, 3], 3, 67],
    [window(3, 1, 0), [30, 30, 64], 64, 63],
    [window(2, 2, 0), [28, 28, 64], 64, 30],
    [window(3, 1, 1), [16, 16, 8], 8, 35],
    [window(5, 1, 2), [12, 12, 2], 1, 106],
    [window(3, 2, 1), [17, 19, 4], 2, 82],
    [window(1, 2, 0), [16, 16, 8], 8, 1],
    [window(3, 1, 2, 2), [20, 20, 8], 8, 85],
    [{ op: 'pad', pads: [3, 2, 1, 4] }, [9, 7, 4], 4, 1],
    [{ op: 'upsample', factors: [2, 3] }, [9, 7, 4], 4, 7],
    [{ op: 'dilate', factors: [2, 3] }, [9, 7, 4], 4, 1],
    [{ op: 'slice', axis: 2, start: 2, end: 4 }, [9, 7, 6], 2, 1],
    [{ op: 'transpose', perm: [1, 0, 2] }, [9, 7, 4], 4, 57],
  ])(
    '%j of %j in words of %i: the least depth is at most %i, and 4 more than any buffer needs',
    (movement, shape, lanes, most) => {
      const found = route(movement, shape, lanes);
      expect(found.least).toBeLessThanOrEqual(most);
      expect(found.least).toBeLessThanOrEqual(leastOf(found) + 4);
      expect(found.least).toBeGreaterThanOrEqual(leastOf(found));
    },
  );

  test('with one word less than the least depth it stands still or overwrites', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const found = planOf(sampleNode(seed));
      if (found.least === 1) continue;
      const model = new GatherModel(found, found.least - 1);
      let given = 0;
      for (let cycle = 0; cycle < 20 * (found.words + found.steps.count); cycle++) {
        const [input, output] = [model.ready() ? 1 : 0, model.valid() ? 1 : 0];
        model.tick(input, output);
        given += output;
      }
      expect(given).toBeLessThan(found.steps.count);
    }
  });

  test('the greater of the two depths costs no cycle', () => {
    for (const movement of [window(3, 1, 0), window(2, 2, 0), window(3, 2, 1), window(5, 1, 2)]) {
      const shape = [15, 13, 8];
      const { words, steps } = route(movement, shape, 4);
      const folding: Folding = { style: 'folded', pe: 4, simd: 4, order: 'input' };
      const answer = unit.implement?.(request(movement, shape, int(8), int(8)), folding);
      if (answer === undefined || 'refusal' in answer) throw new Error('refused');
      const node: HwNode = { name: 'dut', unit: 'gather', ...answer, origin: { nodes: [] }, value: 'y' };
      expect(unit.check(node)).toEqual([]);
      expect(unit.timing(node).initiationInterval).toBe(Math.max(words, steps.count));
    }
  });

  test('foldings meet the cycles, and the unit takes them', () => {
    const asked = request(window(3, 1, 1), [12, 12, 24], bipolar, ternary, { pad_value: 0 });
    const found = unit.foldings?.(asked, 4000, ['folded', 'unrolled']) ?? [];
    expect(new Set(found.map(({ pe }) => pe))).toEqual(new Set([8, 12, 24]));
    for (const folding of found) {
      const answer = unit.implement?.(asked, folding);
      if (answer === undefined || 'refusal' in answer) throw new Error('refused');
      const node: HwNode = { name: 'dut', unit: 'gather', ...answer, origin: { nodes: [] }, value: 'y' };
      expect(unit.check(node)).toEqual([]);
      expect(unit.timing(node).initiationInterval).toBeLessThanOrEqual(4000);
    }
  });

  test.each<[string, LayerRequest, Partial<Folding>]>([
    [
      'words that do not divide the channels',
      request(window(3, 1, 0), [8, 8, 6], uint(4), uint(4)),
      { pe: 4, simd: 4 },
    ],
    ['other words out than in', request(window(3, 1, 0), [8, 8, 6], uint(4), uint(4)), { pe: 2, simd: 1 }],
    ['a kernel larger than the image', request(window(9, 1, 0), [8, 8, 6], uint(4), uint(4)), {}],
    ['a type that lacks the fill value', request(window(3, 1, 1), [8, 8, 6], bipolar, bipolar), {}],
    [
      'a slice through a word',
      request({ op: 'slice', axis: 2, start: 1, end: 3 }, [8, 8, 6], uint(4), uint(4)),
      { pe: 2, simd: 2 },
    ],
    ['unrolled', request(window(3, 1, 0), [8, 8, 6], uint(4), uint(4)), { style: 'unrolled' }],
  ])('refuses %s', (_, asked, change) => {
    const answer = unit.implement?.(asked, { style: 'folded', pe: 1, simd: 1, order: 'output', ...change });
    expect(answer !== undefined && 'refusal' in answer && answer.refusal.code).toBe('QCC4002');
  });

  test('a depth below the least is no instance', () => {
    const node = sampleNode(1);
    const { least } = planOf(node);
    const params = { ...node.params, depth: least - 1 };
    expect(unit.check({ ...node, params }).map(({ code }) => code)).toEqual(['QCC4001']);
    expect(interval(planOf(node), least)).toBeGreaterThan(0);
  });
});
