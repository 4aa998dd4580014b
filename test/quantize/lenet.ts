import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { decodeModel } from '../../compiler/frontend/onnx/proto.ts';
import { modelType } from '../../compiler/frontend/onnx/schema.ts';
import { decodeTensor } from '../../compiler/frontend/onnx/tensors.ts';
import { matrixOf, relativeError, squaredNorm, type Matrix } from '../../compiler/quantize/weights/index.ts';
import { dataPath, mnistTest } from '../models/data.ts';

export type LenetName = 'lenet5_dense' | 'lenet5_sparse' | 'lenet300100_dense' | 'lenet300100_sparse';

/** A published LeNet: its weight matrices and biases, by layer, in the order of the network. */
export interface Lenet {
  readonly name: LenetName;
  /** Convolutions with their columns by channel, row, column. */
  readonly layers: ReadonlyMap<string, Matrix>;
  readonly biases: ReadonlyMap<string, Float64Array>;
}

const decode = (name: LenetName): ReturnType<typeof decodeModel> =>
  decodeModel(readFileSync(dataPath(`models/${name}.onnx`)), name);

export function readLenet(name: LenetName): Lenet {
  const layers = new Map<string, Matrix>();
  const biases = new Map<string, Float64Array>();
  for (const tensor of decode(name).graph.initializer) {
    const [layer = '', kind] = tensor.name.split('.');
    const { dims, data } = decodeTensor(tensor, { kind: 'file', file: name });
    const [rows = 0] = dims;
    if (kind === 'weight') layers.set(layer, matrixOf(rows, data.length / rows, data));
    if (kind === 'bias') biases.set(layer, Float64Array.from(data));
  }
  return { name, layers, biases };
}

export function layerOf(lenet: Lenet, layer: string): Matrix {
  const matrix = lenet.layers.get(layer);
  if (matrix === undefined) throw new Error(`${lenet.name} has no layer ${layer}`);
  return matrix;
}

/** Images at a time. */
const batch = 1000;

/** The test set, as it is fed: 10,000 images in batches. */
function batches(): { readonly images: ort.Tensor[]; readonly labels: readonly number[] } {
  const { images, labels } = mnistTest();
  const size = images.length / labels.length;
  return {
    labels,
    images: Array.from(
      { length: labels.length / batch },
      (_, i) =>
        new ort.Tensor('float32', Float32Array.from(images.slice(i * batch * size, (i + 1) * batch * size)), [
          batch,
          1,
          28,
          28,
        ]),
    ),
  };
}
let testSet: ReturnType<typeof batches> | undefined;

/** Errors among the 10,000 test images with some of the weight matrices, and biases, replaced. Float32, by onnxruntime. */
export async function countErrors(
  lenet: Lenet,
  replaced: ReadonlyMap<string, Matrix>,
  biases: ReadonlyMap<string, Float64Array> = new Map(),
): Promise<number> {
  testSet ??= batches();
  const model = decode(lenet.name) as unknown as {
    graph: {
      initializer: { name: string; rawData: Uint8Array }[];
      input: unknown[];
      output: unknown[];
    };
  };
  for (const tensor of model.graph.initializer) {
    const [layer = '', kind] = tensor.name.split('.');
    const data = kind === 'weight' ? replaced.get(layer)?.data : biases.get(layer);
    if (data !== undefined) tensor.rawData = new Uint8Array(Float32Array.from(data).buffer);
  }
  const open = (name: string, sizes: readonly number[]): unknown => ({
    name,
    type: {
      tensorType: {
        elemType: 1,
        shape: { dim: [{ dimParam: 'n' }, ...sizes.map((dimValue) => ({ dimValue }))] },
      },
    },
  });
  model.graph.input = [open('image', [1, 28, 28])];
  model.graph.output = [open('logits', [10])];
  const session = await ort.InferenceSession.create(modelType.encode(modelType.create(model)).finish(), {
    intraOpNumThreads: 1,
  });
  let errors = 0;
  for (const [i, image] of testSet.images.entries()) {
    const { logits } = await session.run({ image });
    const scores = logits?.data as Float32Array;
    for (let n = 0; n < batch; n++) {
      const own = scores.subarray(n * 10, n * 10 + 10);
      let best = 0;
      own.forEach((score, label) => {
        if (score > (own[best] as number)) best = label;
      });
      if (best !== testSet.labels[i * batch + n]) errors++;
    }
  }
  await session.release();
  return errors;
}

/** ||W - W'||^2 / ||W||^2 over all layers together; a layer that is not replaced has no error. */
export function networkError(lenet: Lenet, replaced: ReadonlyMap<string, Matrix>): number {
  let [error, norm] = [0, 0];
  for (const [name, matrix] of lenet.layers) {
    const own = squaredNorm(matrix.data);
    const other = replaced.get(name);
    norm += own;
    if (other !== undefined) error += relativeError(matrix, other) * own;
  }
  return error / norm;
}

/** Replaces the layers that `quantize` gives a matrix for. */
export function replaceLayers(
  lenet: Lenet,
  quantize: (matrix: Matrix, layer: string) => Matrix | undefined,
): Map<string, Matrix> {
  const replaced = new Map<string, Matrix>();
  for (const [name, matrix] of lenet.layers) {
    const approximation = quantize(matrix, name);
    if (approximation !== undefined) replaced.set(name, approximation);
  }
  return replaced;
}
