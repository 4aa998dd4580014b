import { describe, expect, test } from 'vitest';
import { createEngine } from '../../sim/index.ts';
import { units } from '../../templates/registry.ts';
import { cases, compile } from './cases.ts';
import { haveData, readNumbers } from './data.ts';
import { modelSuite } from './suite.ts';

// In a file of their own, so that two workers share the Verilator builds.
for (const model of cases.filter(({ name }) => name.startsWith('TFC'))) modelSuite(model);

describe.skipIf(!haveData)('the batch published with finn_build_dataflow', () => {
  test('gives the four published classes at the cycle engine', async () => {
    const model = cases.find(({ name }) => name === 'finn_build_dataflow');
    if (model === undefined) throw new Error('no such case');
    const { hw } = compile(await model.load());
    const pixels = readNumbers('models/finn_build_dataflow/input.npy');
    const classes = readNumbers('models/finn_build_dataflow/expected_output.npy');
    expect(classes).toHaveLength(4);
    expect(Array.from(createEngine(hw, units).run({ inputs: [pixels] }).outputs[0] ?? [])).toEqual(classes);
  });
});
