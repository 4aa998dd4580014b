import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fromSourceOrder, toSourceOrder } from '../../compiler/data/index.ts';
import { importOnnx } from '../../compiler/frontend/onnx/import.ts';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { dataPath, readNumbers } from './data.ts';
import { modelSuite } from './suite.ts';

const model = 'models/espcn_subpixel_quant.onnx';
const goldens = 'models/espcn_subpixel_quant.golden.npz';
const [frames, inShape, outShape] = [4, [32, 32, 3], [64, 64, 3]] as const;
const channelsFirst = { layout: 'nchw' } as const;

const load = (): Graph =>
  importOnnx(readFileSync(dataPath(model)), {
    file: model,
    inputType: 'uint8*1/255',
    inputShape: '1,3,32,32',
  });

const images = (): number[] =>
  fromSourceOrder(
    readNumbers(goldens, 'small_inputs').map((x) => Math.round(x * 255)),
    inShape,
    channelsFirst,
  );

// Superresolution: images in and out, convolutions of 4 and 8 bits, dead channels. The model's arithmetic is float32, which the integer form
// has exactly; the golden arrays are of float64.
modelSuite(
  {
    name: 'espcn',
    load: () => Promise.resolve(load()),
    fps: 10_000,
    style: 'folded',
    inputs: images,
    verilator: 'golden',
    watched: 3,
  },
  (subject) => {
    test('the integer form gives the golden pixels, but for the three whose quotient float32 rounds to a tie', () => {
      const { integer } = subject().compilation;
      const real = load();
      const last = real.nodes.at(-1);
      const before = last?.operands[0]?.name ?? '';
      const scale = real.consts.get(last?.operands[1]?.name ?? '')?.tensor.data[0] ?? NaN;
      const [ours, theirs] = [createEvaluator(integer), createEvaluator(real)];
      const [input] = integer.inputs;
      const [output] = integer.outputs;
      if (input === undefined || output === undefined) throw new Error('an input and an output expected');
      expect(last?.op).toBe('quant');
      expect(output.boundary.layout).toBe('nchw');
      const pixels = images();
      const size = pixels.length / frames;
      const wanted = readNumbers(goldens, 'small_outputs_q');
      const each = wanted.length / frames;
      let differing = 0;
      for (let i = 0; i < frames; i++) {
        const data = Uint8Array.from(pixels.slice(i * size, (i + 1) * size));
        const x = { [input.name]: { type: input.type, data } };
        const levels = ours.run(x).get(output.value)?.data ?? [];
        const found = toSourceOrder(Array.from(levels), outShape, channelsFirst);
        const off = found.flatMap((level, at) => (level === wanted[i * each + at] ? [] : [at]));
        differing += off.length;
        if (off.length === 0) continue;
        const quotients = toSourceOrder(
          Array.from(theirs.run(x, { taps: [before] }).get(before)?.data ?? []),
          outShape,
          channelsFirst,
        );
        for (const at of off) {
          const quotient = (quotients[at] ?? NaN) / scale;
          const golden = wanted[i * each + at] ?? NaN;
          // just above the middle of two levels in float64, the middle itself in float32, which goes to the even level
          expect([Math.round(quotient), Math.fround(quotient) % 2, found[at]]).toEqual([
            golden,
            0.5,
            golden - 1,
          ]);
        }
      }
      expect(differing).toBe(3);
    });
  },
);
