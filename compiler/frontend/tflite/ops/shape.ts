import * as say from '../../../diagnostics/catalog/frontend-tflite.ts';
import { fail } from '../../../diagnostics/index.ts';
import { showShape } from '../../onnx/shapes.ts';
import type { Conversion } from '../conversion.ts';
import { constantData } from '../quantization.ts';

/** RESHAPE (and SQUEEZE, EXPAND_DIMS): the shape is that of the result tensor, which every converter writes. */
export function reshape(conversion: Conversion): void {
  const x = conversion.activation(0);
  conversion.give(x.value, conversion.sameParameters(x));
}

/** PAD: rows and columns of the zero point around the image; paddings int32 or int64 [4, 2]. */
export function pad(conversion: Conversion): void {
  const { where } = conversion;
  const x = conversion.image(0);
  const parameters = conversion.sameParameters(x);
  const tensor = conversion.operandTensor(1);
  const source = constantData(tensor, ['int32', 'int64'], where);
  if (source.length !== 8) {
    fail(say.operandsMismatch(where, `paddings ${showShape(tensor.dims)}`, 'paddings [4, 2]'));
  }
  const all = Array.from({ length: 8 }, (_, i) => source.at(i));
  const [batch0, batch1, top = 0, bottom = 0, left = 0, right = 0, channel0, channel1] = all;
  if ([batch0, batch1, channel0, channel1].some((n) => n !== 0) || all.some((n) => n < 0 || n > 2 ** 16)) {
    const expected = 'rows and columns only, at most 65536 of them';
    fail(say.unsupportedOption(where, 'paddings', `[${all.join(', ')}]`, expected));
  }
  const [height, width, channels] = x.size;
  conversion.expectDims([1, height + top + bottom, width + left + right, channels]);
  const attributes = { pads: [top, left, bottom, right], value: x.zeroPoint };
  conversion.give(conversion.emit('pad', [x.value], attributes), parameters);
}
