// Builds CNV, BNN-PYNQ's convolutional binary network for CIFAR-10, from the arrays of an .npz file.
//
//   node --conditions=qcc-source --import ./scripts/ts.mjs examples/cnv/cnv.ts cnvW1A1_cifar10.npz -o cnv.qir
import { run } from '../lfc/command.ts';
import { cnv, inputs, outputs } from './network.ts';

run({ script: 'cnv.ts', name: 'cnv', inputs, outputs, build: cnv });
