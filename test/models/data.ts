import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArray, type NdArray } from '../../compiler/data/index.ts';

const folder = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

/** Whether the trained models are at hand. In CI they must be: there the tests run, and fail, without them. */
export const haveData = process.env['CI'] !== undefined || existsSync(folder);
if (!haveData) console.warn('skipped: ../shared/data with the trained models is not there');

/** Whether there is time for all of it, as in `make test-long`. */
export const large = process.env['QCC_LARGE'] !== undefined;

export const dataPath = (path: string): string => `${folder}${path}`;

export function readData(path: string, array?: string): NdArray {
  return parseArray(readFileSync(dataPath(path)), path, array);
}

export function readNumbers(path: string, array?: string): number[] {
  return Array.from(readData(path, array).data, Number);
}

/** Images, one after the other with their channels last, and the class of each. */
export interface TestSet {
  readonly images: number[];
  readonly labels: number[];
}

/** The 10,000 test images of MNIST. */
export const mnistTest = (): TestSet => ({
  images: readNumbers('datasets/mnist/t10k-images-idx3-ubyte.gz'),
  labels: readNumbers('datasets/mnist/t10k-labels-idx1-ubyte.gz'),
});

/** 5,000 of the test images of CIFAR-10. */
export const cifarTest = (): TestSet => ({
  images: readNumbers('datasets/cifar10/cifar10_test_a.npz', 'images'),
  labels: readNumbers('datasets/cifar10/cifar10_test_a.npz', 'labels'),
});
