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
import { haveData, readNumbers } from './data.ts';

/** Frames of which every handshake of every channel is compared, and frames before which a run is reset. */
const watched = 5;
const resumed = 2;

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

/** All that is to be shown of one trained network, at every level. */
export function modelSuite(model: ModelCase): void {
  describe.skipIf(!haveData)(model.name, () => {
    let compilation: Compilation;
    let engine: Engine;
    let frames: TensorData;
    let expected: number[];
    let size = 0;

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
      compilation = compile(await model.load());
      engine = createEngine(compilation.hw, units);
      frames = integers(model.inputs());
      expected = model.outputs();
      size = frames.length / 200;
    }, 120_000);

    test('the integer form gives the 200 golden outputs', () => {
      expect(evaluateAll(compilation, frames)).toEqual(expected);
    });

    test('the cycle engine gives the 200 golden outputs, with and without stalls', () => {
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
      const { inputCycles, outputCycles } = engine.run({ inputs: [frames] });
      const beats = (outputCycles[0]?.length ?? 0) / 200;
      const ends = Array.from({ length: 200 }, (_, i) => outputCycles[0]?.[(i + 1) * beats - 1] ?? NaN);
      expect((ends[0] ?? 0) - (inputCycles[0]?.[0] ?? 0)).toBe(compilation.latency);
      expect(((ends[199] ?? 0) - (ends[99] ?? 0)) / 100).toBe(compilation.initiationInterval);
    });

    test.skipIf(model.right === undefined)('the class of 10,000 images by the cycle engine', () => {
      const images = integers(readNumbers('datasets/mnist/t10k-images-idx3-ubyte.gz'));
      const labels = readNumbers('datasets/mnist/t10k-labels-idx1-ubyte.gz');
      const [outputs] = engine.run({ inputs: [images] }).outputs;
      if (outputs === undefined) throw new Error('an output expected');
      expect(labels.length).toBe(10_000);
      expect(countRight(outputs, labels, model.classify)).toBe(model.right);
    });

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

      test('gives the 200 golden outputs', async () => {
        const { outputs, outputCycles, cycles } = await runner.run({ inputs: [frames] });
        expect(Array.from(outputs[0] ?? [])).toEqual(expected);
        const same = engine.run({ inputs: [frames] });
        expect([cycles, outputCycles]).toEqual([same.cycles, same.outputCycles]);
      });

      test.each([
        ['as fast as it goes', {}, undefined],
        ['with stalls at both ends', { stalls: 3 }, undefined],
        ['with other stalls', { stalls: 0xdecade }, undefined],
        ['reset in mid-frame', {}, 1.4],
        ['reset while the first frame comes in, with stalls', { stalls: 8 }, 0.3],
        ['reset in mid-frame, with stalls', { stalls: 21 }, 3.7],
      ])('every beat of every channel is that of the cycle engine, %s', async (_, options, resetAfter) => {
        const inputs = [frames.subarray(0, watched * size)];
        const at = Math.round((resetAfter ?? 0) * compilation.initiationInterval);
        const reset = resetAfter === undefined ? {} : { reset: { at, resume: resumed } };
        await sameRun(engine, runner, { inputs, ...options, ...reset });
      });

      test.skipIf(model.verilator !== 'images')('gives the outputs of 10,000 images', async () => {
        const images = integers(readNumbers('datasets/mnist/t10k-images-idx3-ubyte.gz'));
        const labels = readNumbers('datasets/mnist/t10k-labels-idx1-ubyte.gz');
        const { outputs } = await runner.run({ inputs: [images] });
        expect(outputs).toEqual(engine.run({ inputs: [images] }).outputs);
        expect(countRight(outputs[0] as TensorData, labels, model.classify)).toBe(model.right);
      });
    });
  });
}
