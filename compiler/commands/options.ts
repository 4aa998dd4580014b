import type { Options } from 'yargs';

/** The argument that every command on a model takes. */
export const modelArgument = {
  model: { describe: 'An .onnx, .tflite or .groupnet.json file, or .qir text of any form', type: 'string' },
} as const;

/** Options of every command that reads a model. */
export const modelOptions = {
  'input-type': {
    type: 'string',
    requiresArg: true,
    describe:
      'Type of the input where the model does not say: uint8, "uint8*1/255", "fixed<16,10>" (docs/input-types.md)',
  },
  'input-shape': {
    type: 'string',
    requiresArg: true,
    describe: 'Shape of the input where an ONNX model leaves it open: 1,3,32,32, or NAME=1,3,32,32',
  },
} as const satisfies Record<string, Options>;

/** Values of `--style`. */
export const styles = ['folded', 'unrolled', 'auto'] as const;

/** Options of every command that makes hardware of a model. */
export const hardwareOptions = {
  'clock-mhz': {
    type: 'number',
    requiresArg: true,
    describe: 'Clock in MHz (default 200); unrolled layers are pipelined for it',
  },
  fps: { type: 'number', requiresArg: true, describe: 'Frames a second to reach at that clock' },
  'latency-us': {
    type: 'number',
    requiresArg: true,
    describe: 'Microseconds that a frame may take from its first input to its last output',
  },
  budget: {
    type: 'string',
    requiresArg: true,
    describe:
      'Resources that the design may use: lut=20000,bram=40,dsp=100,ff=40000, or some of them; without a rate or a latency the fastest design that fits',
  },
  device: {
    type: 'string',
    requiresArg: true,
    describe: 'FPGA that the design must fit into, e.g. xczu7ev (docs/devices.md)',
  },
  folding: {
    type: 'string',
    requiresArg: true,
    describe: 'JSON file with foldings by layer name (docs/folding.md)',
  },
  style: {
    choices: styles,
    describe: 'How layers are built; auto takes the cheaper one for each (default auto)',
  },
} as const satisfies Record<string, Options>;

/** Options that look into the compiler. */
export const passOptions = {
  'print-ir-after': {
    type: 'string',
    requiresArg: true,
    describe: 'Print the graph after this pass, or after all passes; the text is a .qir that reads back',
  },
  'stop-after': { type: 'string', requiresArg: true, describe: 'Stop after this pass' },
} as const satisfies Record<string, Options>;
