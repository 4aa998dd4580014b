import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emitRtl } from '../../compiler/emit/index.ts';
import { designPorts } from '../../compiler/hw/index.ts';
import type { Compilation } from '../../compiler/driver.ts';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import { allocate, elementCount, type TensorData } from '../../compiler/qir/types.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import type { Engine, VerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { sameRun } from '../conformance/bench.ts';
import { compile, type ModelCase } from './cases.ts';
import { haveData, large, mnistTest } from './data.ts';

/** Frames of which every handshake of every channel is compared, unless the case says otherwise. */
const defaultWatched = 5;
/** Frames before which a run is reset. */
const resumed = 2;
/** Frames of which the last ones come in the steady state. */
const settled = 50;

function evaluateAll({ integer }: Compilation, data: TensorData): number[] {
  const evaluator = createEvaluator(integer);
  const [input] = integer.inputs;
  const [output] = integer.outputs;
  if (input === undefined || output === undefined) throw new Error('one input and one output expected');
  const size = elementCount(input.type.shape);
  const found: number[] = [];
  for (let at = 0; at < data.length; at += size) {
    const x = { type: input.type, data: data.subarray(at, at + size) };
    found.push(...(evaluator.run({ [input.name]: x }).get(output.value)?.data ?? []));
  }
  return found;
}

function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}

/** How many frames are of the class that their labels say. */
function countRight(outputs: TensorData, labels: readonly number[], classify: ModelCase['classify']): number {
  const each = outputs.length / labels.length;
  const classOf = (values: TensorData): number =>
    classify === 'itself' ? (values[0] ?? -1) : argmax(values);
  return labels.filter((label, i) => classOf(outputs.subarray(i * each, (i + 1) * each)) === label).length;
}

/** The deterministic facts of a design, a line for each instance. */
function facts({ plan, initiationInterval, latency, bindingInstance }: Compilation): string {
  const total = (of: (layer: Compilation['plan'][number]) => number): number =>
    plan.reduce((sum, layer) => sum + of(layer), 0);
  const lines = plan.map(({ instance, unit, folding, timing, cost }) => {
    const folded = folding === undefined ? '' : ` pe ${folding.pe} simd ${folding.simd} ${folding.order}`;
    return `${instance}: ${unit}${folded}, ${timing.initiationInterval} cycles, LUT ${cost.lut}, BRAM ${cost.bram36}`;
  });
  const all = `LUT ${total(({ cost }) => cost.lut)}, BRAM ${total(({ cost }) => cost.bram36)}`;
  return `${lines.join('\n')}\ninterval ${initiationInterval}, latency ${latency}, bound by ${bindingInstance}, ${all}\n`;
}

/** What further tests of the same network may use; there once the tests run. */
export interface Subject {
  readonly compilation: Compilation;
  readonly engine: Engine;
}

/** All that is to be shown of one trained network, at every level, and what `more` adds for this one. */
export function modelSuite(model: ModelCase, more?: (subject: () => Subject) => void): void {
  describe.skipIf(!haveData)(model.name, () => {
    let compilation: Compilation;
    let engine: Engine;
    let frames: TensorData;
    let expected: number[];
    let size = 0;
    let count = 0;
    const testSet = model.testSet ?? mnistTest;
    const watched = model.watched ?? defaultWatched;

    const integers = (numbers: readonly number[]): TensorData => {
      const [input] = compilation.integer.inputs;
      if (input === undefined) throw new Error('an input expected');
      const data = allocate(input.type.elem, numbers.length);
      data.set(numbers);
      // nothing was cut off on the way
      expect(data.every((value, i) => value === numbers[i])).toBe(true);
      return data;
    };

    beforeAll(async () => {
      compilation = compile(await model.load(), model);
      engine = createEngine(compilation.hw, units);
      frames = integers(model.inputs());
      size = elementCount(compilation.integer.inputs[0]?.type.shape ?? []);
      count = frames.length / size;
      expect(Number.isInteger(count)).toBe(true);
      expected = model.outputs?.() ?? evaluateAll(compilation, frames);
    }, 240_000);

    test.skipIf(model.outputs === undefined)('the integer form gives the golden outputs', () => {
      expect(evaluateAll(compilation, frames)).toEqual(expected);
    });

    test('the cycle engine gives the same outputs, with and without stalls', () => {
      expect(Array.from(engine.run({ inputs: [frames] }).outputs[0] ?? [])).toEqual(expected);
      expect(Array.from(engine.run({ inputs: [frames], stalls: 9 }).outputs[0] ?? [])).toEqual(expected);
    });

    test('foldings, interval, latency and estimates are what they were', async () => {
      // What users get: where a change of it is meant, `vitest -u` writes it anew.
      const golden = `./golden/${model.name.replaceAll(' ', '_')}.txt`;
      await expect(facts(compilation)).toMatchFileSnapshot(golden);
      // the design runs as fast as its slowest unit, and as fast as the compilation says
      const slowest = Math.max(...compilation.plan.map(({ timing }) => timing.initiationInterval));
      expect(compilation.initiationInterval).toBe(slowest);
      const many = integers(
        Array.from({ length: settled * size }, (_, i) => frames[i % frames.length] ?? NaN),
      );
      const { inputCycles, outputCycles } = engine.run({ inputs: [many] });
      const beats = (outputCycles[0]?.length ?? 0) / settled;
      const ends = Array.from({ length: settled }, (_, i) => outputCycles[0]?.[(i + 1) * beats - 1] ?? NaN);
      expect((ends[0] ?? 0) - (inputCycles[0]?.[0] ?? 0)).toBe(compilation.latency);
      const half = settled / 2;
      expect(((ends.at(-1) ?? 0) - (ends.at(-1 - half) ?? 0)) / half).toBe(compilation.initiationInterval);
    });

    test.skipIf(model.right === undefined)('the class of all test images by the cycle engine', () => {
      const { images, labels } = testSet();
      const [outputs] = engine.run({ inputs: [integers(images)] }).outputs;
      if (outputs === undefined) throw new Error('an output expected');
      expect(outputs.length / labels.length).toBe(expected.length / count);
      expect(countRight(outputs, labels, model.classify)).toBe(model.right);
    });

    more?.(() => ({ compilation, engine }));

    describe.skipIf(model.verilator === 'not')('in Verilator', () => {
      let runner: VerilatorRunner;
      beforeAll(async () => {
        const { hw } = compilation;
        const files = emitRtl(hw, units, { templateRoot, version: '0.0.0' });
        const ports = designPorts(hw, units);
        runner = await createVerilatorRunner({
          top: hw.name,
          ports,
          channels: hw.channels,
          files,
          monitor: true,
        });
      }, 600_000);
      afterAll(() => runner?.close());

      test('gives the same outputs in the same cycles', async () => {
        const some = large ? count : Math.min(count, model.verilatorFrames ?? count);
        const inputs = [frames.subarray(0, some * size)];
        const { outputs, outputCycles, cycles } = await runner.run({ inputs });
        expect(Array.from(outputs[0] ?? [])).toEqual(expected.slice(0, (expected.length / count) * some));
        const same = engine.run({ inputs });
        expect([cycles, outputCycles]).toEqual([same.cycles, same.outputCycles]);
      }, 600_000);

      test.each([
        ['as fast as it goes', {}, undefined],
        ['with stalls at both ends', { stalls: 3 }, undefined],
        ['with other stalls', { stalls: 0xdecade }, undefined],
        ['reset in mid-frame', {}, 1.4],
        ['reset while the first frame comes in, with stalls', { stalls: 8 }, 0.3],
        ['reset in mid-frame, with stalls', { stalls: 21 }, 3.7],
      ])(
        'every beat of every channel is that of the cycle engine, %s',
        async (_, options, resetAfter) => {
          const inputs = [frames.subarray(0, watched * size)];
          const at = Math.round((resetAfter ?? 0) * compilation.initiationInterval);
          const reset = resetAfter === undefined ? {} : { reset: { at, resume: resumed } };
          await sameRun(engine, runner, { inputs, ...options, ...reset });
        },
        120_000,
      );

      test.skipIf(model.verilator !== 'images')('gives the outputs of all test images', async () => {
        const { images: numbers, labels } = testSet();
        const images = integers(numbers);
        const { outputs } = await runner.run({ inputs: [images] });
        expect(outputs).toEqual(engine.run({ inputs: [images] }).outputs);
        expect(countRight(outputs[0] as TensorData, labels, model.classify)).toBe(model.right);
      });
    });
  });
}
