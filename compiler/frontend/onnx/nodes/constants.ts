import { tensorElementType } from '../../../diagnostics/catalog/frontend-file.ts';
import { badAttribute, operandCount, unsupportedUse } from '../../../diagnostics/catalog/frontend-nodes.ts';
import { makeTensor } from '../constants.ts';
import type { Conversion } from '../conversion.ts';
import { elementOf } from '../elements.ts';
import type { ConstTensor } from '../tensors.ts';
import type { Converter } from './registry.ts';

/** The value of a Constant node, whichever attribute holds it. */
function constantValue(c: Conversion): ConstTensor {
  const name = c.node.outputs[0] ?? c.node.label;
  const { attributes } = c;
  const tensor = attributes.tensor('value', name);
  if (tensor) return tensor;
  const float = attributes.float('value_float');
  if (float !== undefined) return makeTensor(name, 'float32', [], [float]);
  const int = attributes.int('value_int');
  if (int !== undefined) return makeTensor(name, 'int64', [], [int]);
  const floats = attributes.floats('value_floats');
  if (floats) return makeTensor(name, 'float32', [floats.length], floats);
  const ints = attributes.ints('value_ints');
  if (ints) return makeTensor(name, 'int64', [ints.length], ints);
  const other = ['sparse_value', 'value_string', 'value_strings'].find((key) => attributes.has(key));
  if (other !== undefined) c.fail(tensorElementType(c.where, name, other));
  return c.fail(badAttribute(c.where, 'value', 'nothing', 'the value of the constant'));
}

/** Operators that hand their input on. */
function identity(c: Conversion): void {
  c.expectInputs(1);
  c.set(0, c.input(0));
}

/** In inference Dropout is the identity; its mask has no meaning there. */
function dropout(c: Conversion): void {
  c.expectInputs(1, 3);
  if (c.outputUsed(1)) c.fail(operandCount(c.where, 'the mask of Dropout is used', 'one output'));
  if (c.optional(2) && c.scalar(2, 'training_mode') !== 0) {
    c.fail(unsupportedUse(c.where, 'training_mode 1', 'a model exported for inference'));
  }
  c.set(0, c.input(0));
}

/** Casts between numbers that stay the same: integers of an input or an index to a wider type, floats to float32. */
function cast(c: Conversion): void {
  c.expectInputs(1);
  const code = c.attributes.int('to') ?? 0;
  const to = elementOf(code);
  const bound = c.input(0);
  if (bound.kind !== 'value')
    c.fail(unsupportedUse(c.where, 'a Cast of a quantized constant', 'DequantizeLinear'));
  const { value } = bound;
  switch (value.content) {
    case 'real':
      if (to === 'float32') return c.set(0, bound);
      break;
    case 'integer-input':
      if (to === 'float32') return c.setValue(0, { ...value, content: 'real' });
      break;
    case 'index':
      // Indices stay far below the range of all these types.
      if (to === 'int32' || to === 'int64' || to === 'uint32' || to === 'uint64') return c.set(0, bound);
      break;
    case 'levels':
      break;
  }
  const from =
    value.content === 'levels' ? 'quantized levels' : value.content === 'index' ? 'indices' : 'numbers';
  c.fail(
    unsupportedUse(
      c.where,
      `a Cast of ${from} to ${to ?? `type ${code}`}`,
      'a Cast that changes no value, to float',
    ),
  );
}

export const constantConverters: readonly Converter[] = [
  {
    opTypes: ['Constant'],
    domains: [''],
    attributes: ['value', 'value_float', 'value_int', 'value_floats', 'value_ints'],
    convert: (c) => c.set(0, { kind: 'const', tensor: constantValue(c) }),
  },
  { opTypes: ['Identity'], domains: [''], attributes: [], layout: 'any', convert: identity },
  {
    opTypes: ['Dropout'],
    domains: [''],
    attributes: ['ratio', 'seed', 'is_test'],
    layout: 'any',
    convert: dropout,
  },
  {
    opTypes: ['Cast'],
    domains: [''],
    since: 6,
    attributes: ['to', 'saturate', 'round_mode'],
    layout: 'any',
    convert: cast,
  },
];
