import {
  badAttribute,
  operandCount,
  shapeMismatch,
  unsupportedUse,
} from '../../../diagnostics/catalog/frontend-nodes.ts';
import { fitInteger } from '../../../qir/types.ts';
import type { Value } from '../bound.ts';
import type { Conversion } from '../conversion.ts';
import { inSourceOrder } from '../placed.ts';
import type { Placed } from '../placed.ts';
import { showShape } from '../shapes.ts';
import type { Converter } from './registry.ts';

/** Brings `axis` to the end of the QIR axes; `placed` says how a result of that many choices stands, `back` brings it back. */
function axisLast(
  c: Conversion,
  given: Value,
  axis: number,
): { readonly x: Value; readonly placed: (count: number) => Placed; readonly back: (y: Value) => Value } {
  const rank = given.dims.length;
  if (given.layout === 'channels-last' && axis === 1) {
    const placed = (count: number): Placed => ({
      dims: given.dims.map((n, i) => (i === 1 ? count : n)),
      layout: 'channels-last',
    });
    return { x: given, placed, back: (y) => y };
  }
  const x = c.sourceOrder(given);
  const placed = (count: number): Placed => inSourceOrder([...turned.dims.slice(0, -1), count]);
  let turned = x;
  if (axis === rank - 1) return { x, placed, back: (y) => y };
  const perm = [...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis), axis];
  const inverse = Array.from({ length: rank }, (_, i) => perm.indexOf(i));
  turned = c.emitter.transpose(x, perm, c.source([], '_last'));
  return {
    x: turned,
    placed,
    back: (y) => c.emitter.transpose(y, inverse, c.source([], '_back')),
  };
}

function selectedAxis(c: Conversion, x: Value, fallback: number): number {
  const axis = c.axis(c.attributes.int('axis') ?? fallback, x.dims.length);
  // QIR has no batch axis: choosing among one element is always element 0, and no hardware.
  if (axis === 0 && x.dims.length > 1 && x.dims[0] === 1) {
    c.fail(unsupportedUse(c.where, `a choice along the batch axis of ${showShape(x.dims)}`, 'another axis'));
  }
  return axis;
}

/** ArgMax: the index of the first maximum. */
function argMax(c: Conversion): void {
  c.expectInputs(1);
  if (c.attributes.flag('select_last_index', false)) {
    c.fail(unsupportedUse(c.where, 'select_last_index 1', 'the first of equal maxima (select_last_index 0)'));
  }
  const x = c.placed(0);
  const axis = selectedAxis(c, x, 0);
  const size = x.dims[axis] ?? 1;
  const last = axisLast(c, x, axis);
  const made = c.emitter.emit(
    'argmax',
    [last.x.operand],
    {},
    last.placed(1),
    c.source(),
    fitInteger(0, size - 1),
  );
  const index = last.back({ ...made, content: 'index' });
  if (c.attributes.flag('keepdims', true)) {
    c.setValue(0, index);
    return;
  }
  const kept = index.dims.filter((_, i) => i !== axis);
  const dropped = c.sourceOrder(index);
  c.setValue(0, c.emitter.reshape(dropped, inSourceOrder(kept), c.source([], '_drop')));
}

/** TopK: only the indices exist in hardware. */
function topK(c: Conversion): void {
  c.expectInputs(1, 2);
  if (c.outputUsed(0)) {
    c.fail(
      unsupportedUse(
        c.where,
        'the values of TopK are used',
        'only its indices',
        'take the values on the host',
      ),
    );
  }
  const x = c.placed(0);
  const axis = selectedAxis(c, x, -1);
  const size = x.dims[axis] ?? 1;
  const k = c.optional(1) ? c.scalar(1, 'k') : (c.attributes.int('k') ?? 0);
  if (!Number.isInteger(k) || k < 1)
    c.fail(badAttribute(c.where, 'k', `${k}`, `an integer from 1 to ${size}`));
  if (k > size) c.fail(shapeMismatch(c.where, `k ${k} of ${size} elements`, `at most ${size}`));
  if (c.node.outputs.length < 2) c.fail(operandCount(c.where, 'one output', 'two outputs'));
  const largest = c.attributes.flag('largest', true);
  const last = axisLast(c, x, axis);
  const made = c.emitter.emit(
    'topk',
    [last.x.operand],
    { k, largest },
    last.placed(k),
    c.source(),
    fitInteger(0, size - 1),
  );
  c.setValue(1, last.back({ ...made, content: 'index' }));
}

export const selectConverters: readonly Converter[] = [
  {
    opTypes: ['ArgMax'],
    domains: [''],
    attributes: ['axis', 'keepdims', 'select_last_index'],
    convert: argMax,
  },
  { opTypes: ['TopK'], domains: [''], attributes: ['axis', 'k', 'largest', 'sorted'], convert: topK },
];
