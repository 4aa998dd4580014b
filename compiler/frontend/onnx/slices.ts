import { shapeMismatch } from '../../diagnostics/catalog/frontend-nodes.ts';
import type { Conversion } from './conversion.ts';

/** What Slice takes along one axis: `count` elements, the first at `from`, each `step` further. */
export interface SliceRange {
  readonly axis: number;
  readonly from: number;
  readonly step: number;
  readonly count: number;
}

/** The ranges of a Slice node, by attributes (up to opset 9) or inputs, over a tensor of these dimensions. */
export function sliceRanges(c: Conversion, dims: readonly number[]): readonly SliceRange[] {
  const asInput = c.inputCount > 1;
  const starts = asInput ? c.integers(1, 'starts') : (c.attributes.ints('starts') ?? []);
  const ends = asInput ? c.integers(2, 'ends') : (c.attributes.ints('ends') ?? []);
  const given = asInput ? (c.optional(3) ? c.integers(3, 'axes') : undefined) : c.attributes.ints('axes');
  const wanted = given ?? starts.map((_, i) => i);
  const steps = c.optional(4) ? c.integers(4, 'steps') : starts.map(() => 1);
  const axes = wanted.map((axis) => c.axis(axis, dims.length));
  return axes.map((axis, i): SliceRange => {
    const size = dims[axis] ?? 0;
    const [start, end, step] = [starts[i], ends[i], steps[i]];
    const bad = start === undefined || end === undefined || step === undefined || step === 0;
    if (bad || axes.indexOf(axis) !== i) {
      const found = 'starts, ends, axes and steps of different lengths, an axis twice, or a step of 0';
      c.fail(shapeMismatch(c.where, found, 'equal lengths'));
    }
    // Going down, the first element is at most size - 1, and -1 stands for "past the beginning".
    const back = step < 0 ? 1 : 0;
    const from = Math.min(Math.max(start < 0 ? start + size : start, 0), size - back);
    const to = Math.min(Math.max(end < 0 ? end + size : end, -back), size);
    return { axis, from, step, count: Math.max(0, Math.ceil((to - from) / step)) };
  });
}
