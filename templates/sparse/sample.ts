import type { HwConst, HwNode, RandomSource, UnitDefinition } from '../../compiler/hw/index.ts';
import { fitInteger, int, uint } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { rowsParam } from '../lib/rows.ts';
import { placeBits } from './matrix.ts';
import { sumRange } from './plan.ts';

/** Mostly zero weights of all types, rows without any, foldings that do not divide, several vectors, all variants. */
export function sample({ integer, pick }: RandomSource): ReturnType<UnitDefinition['sample']> {
  const [inputs, outputs] = [integer(1, 24), integer(1, 9)];
  const x = pick<ElementType>([uint(integer(1, 8)), int(integer(2, 8)), { kind: 'ternary' }]);
  const most = pick([1, 7, 100]);
  const [low, high] = pick([
    [0, 0],
    [0, 6],
    [2, 3],
  ] as const);
  const some = pick([
    () => integer(-most, most),
    () => 2 ** integer(low, high) * pick([1, -1]),
    () => 2 ** integer(low, high),
  ]);
  const rate = pick([1, 3, 8]);
  const data = Int32Array.from({ length: inputs * outputs }, () => (integer(0, rate) === 0 ? some() : 0));
  const consts: Record<string, HwConst> = { weights: { elem: int(8), shape: [outputs, inputs], data } };
  if (integer(0, 1) === 0)
    consts['bias'] = {
      elem: int(10),
      shape: [outputs],
      data: Int32Array.from({ length: outputs }, () => integer(-300, 300)),
    };
  const simd = pick([1, inputs, integer(1, inputs)]);
  const { beat, lane } = placeBits(inputs, simd);
  const gap = beat + lane < 2 || integer(0, 1) === 0 ? undefined : integer(1, beat + lane - 1);
  const params = {
    ...rowsParam(pick([1, 1, 3])),
    inputs,
    outputs,
    pe: integer(1, Math.min(4, inputs)),
    simd,
    ...(integer(0, 1) === 0 ? {} : { packed: true }),
    ...(integer(0, 1) === 0 ? {} : { double: true }),
    ...(gap === undefined ? {} : { gap }),
    x: { ...x },
  };
  const node: HwNode = { name: '', unit: '', params, consts, origin: { nodes: [] }, value: '' };
  const { min, max } = sumRange(node);
  return { params: { ...params, y: { ...fitInteger(min, Math.max(1, max)) } }, consts };
}
