import { describe, expect, test } from 'vitest';
import { loadModel } from '../../compiler/driver.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { verifyGraph } from '../../compiler/qir/verify.ts';
import { dataPath, haveData, readNumbers } from '../models/data.ts';
import { run } from './helpers.ts';

describe.skipIf(!haveData)('keyword spotting (MLPerf Tiny), int8', () => {
  const path = 'models/kws_ref_model';

  test('all golden outputs of the reference kernels', async () => {
    const diagnostics = new Diagnostics();
    const graph = await loadModel(dataPath(`${path}.tflite`), { diagnostics });
    expect(verifyGraph(graph)).toEqual([]);
    expect(graph.form).toBe('integer');
    expect(graph.inputs[0]?.type).toEqual({ elem: { kind: 'int', bits: 8 }, shape: [49, 10, 1] });
    // the Softmax is the host's, and that is all there is to say
    expect(diagnostics.all.map(({ code }) => code)).toEqual(['QCC3401']);
    expect(graph.outputs[0]?.host).toEqual(['Softmax along the last axis (operator 12)']);

    const inputs = readNumbers(`${path}.golden.npz`, 'inputs');
    const expected = readNumbers(`${path}.golden.npz`, 'outputs');
    const samples = expected.length / 12;
    expect(samples).toBeGreaterThan(10);
    const size = inputs.length / samples;
    for (let i = 0; i < samples; i++) {
      expect(run(graph, inputs.slice(i * size, (i + 1) * size))).toEqual(
        expected.slice(i * 12, (i + 1) * 12),
      );
    }
  });
});
