import { readFileSync } from 'node:fs';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph, loadModel, type Compilation } from '../../compiler/driver.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { binaryNetwork } from '../../examples/lfc/network.ts';
import { readLayers } from '../../examples/lfc/read.ts';
import { dataPath, mnistTest, readNumbers, type TestSet } from './data.ts';

/** A trained network and what it must show. */
export interface ModelCase {
  readonly name: string;
  readonly load: () => Promise<Graph>;
  /** Frames a second to fold for; the usual folding if absent. */
  readonly fps?: number;
  /** `folded` where unrolled layers would take a C++ compiler minutes. */
  readonly style?: 'folded';
  /** Integers at the input of the golden frames, in the order of the graph. */
  readonly inputs: () => number[];
  /** Integers at their output; where a network comes without them, the integer form says what they are. */
  readonly outputs?: () => number[];
  /** How many of the test images are right, by the class made of the output. */
  readonly right?: number;
  /** The test images and their labels; MNIST's if absent. */
  readonly testSet?: () => TestSet;
  /** The class of one frame's outputs: `argmax` of sums, or the output itself. */
  readonly classify?: 'argmax' | 'itself';
  /** What Verilator runs: nothing, the golden frames, or all test images too. */
  readonly verilator: 'not' | 'golden' | 'images';
  /** Of how many frames Verilator logs every handshake; 5 if absent. */
  readonly watched?: number;
  /** How many of the golden frames Verilator runs, unless QCC_LARGE is set; all if absent. */
  readonly verilatorFrames?: number;
}

export const onnx = (path: string, inputType?: string) => async (): Promise<Graph> =>
  loadModel(dataPath(path), {
    diagnostics: new Diagnostics(),
    ...(inputType === undefined ? {} : { inputType }),
  });

const lfc = (output: 'sums' | 'bits' | 'class') => async (): Promise<Graph> => {
  const file = 'weights/lfcW1A1_mnist.npz';
  const layers = readLayers(readFileSync(dataPath(file)), file);
  return binaryNetwork(`lfc_${output}`, layers, { input: 'pixels', output });
};

/** The first 200 test images: the golden file of LFC holds them as -1 and +1 only, and the network takes pixels. */
const images = (): number[] => mnistTest().images.slice(0, 200 * 784);

export const golden = (file: string, array: string) => (): number[] => readNumbers(file, array);

export const cases: readonly ModelCase[] = [
  {
    name: 'TFC_1W1A',
    load: onnx('models/TFC_1W1A.onnx'),
    inputs: golden('models/TFC_1W1A.golden.npz', 'pixels'),
    outputs: golden('models/TFC_1W1A.golden.npz', 'accumulators'),
    right: 9296,
    classify: 'argmax',
    verilator: 'images',
  },
  {
    name: 'TFC_2W2A',
    load: onnx('models/TFC_2W2A.onnx'),
    inputs: golden('models/TFC_2W2A.golden.npz', 'pixels'),
    outputs: golden('models/TFC_2W2A.golden.npz', 'accumulators'),
    right: 9660,
    classify: 'argmax',
    verilator: 'images',
  },
  {
    name: 'finn_build_dataflow',
    load: onnx('models/finn_build_dataflow/model.onnx'),
    inputs: golden('models/finn_build_dataflow/model.golden.npz', 'inputs'),
    outputs: golden('models/finn_build_dataflow/model.golden.npz', 'outputs'),
    right: 9296,
    classify: 'itself',
    verilator: 'images',
  },
  {
    name: 'qkeras_jettagging',
    load: onnx('models/qkeras_jettagging.onnx', 'fixed<16,10>'),
    // the golden inputs are real numbers on the grid of 2^-10
    inputs: () => readNumbers('models/qkeras_jettagging.golden.npz', 'inputs').map((x) => x * 1024),
    outputs: golden('models/qkeras_jettagging.golden.npz', 'logits_int'),
    verilator: 'golden',
  },
  {
    name: 'LFC sums',
    load: lfc('sums'),
    inputs: images,
    outputs: golden('weights/lfcW1A1_mnist.golden.npz', 'sums'),
    verilator: 'golden',
  },
  {
    name: 'LFC bits',
    load: lfc('bits'),
    inputs: images,
    // the golden bits are 0 and 1; a bipolar 0 is -1
    outputs: () => golden('weights/lfcW1A1_mnist.golden.npz', 'bits')().map((bit) => 2 * bit - 1),
    verilator: 'not',
  },
  {
    name: 'LFC class',
    load: lfc('class'),
    inputs: images,
    outputs: golden('weights/lfcW1A1_mnist.golden.npz', 'class_highest_bit'),
    right: 9840,
    classify: 'itself',
    verilator: 'golden',
  },
];

export function compile(graph: Graph, { fps, style }: Pick<ModelCase, 'fps' | 'style'> = {}): Compilation {
  return compileGraph(graph, {
    diagnostics: new Diagnostics(),
    ...(fps === undefined ? {} : { fps }),
    ...(style === undefined ? {} : { style }),
  });
}
