import * as z from 'zod';
import type { HwNode, Param, StreamType } from '../../compiler/hw/index.ts';
import { elementCount } from '../../compiler/qir/types.ts';
import type { TensorType } from '../../compiler/qir/types.ts';

// Units that do the same to every vector of a frame: they are built for one vector, and a frame is `rows` of them.

/** Schema of the parameter `rows`: vectors of one frame; absent: 1. */
export const rowsSchema = z.int().min(1).exactOptional();

/** Vectors of one frame of an instance. */
export function rowCount(node: HwNode): number {
  const rows = node.params['rows'];
  return typeof rows === 'number' ? rows : 1;
}

/** The parameter `rows`; nothing for one vector, so that instances of one vector read as they always did. */
export function rowsParam(rows: number): Readonly<Record<string, Param>> {
  return rows === 1 ? {} : { rows };
}

/** The stream of `rows` vectors, given that of one. */
export function repeated(vector: StreamType, rows: number): StreamType {
  return rows === 1 ? vector : { ...vector, elements: vector.elements * rows, rows };
}

/** Of a parameter that counts the elements of a whole frame: those of one row. */
export function perRow(node: HwNode, elements: number): number {
  return elements / rowCount(node);
}

/** Vectors of a tensor: the product of all axes but the last. */
export function vectorsOf({ shape }: TensorType): number {
  return elementCount(shape.slice(0, -1));
}
