import { loadModel } from '../../compiler/driver.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { golden } from './cases.ts';
import { dataPath } from './data.ts';
import { modelSuite } from './suite.ts';

const goldens = 'models/kws_ref_model.golden.npz';

// TFLite's int8 arithmetic: depthwise and pointwise convolutions, fixed-point requantization as the reference kernels round it.
modelSuite({
  name: 'KWS',
  load: () => loadModel(dataPath('models/kws_ref_model.tflite'), { diagnostics: new Diagnostics() }),
  fps: 25_000,
  inputs: golden(goldens, 'inputs'),
  outputs: golden(goldens, 'outputs'),
  verilator: 'golden',
  watched: 3,
});
