import type { HwNode, UnitDefinition } from '../../compiler/hw/index.ts';
import { safeComment } from '../../compiler/hw/names.ts';
import { unitCannotImplement } from '../../compiler/diagnostics/catalog/hw.ts';
import { bitWidth, printElement } from '../../compiler/qir/types.ts';
import { rowCount } from '../lib/rows.ts';
import { mvuParams } from '../mvu/analysis.ts';
import { matrixOf } from '../mvu/foldings.ts';
import { model, timing } from '../mvu/model.ts';
import { sample } from '../mvu/sample.ts';
import { unit as mvu } from '../mvu/unit.ts';
import { cellLines, hasCells } from './cells.ts';
import { cost } from './cost.ts';
import { rowsOf } from './rows.ts';
import { portableSums } from './sums.ts';

/** Beyond this the text alone makes every tool slow; the folded unit serves such layers. */
const largestLayer = 65536;

/** One beat in, one beat out, every cycle. */
const schedule = { sf: 1, nf: 1, order: 'output' } as const;

/** Every number and statement that the template prints. */
function view(node: HwNode, names: { readonly module: string }): Readonly<Record<string, unknown>> {
  const { inputs, outputs, x, y } = mvuParams(node);
  const yBits = bitWidth(y);
  const rows = rowsOf(node);
  let at = 0;
  const placed = rows.map((row) => {
    const to = at;
    at += row.bits;
    return {
      ...row,
      msb: row.bits - 1,
      from: at - 1,
      to,
      high: (row.index + 1) * yBits - 1,
      low: row.index * yBits,
    };
  });
  const handed = rows.filter(({ bits }) => bits > 0).map(({ index }) => `h${index}`);
  const any = handed.length > 0;
  return {
    module: names.module,
    origin: safeComment(node.origin.nodes.join(', ')),
    inputs,
    outputs,
    types: `${printElement(x)} to ${printElement(y)}`,
    inMsb: inputs * bitWidth(x) - 1,
    outMsb: outputs * yBits - 1,
    outBits: outputs * yBits,
    // a layer of constants still has a port
    handedMsb: Math.max(0, at - 1),
    handed: any ? `{${handed.reverse().join(', ')}}` : "1'b0",
    sums: portableSums(node, rows),
    cells: any && hasCells(node) ? cellLines(node, rows) : [],
    rows: placed,
  };
}

/** A matrix-vector product whose weights are dissolved into adders: a whole vector every cycle. */
export const unit: UnitDefinition = {
  name: 'unrolled',
  summary:
    'Matrix-vector product with the weights dissolved into adders, one vector a cycle, with thresholds if wanted.',
  implementsOps: mvu.implementsOps,
  check: mvu.check,
  ports: mvu.ports,
  implement: (request, folding) => {
    const [outputs = 0, inputs = 0] = request.ops[0]?.consts.get(1)?.type.shape ?? [];
    const refuse = (found: string, expected: string) => ({
      refusal: unitCannotImplement('unrolled', request.value, found, expected),
    });
    if (folding.style !== 'unrolled') return refuse(`style ${folding.style}`, 'style unrolled');
    if (outputs * inputs > largestLayer) {
      return refuse(`${outputs} x ${inputs} weights`, `at most ${largestLayer} weights in an unrolled layer`);
    }
    const whole = { style: 'folded', pe: outputs, simd: inputs, order: 'output' } as const;
    return mvu.implement?.(request, whole) ?? refuse('no matrix', 'a matrix-vector product');
  },
  foldings: (request, cycles, styles) => {
    const size = matrixOf(request);
    if (size === undefined || !styles.includes('unrolled') || cycles < size.rows) return [];
    return [{ style: 'unrolled', pe: size.outputs, simd: size.inputs, order: 'output' }];
  },
  timing: (node) => timing(schedule, rowCount(node)),
  model: () => model(schedule),
  kernel: mvu.kernel,
  cost,
  memories: () => [],
  storedBits: () => 0,
  template: 'unrolled/unit.v.njk',
  libraries: ['qcc_spill'],
  view,
  sample: (random) => {
    const { params, consts } = sample(random);
    const whole = { ...params, pe: params['outputs'] ?? 1, simd: params['inputs'] ?? 1, order: 'output' };
    return { params: whole, consts };
  },
};
