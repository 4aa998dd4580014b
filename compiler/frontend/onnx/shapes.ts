/**
 * The QIR shape of an ONNX shape: the leading axis of size 1 (the batch) dropped, if there is another axis. A function of the shape
 * alone: dropping a leading 1 changes neither the order of elements nor the result of broadcasting, whether or not it was a batch.
 */
export function qirShape(dims: readonly number[]): readonly number[] {
  return dims.length > 1 && dims[0] === 1 ? dims.slice(1) : dims;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** The text of a shape for messages. */
export function showShape(dims: readonly number[]): string {
  return `[${dims.join(', ')}]`;
}

/** The shape of an elementwise result under numpy broadcasting, or undefined if the shapes do not fit. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): readonly number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let i = 0; i < rank; i++) {
    const m = a[i - rank + a.length] ?? 1;
    const n = b[i - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) return undefined;
    result.push(m === 1 ? n : m);
  }
  return result;
}

/** An axis that may count from the end, as 0..rank-1; undefined if out of range. */
export function normalAxis(axis: number, rank: number): number | undefined {
  const positive = axis < 0 ? axis + rank : axis;
  return Number.isInteger(positive) && positive >= 0 && positive < rank ? positive : undefined;
}

/** Row-major strides. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let i = dims.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] ?? 1) * (dims[i + 1] ?? 1);
  return strides;
}

/** Shape with leading 1-axes removed until at most `rank` axes are left (fewer are never padded). */
export function trimLeading(dims: readonly number[], rank: number): readonly number[] {
  let from = 0;
  while (dims.length - from > rank && dims[from] === 1) from++;
  return dims.slice(from);
}
