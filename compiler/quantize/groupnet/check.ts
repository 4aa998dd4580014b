import * as say from '../../diagnostics/catalog/groupnet.ts';
import { fail } from '../../diagnostics/index.ts';
import { elementCount } from '../../qir/types.ts';
import { factorsOf, filtersOf } from './arithmetic.ts';
import type { Activation, BinaryLayer, GroupNet, Norm } from './network.ts';

type Numbers = ArrayLike<number>;

/** Checks what the graph builder does not: counts and numbers of the arrays, settings. Names the place as the description has it. */
export function checkGroupNet(net: GroupNet): void {
  const { first, groups, last, stream } = net;
  checkActivation(net.activation, 'activation');
  checkActivation(last.activation, 'last.activation');
  if (stream !== undefined) {
    whole('stream.bits', stream.bits, 2, 31);
    whole('stream.fraction', stream.fraction, 0, 30);
  }
  if (net.padding === 'one' && (net.activation.limit ?? 1) < 1)
    fail(
      say.groupNetSetting(
        'activation.limit',
        net.activation.limit ?? 1,
        'at least 1, the value of the padding',
      ),
    );
  numbers('first.levels', first.levels, elementCount(first.shape));
  numbers('first.scale', first.scale, filtersOf(first), { one: true, positive: true });
  slide('first', first);
  checkNorm(first.norm, filtersOf(first), 'first.norm');
  if (groups.length === 0) fail(say.groupNetSetting('groups', 0, 'at least one group'));
  for (const [i, { branches }] of groups.entries()) {
    if (branches.length === 0) fail(say.groupNetSetting(`groups[${i}].branches`, 0, 'at least one branch'));
    for (const [j, { lambda, blocks }] of branches.entries()) {
      const branch = `groups[${i}].branches[${j}]`;
      finite(`${branch}.lambda`, lambda);
      if (blocks.length === 0) fail(say.groupNetSetting(`${branch}.blocks`, 0, 'at least one block'));
      for (const [k, { layers, skip }] of blocks.entries()) {
        const block = `${branch}.blocks[${k}]`;
        if (layers.length === 0) fail(say.groupNetSetting(`${block}.layers`, 0, 'at least one layer'));
        for (const [l, layer] of layers.entries()) checkLayer(layer, `${block}.layers[${l}]`);
        if (typeof skip === 'object') checkLayer(skip, `${block}.skip`);
      }
    }
  }
  numbers('last.levels', last.levels, elementCount(last.shape));
  numbers('last.scale', [last.scale], 1, { positive: true });
  if (last.bias !== undefined) numbers('last.bias', last.bias, filtersOf(last));
}

function checkLayer(layer: BinaryLayer, place: string): void {
  const filters = filtersOf(layer);
  if (layer.bases.length === 0) fail(say.groupNetSetting(`${place}.bases`, 0, 'at least one base'));
  for (const [i, base] of layer.bases.entries()) {
    const own = `${place}.bases[${i}]`;
    numbers(`${own}.weights`, base.weights, elementCount(layer.shape));
    if (base.alpha !== undefined) numbers(`${own}.alpha`, base.alpha, filters, { one: true });
    if (base.lambda !== undefined) finite(`${own}.lambda`, base.lambda);
    const dead = factorsOf(
      { weights: base.weights, ...(base.alpha && { alpha: base.alpha }) },
      filters,
    ).findIndex((alpha) => !(alpha > 0));
    if (dead >= 0) fail(say.groupNetZeroFilter(own, dead));
  }
  slide(place, layer);
  checkNorm(layer.norm, filters, `${place}.norm`);
}

function checkNorm(norm: Norm, channels: number, place: string): void {
  for (const part of ['gamma', 'beta', 'mean', 'variance'] as const)
    numbers(`${place}.${part}`, norm[part], channels);
  const { epsilon = 1e-5 } = norm;
  finite(`${place}.epsilon`, epsilon);
  const bad = Array.from(norm.variance).find((v) => !(v + epsilon > 0));
  if (bad !== undefined) fail(say.groupNetSetting(`${place}.variance`, bad, 'a positive sum with epsilon'));
}

function checkActivation({ bits, limit = 1 }: Activation, place: string): void {
  whole(`${place}.bits`, bits, 1, 8);
  if (!(limit > 0 && Number.isFinite(limit)))
    fail(say.groupNetSetting(`${place}.limit`, limit, 'a positive number'));
}

/** Only convolutions have steps and padding. */
function slide(
  place: string,
  { shape, stride = 1, pad = 0 }: Pick<BinaryLayer, 'shape' | 'stride' | 'pad'>,
): void {
  const isImage = shape.length === 4;
  if (!isImage && shape.length !== 2)
    fail(
      say.groupNetSetting(`${place}.shape`, `[${shape.join(', ')}]`, 'two numbers, or four of a convolution'),
    );
  whole(`${place}.stride`, stride, 1, isImage ? 2 ** 16 : 1);
  whole(`${place}.pad`, pad, 0, isImage ? 2 ** 16 : 0);
}

function whole(place: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    fail(say.groupNetSetting(place, value, `an integer from ${least} to ${most}`));
}

function finite(place: string, value: number): void {
  if (!Number.isFinite(value)) fail(say.groupNetSetting(place, value, 'a finite number'));
}

function numbers(
  place: string,
  values: Numbers,
  count: number,
  { one = false, positive = false }: { readonly one?: boolean; readonly positive?: boolean } = {},
): void {
  if (values.length !== count && !(one && values.length === 1))
    fail(say.groupNetCount(place, values.length, one ? `${count} or 1` : `${count}`));
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (!Number.isFinite(value)) fail(say.groupNetSetting(`${place}[${i}]`, value, 'a finite number'));
    if (positive && value <= 0) fail(say.groupNetSetting(`${place}[${i}]`, value, 'a positive number'));
  }
}
