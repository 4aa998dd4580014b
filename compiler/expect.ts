import { isFloat, samplesOf, toIntegers, type NdArray } from './data/index.ts';
import { expectMismatch, expectShape } from './diagnostics/catalog/data.ts';
import { fail, type Diagnostics } from './diagnostics/index.ts';
import type { Boundary } from './qir/graph.ts';
import type { Check } from './report/index.ts';

/** Output values to be compared: [frames][elements] integers. */
export interface Values {
  readonly frames: number;
  readonly elements: number;
  readonly data: ArrayLike<number>;
  /** Shape of one frame, and what is known of the boundary, where the output may be an image of a channels-first model. */
  readonly shape?: readonly number[];
  readonly boundary?: Boundary;
}

/** The class that each frame's output names: the output itself if it is one number, else the index of the first maximum. */
export function classes({ frames, elements, data }: Values): number[] {
  return Array.from({ length: frames }, (_, frame) => {
    if (elements === 1) return data[frame] ?? Number.NaN;
    let best = 0;
    for (let i = 1; i < elements; i++) {
      if ((data[frame * elements + i] ?? 0) > (data[frame * elements + best] ?? 0)) best = i;
    }
    return best;
  });
}

/** Elements a frame of an array whose first axis counts frames; 0 if it has none. */
function perFrame({ shape }: NdArray): number {
  return shape.length === 0 ? 0 : shape.slice(1).reduce((product, n) => product * n, 1);
}

/**
 * Compares the output with an array of integers: [frames, ...output], or [frames] or [frames, 1] classes. The array may hold
 * more frames than were run. Images of a channels-first model may be [frames, C, H, W] or [frames, H, W, C].
 *
 * A difference is added to the diagnostics (QCC6031) with its first place.
 *
 * @throws DiagnosticError QCC6030 if the array's shape fits neither, QCC6024 if it holds what is no integer.
 */
export function checkExpected(
  output: Values,
  array: NdArray,
  option: string,
  diagnostics: Diagnostics,
): Check {
  const { frames, elements } = output;
  const width = perFrame(array);
  const rows = array.shape[0] ?? 0;
  if ((width !== elements && width !== 1) || rows < frames) {
    const asClass = elements === 1 ? '' : ` or [${frames}] classes`;
    fail(expectShape(option, array.shape, `at least [${frames}, ${elements}] values${asClass}`));
  }
  const wanted = toIntegers(array, option);
  const found = width === elements ? output.data : classes(output);
  const { boundary = {} } = output;
  const samples = output.shape && width === elements ? samplesOf(array, output.shape, boundary) : undefined;
  if (boundary.layout !== undefined && width === elements && samples === undefined)
    fail(
      expectShape(option, array.shape, `images [${frames}, ${output.shape?.join(', ')}], or channels first`),
    );
  const order = samples?.order;
  const place = (i: number): number => (order === undefined ? i : i - (i % width) + (order[i % width] ?? 0));
  const total = frames * width;
  let wrong = 0;
  let first = -1;
  for (let i = 0; i < total; i++) {
    if (found[place(i)] === wanted[i]) continue;
    if (first < 0) first = i;
    wrong++;
  }
  if (first >= 0) {
    const frame = Math.floor(first / width);
    diagnostics.add(
      expectMismatch(
        option,
        frame,
        first % width,
        found[place(first)] ?? Number.NaN,
        wanted[first] ?? Number.NaN,
        wrong,
        total,
      ),
    );
  }
  const values = width === elements ? 'values' : 'classes';
  const text = `output ${wrong === 0 ? '=' : 'is not'} expected on ${frames} frame${frames === 1 ? '' : 's'}, ${total} ${values}`;
  return {
    levels: ['output', 'expected'],
    compared: 'values',
    frames,
    count: total,
    equal: wrong === 0,
    text,
  };
}

/**
 * Counts the frames whose class is their label.
 *
 * @throws DiagnosticError QCC6030 if there is not one label a frame.
 */
export function checkAccuracy(output: Values, labels: NdArray, option: string): Check {
  const { frames } = output;
  if (perFrame(labels) !== 1 || (labels.shape[0] ?? 0) < frames || isFloat(labels.dtype)) {
    fail(expectShape(option, labels.shape, `at least [${frames}] integers, one class a frame`));
  }
  const wanted = toIntegers(labels, option);
  const right = classes(output).filter((found, frame) => found === wanted[frame]).length;
  const percent = Number(((100 * right) / frames).toFixed(2));
  const text = `${percent} % (${right} of ${frames} frame${frames === 1 ? '' : 's'})`;
  return {
    levels: ['output', 'labels'],
    compared: 'labels',
    frames,
    count: right,
    equal: right === frames,
    text,
  };
}
