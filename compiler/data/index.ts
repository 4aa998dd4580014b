export { isFloat, type Dtype, type NdArray, type NdData } from './array.ts';
export { frameTensor, samplesOf, toFrames, toIntegers, type FrameOptions, type Frames } from './frames.ts';
export { parseNpy, writeNpy } from './npy.ts';
export { fromSourceOrder, sourceShape, toSourceOrder } from './order.ts';
export { parseArray, readArray } from './read.ts';
