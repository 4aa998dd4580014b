import { beforeAll, describe, expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph, type Compilation } from '../../compiler/driver.ts';
import { emitRtl } from '../../compiler/emit/index.ts';
import { designPorts, printHw } from '../../compiler/hw/index.ts';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { sameRun } from '../conformance/bench.ts';
import { golden, onnx } from './cases.ts';
import { haveData, large, readNumbers } from './data.ts';

describe.skipIf(!haveData)('the jet-tagging network, unrolled, a frame a cycle', () => {
  const file = 'models/qkeras_jettagging.golden.npz';
  let found: Compilation;
  let frames: Int32Array;
  let expected: number[];

  beforeAll(async () => {
    const graph = await onnx('models/qkeras_jettagging.onnx', 'fixed<16,10>')();
    found = compileGraph(graph, { diagnostics: new Diagnostics(), style: 'unrolled', fps: 200e6 });
    // the golden inputs are real numbers on the grid of 2^-10
    frames = Int32Array.from(readNumbers(file, 'inputs'), (x) => x * 1024);
    expected = golden(file, 'logits_int')();
  }, 60_000);

  test('is five instances, its 63 thresholds a channel within the layers', () => {
    const { plan, initiationInterval } = found;
    expect(initiationInterval).toBe(1);
    const layers = plan.filter(({ operations }) => operations > 0);
    expect(layers.map(({ unit, nodes, timing }) => [unit, nodes.length, timing.latency])).toEqual([
      ['unrolled', 2, 4],
      ['unrolled', 2, 6],
      ['unrolled', 2, 6],
      ['unrolled', 1, 6],
    ]);
    expect(found.latency).toBe(24);
    expect(plan.length).toBe(layers.length + 2);
  });

  test('the integer form and the cycle engine give the golden outputs', () => {
    const evaluator = createEvaluator(found.integer);
    const [input] = found.integer.inputs;
    const [output] = found.integer.outputs;
    const evaluated: number[] = [];
    for (let at = 0; at < frames.length; at += 16) {
      const x = { type: input!.type, data: frames.subarray(at, at + 16) };
      evaluated.push(...(evaluator.run({ [input!.name]: x }).get(output!.value)?.data ?? []));
    }
    expect(evaluated).toEqual(expected);
    const { outputs } = createEngine(found.hw, units).run({ inputs: [frames], stalls: 4 });
    expect(Array.from(outputs[0] ?? [])).toEqual(expected);
  });

  test('the folding file gives it again, without the style', async () => {
    const graph = await onnx('models/qkeras_jettagging.onnx', 'fixed<16,10>')();
    const again = compileGraph(graph, { diagnostics: new Diagnostics(), folding: found.folding });
    expect(printHw(again.hw)).toBe(printHw(found.hw));
  });

  // its cells are searched for half a minute
  test.skipIf(!large)(
    'is the same in Verilator, value for value and cycle for cycle',
    async () => {
      const { hw } = found;
      const runner = await createVerilatorRunner({
        ...{ top: hw.name, ports: designPorts(hw, units), channels: hw.channels },
        ...{ files: emitRtl(hw, units, { templateRoot, version: '0.0.0' }), monitor: true },
      });
      try {
        const engine = createEngine(hw, units);
        await sameRun(engine, runner, { inputs: [frames] });
        await sameRun(engine, runner, { inputs: [frames.subarray(0, 16 * 9)], stalls: 5 });
        const { outputs } = await runner.run({ inputs: [frames] });
        expect(Array.from(outputs[0] ?? [])).toEqual(expected);
      } finally {
        runner.close();
      }
    },
    600_000,
  );
});
