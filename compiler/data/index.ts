export { isFloat, type Dtype, type NdArray, type NdData } from './array.ts';
export { frameTensor, toFrames, toIntegers, type FrameOptions, type Frames } from './frames.ts';
export { parseNpy, writeNpy } from './npy.ts';
export { parseArray, readArray } from './read.ts';
