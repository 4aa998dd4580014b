import type { Folding, LayerRequest } from '../../compiler/hw/index.ts';
import { matrixOf as sizeOf } from '../mvu/foldings.ts';
import { vectorCycles } from './model.ts';
import { matrixOf } from './plan.ts';
import { stepsOf } from './schedule.ts';

/** Weights of which more than this share is not zero are not sparse. */
const mostDensity = 0.5;

/** Numbers of inputs a beat that are tried, from the least that is fast enough on. */
const mostWidths = 4;

/** The parameters that each value of `Folding.variant` stands for. */
const forms = new Map([
  ['packed', { packed: true }],
  ['double', { double: true }],
  ['packed-double', { packed: true, double: true }],
] as const);

/** What `Folding.variant` may be. */
export const variants: readonly string[] = [...forms.keys()];

/** The parameters that a variant stands for; none without one. */
export function formOf(variant: string | undefined): {
  readonly packed?: boolean;
  readonly double?: boolean;
} {
  return (
    new Map<string, { readonly packed?: boolean; readonly double?: boolean }>(forms).get(variant ?? '') ?? {}
  );
}

/** Non-zero weights of each output of a product with constant weights that are sparse. */
export function countsOf(request: LayerRequest): readonly number[] | undefined {
  const size = sizeOf(request);
  const weights = request.ops[0]?.consts.get(1);
  if (size === undefined || weights === undefined || request.ops.length > 1) return undefined;
  const { counts, places } = matrixOf(weights.data, size.outputs);
  return places.length > mostDensity * size.inputs * size.outputs ? undefined : counts;
}

/** The fewest products a step with which a vector's steps are at most `most`; undefined if there is no such number. */
function fewestProducts(
  counts: readonly number[],
  most: number,
  pack: boolean,
  inputs: number,
): number | undefined {
  let [low, high] = [1, Math.max(1, pack ? inputs : Math.max(...counts))];
  if (stepsOf(counts, high, pack) > most) return undefined;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (stepsOf(counts, middle, pack) <= most) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * In every variant, for some powers of two of inputs a beat, the fewest products a step that are fast enough. A variant that needs as many as a
 * simpler one is left out.
 */
export function foldings(
  request: LayerRequest,
  cycles: number,
  styles: readonly Folding['style'][],
): readonly Folding[] {
  const counts = countsOf(request);
  const size = sizeOf(request);
  if (counts === undefined || size === undefined || !styles.includes('folded')) return [];
  const budget = Math.floor(cycles / size.rows);
  const found: Folding[] = [];
  const widths = new Map<string | undefined, number>();
  for (let lanes = 1; lanes < 2 * size.inputs; lanes *= 2) {
    const simd = Math.min(lanes, size.inputs);
    const beats = Math.ceil(size.inputs / simd);
    const least = new Map<string | undefined, number>();
    for (const variant of [undefined, ...variants]) {
      const { packed = false, double = false } = formOf(variant);
      // what a vector's steps may take beside its beats
      const left = double ? budget : budget - beats;
      if (vectorCycles(beats, 0, double) > budget) continue;
      const pe = fewestProducts(counts, left, packed, size.inputs);
      if (pe === undefined) continue;
      const simpler = [undefined, ...(packed && double ? ['packed', 'double'] : [])];
      if (variant !== undefined && simpler.some((other) => (least.get(other) ?? Infinity) <= pe)) continue;
      least.set(variant, pe);
      const tried = widths.get(variant) ?? 0;
      if (tried === mostWidths) continue;
      widths.set(variant, tried + 1);
      found.push({
        ...{ style: 'folded', pe, simd, order: 'output' },
        ...(variant === undefined ? {} : { variant }),
      });
    }
  }
  return found;
}
