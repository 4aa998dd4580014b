import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { unpackBeats } from '../../compiler/hw/index.ts';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import { units } from '../../templates/registry.ts';
import { cnv, signedColour } from '../../examples/cnv/network.ts';
import { readLayers } from '../../examples/lfc/read.ts';
import { golden } from './cases.ts';
import { cifarTest, dataPath, readNumbers } from './data.ts';
import { modelSuite } from './suite.ts';

const weights = 'weights/cnvW1A1_cifar10.npz';
const goldens = 'weights/cnvW1A1_cifar10.golden.npz';
const published = 'weights/cnvW1A1_cifar10.published.npz';
/** The rate that BNN-PYNQ's authors publish, at 200 MHz. */
const fps = 21_906;
const size = 32 * 32 * 3;

modelSuite(
  {
    name: 'CNV',
    load: () => {
      const layers = readLayers(readFileSync(dataPath(weights)), weights);
      return Promise.resolve(cnv('cnv', layers, { input: 'pixels', output: 'sums' }));
    },
    fps,
    // the golden inputs are what the first operation makes of the first images
    inputs: () => {
      const colours = cifarTest().images.slice(0, 100 * size);
      expect(colours.map(signedColour)).toEqual(readNumbers(goldens, 'inputs'));
      return colours;
    },
    outputs: golden(goldens, 'sums'),
    right: 3908,
    classify: 'argmax',
    testSet: cifarTest,
    verilator: 'golden',
    watched: 4,
  },
  (subject) => {
    const layers = Array.from({ length: 8 }, (_, i) => ({ value: `bit${i}`, array: `L${i}_out` }));
    const images = (): number[] => cifarTest().images.slice(0, 4 * size);

    test('the integer form has the golden outputs of all eight binary layers', () => {
      const { integer } = subject().compilation;
      const evaluator = createEvaluator(integer);
      const [input] = integer.inputs;
      if (input === undefined) throw new Error('an input expected');
      const pixels = images();
      const taps = layers.map(({ value }) => value);
      const found = [0, 1, 2, 3].map((i) => {
        const data = Uint8Array.from(pixels.slice(i * size, (i + 1) * size));
        return evaluator.run({ [input.name]: { type: input.type, data } }, { taps });
      });
      for (const { value, array } of layers) {
        const bits = found.flatMap((values) => Array.from(values.get(value)?.data ?? []));
        expect(bits).toEqual(readNumbers(goldens, array));
      }
    });

    // That the channels of the RTL carry the same beats is shown by the runs that compare all handshakes of these images.
    test('the channels of the hardware carry them', () => {
      const { compilation, engine } = subject();
      const { hw } = compilation;
      const { log } = engine.run({ inputs: [images()], trace: 'handshakes' });
      for (const { value, array } of layers) {
        const node = hw.nodes.find((n) => n.value === value && units.get(n.unit)?.implement !== undefined);
        const at = hw.channels.findIndex(({ from }) => from.node === node?.name);
        const stream = hw.channels[at]?.stream;
        if (stream === undefined) throw new Error(`no instance computes ${value}`);
        const bits = unpackBeats(stream, log?.[at]?.data ?? new Uint8Array());
        expect(Array.from(bits)).toEqual(readNumbers(goldens, array));
      }
    });

    test('the published image gives the ten popcounts that the FPGA returned', () => {
      const { compilation, engine } = subject();
      const { integer } = compilation;
      const pixels = readNumbers(published, 'images');
      const counts = readNumbers(published, 'popcounts');
      expect([pixels.length, counts.length]).toEqual([size, 10]);
      const popcounts = (sums: ArrayLike<number> = []): number[] =>
        Array.from(sums, (sum) => (sum + 512) / 2);
      const [input] = integer.inputs;
      const [output] = integer.outputs;
      if (input === undefined || output === undefined) throw new Error('an input and an output expected');
      const x = { type: input.type, data: Uint8Array.from(pixels) };
      const found = createEvaluator(integer).run({ [input.name]: x });
      expect(popcounts(found.get(output.value)?.data)).toEqual(counts);
      expect(popcounts(engine.run({ inputs: [pixels] }).outputs[0])).toEqual(counts);
    });
  },
);
