import { badConstant, notConstant } from '../../../diagnostics/catalog/frontend-nodes.ts';
import { dimsOf } from '../bound.ts';
import { firstBad } from '../constants.ts';
import type { Conversion } from '../conversion.ts';
import { checkFinite } from './checks.ts';
import type { Converter } from './registry.ts';

function binary(op: string): (c: Conversion) => void {
  return (c) => {
    c.expectInputs(2);
    const inputs = [c.real(0), c.real(1)] as const;
    const operands = ['left operand', 'right operand'] as const;
    inputs.forEach((bound, i) => {
      if (bound.kind === 'const') checkFinite(c, operands[i] ?? 'operand', bound.tensor);
    });
    const [, right] = inputs;
    if (op === 'div' && right.kind === 'const') {
      const zero = firstBad(right.tensor, (x) => Math.fround(x) === 0);
      if (zero !== undefined) c.fail(badConstant(c.where, 'divisor', zero, 'numbers other than 0'));
    }
    // An exponent that varies from sample to sample has no use in a network, and no form in hardware.
    if (op === 'pow' && right.kind !== 'const') c.fail(notConstant(c.where, 'exponent', c.inputName(1)));
    const dims = c.broadcast(dimsOf(inputs[0]), dimsOf(right));
    c.setValue(0, c.elementwise(op, inputs, dims));
  };
}

export const arithmeticConverters: readonly Converter[] = [
  // Before opset 7 these broadcast by an axis attribute.
  { opTypes: ['Add'], domains: [''], since: 7, attributes: [], layout: 'any', convert: binary('add') },
  { opTypes: ['Sub'], domains: [''], since: 7, attributes: [], layout: 'any', convert: binary('sub') },
  { opTypes: ['Mul'], domains: [''], since: 7, attributes: [], layout: 'any', convert: binary('mul') },
  { opTypes: ['Div'], domains: [''], since: 7, attributes: [], layout: 'any', convert: binary('div') },
  { opTypes: ['Pow'], domains: [''], since: 7, attributes: [], layout: 'any', convert: binary('pow') },
];
