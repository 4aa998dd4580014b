import type { Folding, LayerRequest } from '../../compiler/hw/index.ts';
import { isPlainInteger } from '../lib/lanes.ts';
import { matrixOf as sizeOf } from '../mvu/foldings.ts';
import { entriesOf, matrixOf, placeBits } from './matrix.ts';
import { vectorCycles } from './model.ts';
import { endBitsOf, weightBitsOf } from './plan.ts';
import { stepsOf } from './schedule.ts';

/** Weights of which more than this share is not zero are not sparse. */
const mostDensity = 0.5;

/** Weights of which no more than this share is not zero are better apart from their thresholds than dense and fused with them. */
const mostAlone = 0.1;

/** Numbers of inputs a beat that are tried, from the least that is fast enough on. */
const mostWidths = 4;

/** Most bits of a distance. */
const mostGap = 16;

/** The parameters that a variant stands for. */
export interface Form {
  readonly packed?: boolean;
  readonly double?: boolean;
  readonly gap?: number;
}

const plain: readonly (readonly [name: string, form: Form])[] = [
  ['', {}],
  ['packed', { packed: true }],
  ['double', { double: true }],
  ['packed-double', { packed: true, double: true }],
];

const forms: ReadonlyMap<string, Form> = new Map([
  ...plain,
  ...plain.flatMap(([name, form]) =>
    Array.from({ length: mostGap }, (_, i): readonly [string, Form] => [
      `${name === '' ? '' : `${name}-`}gap${i + 1}`,
      { ...form, gap: i + 1 },
    ]),
  ),
]);

/** What `Folding.variant` may be. */
export const variants: readonly string[] = [...forms.keys()].filter((name) => name !== '');

/** The parameters that a variant stands for; none without one. */
export function formOf(variant = ''): Form {
  return forms.get(variant) ?? {};
}

/** The weights of a product with constant weights that are sparse, and how many each output has. */
export function sparseOf(request: LayerRequest): ReturnType<typeof matrixOf> | undefined {
  const size = sizeOf(request);
  const weights = request.ops[0]?.consts.get(1);
  if (size === undefined || weights === undefined || request.ops.length > 1) return undefined;
  // no sign is zero
  if (weights.type.elem.kind === 'bipolar') return undefined;
  const matrix = matrixOf(weights.data, size.outputs);
  return matrix.indices.length > mostDensity * size.inputs * size.outputs ? undefined : matrix;
}

/** Whether a product is so sparse that levels behind it are to be a layer of their own. */
export function alone(request: LayerRequest): boolean {
  const [weights, elem] = [request.ops[0]?.consts.get(1), request.input.elem];
  const count = sparseOf(request)?.indices.length ?? Infinity;
  return isPlainInteger(elem) && elem.kind !== 'bipolar' && count <= mostAlone * (weights?.data.length ?? 0);
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
 * simpler one is left out. Beside each, the same with the distances that take the fewest bits, if that are fewer and still fast enough.
 */
export function foldings(
  request: LayerRequest,
  cycles: number,
  styles: readonly Folding['style'][],
): readonly Folding[] {
  const matrix = sparseOf(request);
  const size = sizeOf(request);
  const weights = request.ops[0]?.consts.get(1);
  if (matrix === undefined || size === undefined || weights === undefined || !styles.includes('folded'))
    return [];
  const budget = Math.floor(cycles / size.rows);
  const weightBits = weightBitsOf(matrix);
  const found: Folding[] = [];
  const widths = new Map<string, number>();
  for (let lanes = 1; lanes < 2 * size.inputs; lanes *= 2) {
    const simd = Math.min(lanes, size.inputs);
    const beats = Math.ceil(size.inputs / simd);
    const least = new Map<string, number>();
    for (const [variant, { packed = false, double = false }] of plain) {
      if (vectorCycles(beats, 0, double) > budget) continue;
      // what a vector's steps may take beside its beats
      const left = double ? budget : budget - beats;
      const pe = fewestProducts(matrix.counts, left, packed, size.inputs);
      if (pe === undefined) continue;
      const simpler = variant === '' ? [] : ['', ...(packed && double ? ['packed', 'double'] : [])];
      if (simpler.some((other) => (least.get(other) ?? Infinity) <= pe)) continue;
      least.set(variant, pe);
      const tried = widths.get(variant) ?? 0;
      if (tried === mostWidths) continue;
      widths.set(variant, tried + 1);
      const folding = { style: 'folded', pe, simd, order: 'output' } as const;
      found.push({ ...folding, ...(variant === '' ? {} : { variant }) });
      const place = placeBits(size.inputs, simd);
      const bits = (steps: number, index: number): number =>
        steps * (pe * (index + weightBits) + endBitsOf(pe, packed));
      let best = bits(stepsOf(matrix.counts, pe, packed), place.beat + place.lane);
      let gap: number | undefined;
      for (let index = 1; index < place.beat + place.lane && index <= mostGap; index++) {
        const steps = stepsOf(entriesOf(weights.data, size.outputs, simd, index).counts, pe, packed);
        if (steps > left || bits(steps, index) >= best) continue;
        [best, gap] = [bits(steps, index), index];
      }
      if (gap !== undefined)
        found.push({ ...folding, variant: [variant, `gap${gap}`].filter((part) => part !== '').join('-') });
    }
  }
  return found;
}
