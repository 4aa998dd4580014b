/**
 * Solves G a = b for a symmetric positive definite G of size n, by Cholesky in double precision. Returns undefined if G is singular to
 * working precision: a pivot of less than 1e-9 of its diagonal entry (a Gram matrix of signs is one of integers, whose pivots are no smaller by accident).
 */
export function solveSymmetric(g: Float64Array, b: Float64Array): Float64Array | undefined {
  const n = b.length;
  const l = Float64Array.from(g);
  const a = Float64Array.from(b);
  const at = (i: number, j: number): number => l[i * n + j] as number;
  for (let j = 0; j < n; j++) {
    let pivot = at(j, j);
    for (let k = 0; k < j; k++) pivot -= at(j, k) ** 2;
    if (!(pivot > 1e-9 * (g[j * n + j] as number))) return undefined;
    l[j * n + j] = Math.sqrt(pivot);
    for (let i = j + 1; i < n; i++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      l[i * n + j] = sum / at(j, j);
    }
  }
  for (let i = 0; i < n; i++) {
    let sum = a[i] as number;
    for (let k = 0; k < i; k++) sum -= at(i, k) * (a[k] as number);
    a[i] = sum / at(i, i);
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = a[i] as number;
    for (let k = i + 1; k < n; k++) sum -= at(k, i) * (a[k] as number);
    a[i] = sum / at(i, i);
  }
  return a;
}

/**
 * The scales with which `count` sign vectors, one after the other in `signs`, come closest to `target` by least squares; undefined if the
 * vectors depend on each other.
 */
export function fitScales(signs: Int8Array, count: number, target: Float64Array): Float64Array | undefined {
  const t = target.length;
  const gram = new Float64Array(count * count);
  const right = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let s = 0; s < t; s++) dot += (signs[i * t + s] as number) * (signs[j * t + s] as number);
      gram[i * count + j] = dot;
      gram[j * count + i] = dot;
    }
    let sum = 0;
    for (let s = 0; s < t; s++) sum += (signs[i * t + s] as number) * (target[s] as number);
    right[i] = sum;
  }
  return solveSymmetric(gram, right);
}
