import { inputShapeSyntax } from '../../diagnostics/catalog/frontend-convolution.ts';
import { fail } from '../../diagnostics/index.ts';
import { countElements, maxElements } from './tensors.ts';

/** A shape for one graph input; without a name for the only one. */
export interface InputShape {
  readonly name?: string;
  /** ONNX dimensions, batch axis included. */
  readonly dims: readonly number[];
}

/**
 * Reads input shapes as the user writes them: dimensions with commas, the batch axis (1) included, for a network of several inputs
 * with the input's name in front; several shapes with semicolons between them.
 *
 * @example
 * parseInputShape('1,3,32,32')
 * parseInputShape('left=1,3,32,32; right=1,3,64,64')
 * @throws DiagnosticError QCC2310
 */
export function parseInputShape(text: string): readonly InputShape[] {
  if (text.length > 2000) fail(inputShapeSyntax(text, `${text.length} characters`));
  const shapes = text.split(';').map((part): InputShape => {
    // A name may hold an equals sign itself.
    const equals = part.lastIndexOf('=');
    const name = equals < 0 ? undefined : part.slice(0, equals).trim();
    const list = part.slice(equals + 1).trim();
    if (!/^\d{1,10}(\s*,\s*\d{1,10})*$/.test(list))
      fail(inputShapeSyntax(text, list === '' ? 'no dimensions' : list));
    const dims = list.split(',').map(Number);
    if (dims.includes(0)) fail(inputShapeSyntax(text, 'a dimension of 0'));
    if (dims.length > 16 || countElements(dims) === undefined)
      fail(inputShapeSyntax(text, `more than 16 axes or ${maxElements} elements`));
    return name === undefined ? { dims } : { name, dims };
  });
  const names = shapes.map((shape) => shape.name);
  if (new Set(names).size < names.length || (names.includes(undefined) && names.length > 1))
    fail(inputShapeSyntax(text, 'two shapes for one input'));
  return shapes;
}
