import type { Folding, LayerRequest } from '../../compiler/hw/index.ts';
import { vectorsOf } from '../lib/rows.ts';

/** Pairs of PE and SIMD with more work a cycle than this, against the least that meets the budget, only waste lanes. */
const slack = 1.25;

/** More is granted to pairs that divide the matrix: they need no padding, and streams of such lanes convert cheaply. */
const dividingSlack = 1.5;

/** Every value of ceil(n / steps) for 1 <= steps <= limit, greatest first; all divisors that take so few steps are among them. */
function laneChoices(n: number, limit: number): readonly number[] {
  const choices: number[] = [];
  for (let steps = 1; steps <= Math.min(n, limit);) {
    const lanes = Math.ceil(n / steps);
    choices.push(lanes);
    // on to the least number of steps that gets by with fewer lanes
    steps = lanes === 1 ? n + 1 : Math.ceil(n / (lanes - 1));
  }
  return choices;
}

/** The least divisor of `n` that is at least `wanted`. */
function divisorFrom(n: number, wanted: number): number {
  for (let divisor = wanted; divisor < n; divisor++) if (n % divisor === 0) return divisor;
  return n;
}

/** Size of the request's matrix and how many vectors of a frame it is multiplied with; undefined if it begins with no product. */
export function matrixOf(
  request: LayerRequest,
): { readonly inputs: number; readonly outputs: number; readonly rows: number } | undefined {
  const [product] = request.ops;
  const [outputs, inputs] = (product?.op === 'matmul' ? product.consts.get(1)?.type.shape : undefined) ?? [];
  if (outputs === undefined || inputs === undefined) return undefined;
  return { inputs, outputs, rows: vectorsOf(request.input) };
}

/**
 * The foldings that take at most `cycles` cycles for all vectors of a frame with little more work a cycle than needed. For every
 * number of inputs the fewest outputs that are fast enough, and the next ones that divide the matrix.
 */
export function matrixFoldings(request: LayerRequest, cycles: number): readonly Folding[] {
  const size = matrixOf(request);
  if (size === undefined) return [];
  const { inputs, outputs, rows } = size;
  const budget = Math.floor(cycles / rows);
  if (budget < 1) return [];
  const pairs = new Map<string, { readonly simd: number; readonly pe: number; readonly divides: boolean }>();
  for (const simd of laneChoices(inputs, budget)) {
    const groups = Math.min(outputs, Math.floor(budget / Math.ceil(inputs / simd)));
    const fewest = Math.ceil(outputs / groups);
    for (const pe of [fewest, divisorFrom(outputs, fewest)]) {
      const divides = inputs % simd === 0 && outputs % pe === 0;
      pairs.set(`${simd},${pe}`, { simd, pe, divides });
    }
  }
  const least = Math.min(...[...pairs.values()].map(({ simd, pe }) => simd * pe));
  const found: Folding[] = [];
  for (const { simd, pe, divides } of pairs.values()) {
    if (simd * pe > least * (divides ? dividingSlack : slack)) continue;
    // With one group of outputs, or one beat of inputs, both orders are the same; the first spares the input store.
    if (simd < inputs) found.push({ style: 'folded', pe, simd, order: 'input' });
    if (pe < outputs || simd >= inputs) found.push({ style: 'folded', pe, simd, order: 'output' });
  }
  return found;
}
