import type { Conversion } from '../conversion.ts';
import { dequantize, softmax } from './boundary.ts';
import { convolution, depthwiseConvolution, fullyConnected } from './convolution.ts';
import { add, relu, relu6, requantize } from './elementwise.ts';
import { averagePool, maxPool, mean } from './pooling.ts';
import { pad, reshape } from './shape.ts';

/** What reads an operator, by its name. */
export const converters: ReadonlyMap<string, (conversion: Conversion) => void> = new Map([
  ['ADD', add],
  ['AVERAGE_POOL_2D', averagePool],
  ['CONV_2D', convolution],
  ['DEPTHWISE_CONV_2D', depthwiseConvolution],
  ['DEQUANTIZE', dequantize],
  ['EXPAND_DIMS', reshape],
  ['FULLY_CONNECTED', fullyConnected],
  ['MAX_POOL_2D', maxPool],
  ['MEAN', mean],
  ['PAD', pad],
  ['QUANTIZE', requantize],
  ['RELU', relu],
  ['RELU6', relu6],
  ['RESHAPE', reshape],
  ['SOFTMAX', softmax],
  ['SQUEEZE', reshape],
]);

/** The operators that are read: all but the one whose converter says why it is not. */
export const supported: readonly string[] = [...converters.keys()].filter((name) => name !== 'MEAN');
