// Builds LFC, BNN-PYNQ's fully connected binary network (or another one of its kind), from the arrays of an .npz file.
//
//   node --conditions=qcc-source --import ./scripts/ts.mjs examples/lfc/lfc.ts lfcW1A1_mnist.npz -o lfc.qir --output class
import { run } from './command.ts';
import { binaryNetwork, inputs, outputs } from './network.ts';

run({ script: 'lfc.ts', name: 'lfc', inputs, outputs, build: binaryNetwork });
