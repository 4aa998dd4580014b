import { describe, expect, it } from 'vitest';
import { toSourceOrder } from '../../compiler/data/index.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { importOnnx } from '../../compiler/frontend/onnx/import.ts';
import { runPipeline } from '../../compiler/pipeline.ts';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { integers } from './random-mlp.ts';
import { haveData, readData, readNumbers } from './data.ts';

const model = 'models/espcn_subpixel_quant.onnx';
const golden = 'models/espcn_subpixel_quant.golden.npz';

/** Imports the network for images of `side` by `side` colours. */
function load(side: number): Graph {
  return importOnnx(readData(model), {
    file: model,
    inputType: 'uint8*1/255',
    inputShape: `1,3,${side},${side}`,
  });
}

describe.skipIf(!haveData)('espcn', () => {
  it('four images of 32 by 32: the levels of the model, and the golden ones where float64 rounds alike', () => {
    const side = 32;
    const real = load(side);
    const integer = runPipeline(real, { diagnostics: new Diagnostics() });
    expect(integer.outputs[0]?.boundary.layout).toBe('nchw');
    const pixels = readNumbers(golden, 'small_inputs').data.map((x) => Math.round(x * 255));
    const wanted = readNumbers(golden, 'small_outputs_q').data;
    const [ours, theirs] = [createEvaluator(integer), createEvaluator(real)];
    const [input, output] = [integer.inputs[0]!, integer.outputs[0]!];
    const scale = output.boundary.scale!;
    const [size, area] = [3 * side * side, side * side];
    let differing = 0;
    for (let i = 0; i < 4; i++) {
      // channels first in the file, last in the graph
      const planes = pixels.slice(i * size, (i + 1) * size);
      const image = planes.map((_, at) => planes[(at % 3) * area + Math.floor(at / 3)] ?? 0);
      const x = integers(input.type.elem, input.type.shape, image);
      const levels = ours.run({ [input.name]: x }).get(output.value)!;
      // the float32 evaluator takes its time: one image
      const reals = i === 0 ? theirs.run({ [input.name]: x }).get(real.outputs[0]!.value) : undefined;
      const numbers = Array.from(levels.data, (k) => Math.fround((k * scale.numerator) / scale.denominator));
      if (reals !== undefined) expect(numbers).toEqual(Array.from(reals.data));
      const found = toSourceOrder(levels.data, levels.type.shape, output.boundary);
      for (let at = 0; at < found.length; at++) {
        const off = (wanted[i * found.length + at] ?? NaN) - (found[at] ?? NaN);
        if (off === 0) continue;
        // float64 rounds up what is a tie in float32, which goes to the even level
        expect([off, (found[at] ?? 1) % 2]).toEqual([1, 0]);
        differing++;
      }
    }
    expect(differing).toBe(3);
  });

  it('is integerized in about a second at its full size, with one row a channel', () => {
    const start = performance.now();
    const integer = runPipeline(load(128), { diagnostics: new Diagnostics() });
    const seconds = (performance.now() - start) / 1000;
    console.log(`espcn 128x128: import and passes in ${seconds.toFixed(2)} s`);
    // a loaded machine gets some grace
    expect(seconds).toBeLessThan(10);
    const layers = integer.nodes.filter((n) => ['threshold', 'requantize'].includes(n.op));
    expect(layers).toHaveLength(4);
    for (const node of layers) {
      const rows = integer.consts.get(node.operands[1]?.name ?? '')?.tensor.type.shape[0];
      expect([1, node.type.shape[2]]).toContain(rows);
    }
    expect(integer.nodes.map((n) => n.op)).not.toContain('conv2d');
  });
});
