import type { OpDefinition } from '../op.ts';
import { add } from './add.ts';
import { argmax } from './argmax.ts';
import { avgpool } from './avgpool.ts';
import { batchnorm } from './batchnorm.ts';
import { bipolarQuant } from './bipolar_quant.ts';
import { clip } from './clip.ts';
import { combine } from './combine.ts';
import { concat } from './concat.ts';
import { conv2d } from './conv2d.ts';
import { depthToSpace } from './depth_to_space.ts';
import { depthwise } from './depthwise.ts';
import { dilate } from './dilate.ts';
import { div } from './div.ts';
import { leakyRelu } from './leaky_relu.ts';
import { lookup } from './lookup.ts';
import { matmul } from './matmul.ts';
import { maxpool } from './maxpool.ts';
import { mbqm } from './mbqm.ts';
import { mul } from './mul.ts';
import { multithreshold } from './multithreshold.ts';
import { pad } from './pad.ts';
import { pow } from './pow.ts';
import { prelu } from './prelu.ts';
import { quant } from './quant.ts';
import { reduceMax } from './reduce_max.ts';
import { reduceSum } from './reduce_sum.ts';
import { relu } from './relu.ts';
import { requantize } from './requantize.ts';
import { reshape } from './reshape.ts';
import { sigmoid } from './sigmoid.ts';
import { slice } from './slice.ts';
import { softmax } from './softmax.ts';
import { sub } from './sub.ts';
import { tanh } from './tanh.ts';
import { threshold } from './threshold.ts';
import { topk } from './topk.ts';
import { transpose } from './transpose.ts';
import { trunc } from './trunc.ts';
import { upsample } from './upsample.ts';
import { windows } from './windows.ts';

/** Every operation of QIR, by name. */
export const ops: ReadonlyMap<string, OpDefinition> = new Map(
  [
    quant,
    bipolarQuant,
    trunc,
    multithreshold,
    matmul,
    conv2d,
    maxpool,
    avgpool,
    add,
    sub,
    mul,
    div,
    pow,
    relu,
    leakyRelu,
    prelu,
    clip,
    sigmoid,
    tanh,
    batchnorm,
    softmax,
    reshape,
    transpose,
    concat,
    slice,
    pad,
    upsample,
    dilate,
    depthToSpace,
    windows,
    depthwise,
    reduceMax,
    reduceSum,
    combine,
    threshold,
    lookup,
    requantize,
    mbqm,
    argmax,
    topk,
  ].map((op) => [op.name, op]),
);
