import * as say from '../diagnostics/catalog/qir-types.ts';
import { fail } from '../diagnostics/index.ts';
import type { Where } from '../diagnostics/index.ts';
import { elementProblem, goodShape } from './check-type.ts';
import type { ElementType, Tensor, TensorData } from './types.ts';
import { allocate, elementCount, fitInteger, float32, printElement, printType } from './types.ts';
import { dataProblem } from './verify-data.ts';

/** Numbers in one dimension, or rows of them. */
export type Numbers = ArrayLike<number> | readonly ArrayLike<number>[];

/**
 * A tensor as a caller of the builder has it: finished; or elements with an element type and a shape. Left out, the shape is that of the
 * array (`[n]`, or `[rows, columns]` of rows), and the element type is the narrowest integer type that holds the elements.
 */
export type TensorLike =
  | Tensor
  | Numbers
  | { readonly elem?: ElementType; readonly shape?: readonly number[]; readonly data: Numbers };

function isRows(numbers: Numbers): numbers is readonly ArrayLike<number>[] {
  return numbers.length > 0 && typeof numbers[0] === 'object';
}

function isTyped(numbers: ArrayLike<number>): numbers is TensorData {
  return ArrayBuffer.isView(numbers);
}

/** Elements in row-major order and the shape of the array itself. */
function flatten(numbers: Numbers, where: Where): { data: TensorData; shape: number[] } {
  if (!isRows(numbers)) {
    const data = isTyped(numbers) ? numbers : Float64Array.from(numbers);
    return { data, shape: [numbers.length] };
  }
  const columns = numbers[0]!.length;
  const data = new Float64Array(numbers.length * columns);
  numbers.forEach((row, r) => {
    if (row.length !== columns) {
      fail(say.raggedRows(where, `${row.length} elements in row ${r}`, `${columns} elements, as in row 0`));
    }
    data.set(row, r * columns);
  });
  return { data, shape: [numbers.length, columns] };
}

/** The narrowest type of the elements; float32 if they are not all integers of 32 bits. */
function narrowest(data: TensorData): ElementType {
  let min = 0;
  let max = 0;
  for (const n of data) {
    if (!Number.isInteger(n)) return float32;
    if (n < min) min = n;
    if (n > max) max = n;
  }
  const fits = min < 0 ? min >= -(2 ** 31) && max < 2 ** 31 : max < 2 ** 32;
  return fits ? fitInteger(min, max) : float32;
}

/**
 * Makes a tensor of its own memory.
 *
 * @param name the constant's name, for messages
 * @throws DiagnosticError if the number of elements is not that of the shape, or the type does not hold one of them
 */
export function toTensor(like: TensorLike, name: string, where: Where): Tensor {
  const given = 'data' in like ? like : { data: like };
  const { data, shape: own } = flatten(given.data, where);
  const elem = 'type' in given ? given.type.elem : (given.elem ?? narrowest(data));
  const shape = 'type' in given ? given.type.shape : (given.shape ?? own);
  const expected = elementProblem(elem);
  const subject = `The constant @${name}`;
  if (expected !== undefined) fail(say.badType(where, subject, printElement(elem), expected));
  if (!goodShape(shape)) fail(say.badShape(where, subject, `[${shape.join(', ')}]`));
  const type = { elem, shape: [...shape] };
  if (data.length !== elementCount(shape)) {
    fail(say.wrongCount(where, name, data.length, elementCount(shape), printType(type)));
  }
  const problem = dataProblem({ name, tensor: { type, data } }, where);
  if (problem !== undefined) fail(problem);
  const copy = allocate(elem, data.length);
  copy.set(data);
  return { type, data: copy };
}
