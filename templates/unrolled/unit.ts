import type { HwNode, UnitDefinition } from '../../compiler/hw/index.ts';
import { safeComment } from '../../compiler/hw/names.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { printBody } from '../../compiler/hw/xilinx/index.ts';
import { badUnitParameter, unitCannotImplement } from '../../compiler/diagnostics/catalog/hw.ts';
import { bitWidth, printElement } from '../../compiler/qir/types.ts';
import { rowCount } from '../lib/rows.ts';
import { analyse, mvuParams } from '../mvu/analysis.ts';
import { mostFusedLevels } from '../lib/levels.ts';
import { matrixOf } from '../mvu/foldings.ts';
import { model, timing } from '../mvu/model.ts';
import { sample } from '../mvu/sample.ts';
import { implement, unit as mvu } from '../mvu/unit.ts';
import { cellsOf } from './cells.ts';
import { cost } from './cost.ts';
import { leastLevels, levelsOf, stagesOf } from './pipeline.ts';
import { openLevels, resultText, rowsOf } from './rows.ts';
import { pipelined } from './steps.ts';
import { portableSums } from './sums.ts';
import { uniformLevels } from './uniform.ts';

/** Beyond this the text alone makes every tool slow; the folded unit serves such layers. */
const largestLayer = 65536;

/** One beat in, one beat out, every cycle. */
const schedule = { sf: 1, nf: 1, order: 'output' } as const;

/** Every number and statement that the template prints. */
function view(node: HwNode, names: { readonly module: string }): Readonly<Record<string, unknown>> {
  const { inputs, outputs, x, y } = mvuParams(node);
  const [xBits, yBits] = [bitWidth(x), bitWidth(y)];
  const rows = rowsOf(node);
  const stages = stagesOf(node);
  const levels = levelsOf(node);
  let at = 0;
  const handed = rows.flatMap(({ index, bits }) => {
    if (bits === 0) return [];
    at += bits;
    return [{ index, msb: bits - 1, from: at - 1, to: at - bits }];
  });
  const any = handed.length > 0;
  const sums = pipelined(portableSums(node, rows), stages.sums, levels);
  const cells = any ? cellsOf(node, rows, stages.sums, levels) : undefined;
  const results = pipelined(resultText(rows), stages.results, levels);
  const slices = Array.from(
    { length: inputs },
    (_, k) => `wire [${xBits - 1}:0] x${k} = x[${(k + 1) * xBits - 1}:${k * xBits}];`,
  );
  const depth = depthOf(node);
  return {
    module: names.module,
    origin: safeComment(node.origin.nodes.join(', ')),
    inputs,
    outputs,
    types: `${printElement(x)} to ${printElement(y)}`,
    latency: depth + 1,
    validMsb: depth - 1,
    noneValid: `${depth}'d0`,
    shifted: depth > 2 ? `[${depth - 2}:0]` : '[0]',
    stages: stages.sums,
    inMsb: inputs * xBits - 1,
    outMsb: outputs * yBits - 1,
    outBits: outputs * yBits,
    // a layer of constants still has a port
    handedMsb: Math.max(0, at - 1),
    sums: [...slices, ...sums.lines],
    handed: any ? `{${[...sums.outputs].reverse().join(', ')}}` : "1'b0",
    cells: cells === undefined ? [] : printBody(cells.netlist),
    rows: handed,
    results: results.lines,
    result: `{${[...results.outputs].reverse().join(', ')}}`,
  };
}

function check(node: HwNode): readonly Diagnostic[] {
  const found = [...mvu.check(node)];
  const { levels } = node.params;
  if (levels !== undefined && !(Number.isInteger(levels) && Number(levels) >= leastLevels))
    found.push(badUnitParameter(node, 'levels', `expected an integer of at least ${leastLevels}`));
  return found;
}

/** The most thresholds that a row's sum is compared with one by one: those that a shift does not replace. */
function comparedLevels({ params, consts }: Pick<HwNode, 'params' | 'consts'>): number {
  const node: HwNode = { name: '', unit: 'unrolled', params, consts, origin: { nodes: [] }, value: '' };
  const { outputs } = mvuParams(node);
  const { thresholds, count, low, high } = analyse(node);
  if (count <= mostFusedLevels) return count;
  return Array.from({ length: outputs }, (_, n) => {
    const open = openLevels(thresholds.subarray(n * count, (n + 1) * count), low[n] ?? 0, high[n] ?? 0);
    return uniformLevels(open) === undefined ? open.length : 0;
  }).reduce((most, found) => Math.max(most, found), 0);
}

/** Register stages between the inputs and the output register: of the inputs, within the sums, of the sums, within the results. */
function depthOf(node: HwNode): number {
  const { sums, results } = stagesOf(node);
  return 2 + sums + results;
}

/** A matrix-vector product whose weights are dissolved into adders: a whole vector every cycle. */
export const unit: UnitDefinition = {
  name: 'unrolled',
  summary:
    'Matrix-vector product with the weights dissolved into adders, one vector a cycle, with thresholds if wanted.',
  implementsOps: mvu.implementsOps,
  check,
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
    const answer = implement(request, whole, Infinity);
    if ('refusal' in answer) return answer;
    const many = comparedLevels(answer);
    if (many > mostFusedLevels)
      return refuse(`${many} thresholds`, `at most ${mostFusedLevels}, or any number a power of two apart`);
    if (request.levels === undefined) return answer;
    return { ...answer, params: { ...answer.params, levels: Math.max(leastLevels, request.levels) } };
  },
  foldings: (request, cycles, styles) => {
    const size = matrixOf(request);
    if (size === undefined || !styles.includes('unrolled') || cycles < size.rows) return [];
    return [{ style: 'unrolled', pe: size.outputs, simd: size.inputs, order: 'output' }];
  },
  timing: (node) => ({
    ...timing(schedule, rowCount(node)),
    // a search asks for the interval of many that it does not build
    get latency() {
      return depthOf(node) + 1;
    },
  }),
  model: (node) => model(schedule, depthOf(node)),
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
    // by the size drawn: half of them without, some as shallow as can be
    const [inputs, outputs] = [Number(params['inputs']), Number(params['outputs'])];
    const levels = [0, 0, leastLevels, leastLevels + (inputs % 9)][(inputs + outputs) % 4] ?? 0;
    return { params: levels === 0 ? whole : { ...whole, levels }, consts };
  },
};
