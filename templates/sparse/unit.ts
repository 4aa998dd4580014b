import { z } from 'zod';
import { badUnitParameter, unitCannotImplement } from '../../compiler/diagnostics/catalog/hw.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { StepPipeline } from '../../compiler/hw/index.ts';
import type {
  Cost,
  Folding,
  HwConst,
  HwNode,
  Implementation,
  LayerRequest,
  RandomSource,
  TemplateView,
  UnitDefinition,
  UnitTiming,
} from '../../compiler/hw/index.ts';
import { checkParams, elementSchema } from '../../compiler/hw/params.ts';
import {
  bitWidth,
  fitInteger,
  int,
  isSigned,
  printElement,
  uint,
  valueRange,
} from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { matrixOf } from '../mvu/foldings.ts';
import { blockHalves } from '../lib/blocks.ts';
import {
  counterBits,
  extended,
  isMemory,
  isPlainInteger,
  tableCost,
  tableImages,
  tableLines,
} from '../lib/lanes.ts';
import { repeated, rowCount, rowsParam, rowsSchema } from '../lib/rows.ts';
import { placeBits, planOf, sparseParams, stepsOf, sumRange } from './plan.ts';
import type { Plan } from './plan.ts';

/** Stages between a step and the spill register: the step's word, operands, sums. */
const depth = 3;

/** Weights of which more than this share is not zero are not sparse. */
const mostDensity = 0.5;

const schema = z.object({
  rows: rowsSchema,
  inputs: z.int().min(1),
  outputs: z.int().min(1),
  /** Non-zero weights of one output multiplied at a time. */
  pe: z.int().min(1),
  /** Inputs of a beat. */
  simd: z.int().min(1),
  x: elementSchema,
  y: elementSchema,
});

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length > 0) return found;
  const bad = (parameter: string, problem: string): unknown =>
    found.push(badUnitParameter(node, parameter, problem));
  const { inputs, outputs, simd, pe, x, y } = sparseParams(node);
  if (simd > inputs) bad('simd', `${simd}, more than the ${inputs} inputs`);
  if (pe > inputs) bad('pe', `${pe}, more than the ${inputs} inputs`);
  if (!isPlainInteger(x) || x.kind === 'bipolar') bad('x', 'no integers');
  const { weights, bias } = node.consts;
  if (weights?.shape.join() !== `${outputs},${inputs}` || weights.data.length !== outputs * inputs)
    bad('weights', `expected shape [${outputs}, ${inputs}]`);
  if (bias !== undefined && bias.shape.join() !== String(outputs)) bad('bias', `expected shape [${outputs}]`);
  if (found.length > 0) return found;
  const { min, max } = sumRange(node);
  const range = valueRange(y);
  if (!isPlainInteger(y) || y.kind === 'bipolar' || min < range.min || max > range.max)
    bad('y', `does not hold the sums from ${min} to ${max}`);
  return found;
}

function hwConst({
  type,
  data,
}: {
  readonly type: { readonly elem: ElementType; readonly shape: readonly number[] };
  readonly data: ArrayLike<number>;
}): HwConst {
  return { elem: type.elem, shape: type.shape, data };
}

const counted = new WeakMap<object, readonly number[]>();

/** Non-zero weights of each output; remembered, since many foldings ask. */
function countsOf(request: LayerRequest): readonly number[] | undefined {
  const size = matrixOf(request);
  const weights = request.ops[0]?.consts.get(1);
  if (size === undefined || weights === undefined || request.ops.length > 1) return undefined;
  let counts = counted.get(weights);
  if (counts === undefined) {
    counts = Array.from({ length: size.outputs }, (_, n) =>
      Array.from(weights.data.subarray(n * size.inputs, (n + 1) * size.inputs)).reduce(
        (sum, w) => sum + (w === 0 ? 0 : 1),
        0,
      ),
    );
    counted.set(weights, counts);
  }
  const all = counts.reduce((a, b) => a + b, 0);
  return all > mostDensity * size.inputs * size.outputs ? undefined : counts;
}

function implement(request: LayerRequest, folding: Folding): Implementation {
  const refuse = (found: string, expected: string): Implementation => ({
    refusal: unitCannotImplement('sparse', request.value, found, expected),
  });
  const size = matrixOf(request);
  const [op] = request.ops;
  const weights = op?.consts.get(1);
  if (size === undefined || op === undefined || weights === undefined || request.ops.length > 1)
    return refuse(request.ops.map(({ op: name }) => name).join('+'), 'matmul with constant weights');
  if (countsOf(request) === undefined)
    return refuse('dense weights', 'weights of which at least half are zero');
  if (folding.style !== 'folded') return refuse(`style ${folding.style}`, 'style folded');
  const y = op.result.elem;
  const odd = [request.input.elem, y].find((elem) => !isPlainInteger(elem) || elem.kind === 'bipolar');
  if (odd !== undefined) return refuse(`element type ${odd.kind}`, 'integers');
  const bias = op.consts.get(2);
  return {
    params: {
      ...rowsParam(size.rows),
      inputs: size.inputs,
      outputs: size.outputs,
      pe: Math.min(folding.pe, size.inputs),
      simd: Math.min(folding.simd, size.inputs),
      x: { ...request.input.elem },
      y: { ...y },
    },
    consts: { weights: hwConst(weights), ...(bias === undefined ? {} : { bias: hwConst(bias) }) },
  };
}

/** For every power of two of inputs a beat the fewest products a step that are fast enough. */
function foldings(
  request: LayerRequest,
  cycles: number,
  styles: readonly Folding['style'][],
): readonly Folding[] {
  const counts = countsOf(request);
  const size = matrixOf(request);
  if (counts === undefined || size === undefined || !styles.includes('folded')) return [];
  const budget = Math.floor(cycles / size.rows);
  const longest = Math.max(1, ...counts);
  const found: Folding[] = [];
  for (let simd = 1; simd < 2 * size.inputs; simd *= 2) {
    const lanes = Math.min(simd, size.inputs);
    const left = budget - Math.ceil(size.inputs / lanes);
    if (stepsOf(counts, longest) > left) continue;
    let [low, high] = [1, longest];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (stepsOf(counts, middle) <= left) high = middle;
      else low = middle + 1;
    }
    found.push({ style: 'folded', pe: low, simd: lanes, order: 'output' });
    if (found.length === 4) break;
  }
  return found;
}

function timing(node: HwNode): UnitTiming {
  const { beats, steps, firstSteps } = planOf(node);
  return { initiationInterval: rowCount(node) * (beats + steps), latency: firstSteps + depth + 1 };
}

function view(node: HwNode, names: { readonly module: string; readonly memPrefix: string }): TemplateView {
  const plan = planOf(node);
  const { params, beats, steps, schedule, bias, weightBits, weightSigned, sumBits, productBits } = plan;
  const { pe, simd, x, y, outputs } = params;
  const [xBits, yBits] = [bitWidth(x), bitWidth(y)];
  const [beatBits, laneBits] = [counterBits(beats), counterBits(simd)];
  const at = { instance: node.name, prefix: names.memPrefix };
  const scaleBits = laneBits + counterBits(xBits + 1);
  const place = placeBits(params.inputs, simd);
  const bits = (low: number, count: number): string =>
    count === 1 ? String(low) : `${low + count - 1}:${low}`;
  const counter = (
    count: number,
  ): { readonly last: string; readonly zero: string; readonly one: string; readonly msb: number } => {
    const width = counterBits(count);
    return { last: `${width}'d${count - 1}`, zero: `${width}'d0`, one: `${width}'d1`, msb: width - 1 };
  };
  const [beat, step, row] = [counter(beats), counter(steps), counter(outputs)];
  const { initiationInterval, latency } = timing(node);
  return {
    module: names.module,
    shape: `${outputs} x ${params.inputs}`,
    types: `${printElement(x)} inputs, weights of ${weightBits} bits, ${printElement(y)} outputs`,
    pe,
    simd,
    steps,
    beats,
    latency,
    xBits,
    yBits,
    interval: initiationInterval / rowCount(node),
    inMsb: simd * xBits - 1,
    xMsb: xBits - 1,
    yMsb: yBits - 1,
    beatMsb: beat.msb,
    lastBeat: beat.last,
    zeroBeat: beat.zero,
    oneBeat: beat.one,
    mostBeat: Math.max(1, beats - 1),
    stepMsb: step.msb,
    lastStep: step.last,
    zeroStep: step.zero,
    oneStep: step.one,
    rowMsb: row.msb,
    lastRow: row.last,
    zeroRow: row.zero,
    oneRow: row.one,
    wordMsb: schedule.width - 1,
    weightMsb: weightBits - 1,
    productMsb: productBits - 1,
    sumMsb: sumBits - 1,
    laneMsb: laneBits - 1,
    scaleBits,
    scaleFill: scaleBits - laneBits,
    rowUsed: bias !== undefined && isMemory(bias),
    schedule: tableLines(schedule, { ...at, target: 'word', address: 'step_q' }),
    bias: bias === undefined ? [] : tableLines(bias, { ...at, target: 'bias2', address: 'row_q' }),
    startValue: bias === undefined ? `${sumBits}'d0` : 'bias2',
    cut: productBits > sumBits ? bits(sumBits, productBits - sumBits) : false,
    value: extended('sum_q', sumBits, yBits, plan.sumSigned),
    pairs: Array.from({ length: pe }, (_, index) => {
      const low = index * (place + weightBits);
      return {
        index,
        beat: bits(low + laneBits, beatBits),
        lane: simd > 1 ? bits(low, laneBits) : false,
        idle: bits(low, laneBits),
        weight: bits(low + place, weightBits),
        source: simd > 1 ? `moved${index}[${xBits - 1}:0]` : `beat${index}`,
        x: extended(`x${index}_q`, xBits, productBits, isSigned(x)),
        w: extended(`w${index}_q`, weightBits, productBits, weightSigned),
        product: extended(`p${index}`, productBits, sumBits, true),
      };
    }),
  };
}

function cost({ params, beats, steps, schedule, bias, weightBits, sumBits, productBits }: Plan): Cost {
  const { pe, simd, x, y, outputs } = params;
  const [xBits, yBits] = [bitWidth(x), bitWidth(y)];
  const dsp = productBits >= 9 ? pe : 0;
  const own = isMemory(schedule) ? tableCost(schedule) : { lut: 0, ff: 0, bram36: 0 };
  const biases = bias === undefined ? { lut: 0, ff: 0, bram36: 0 } : tableCost(bias);
  const store = pe * simd * xBits * 1.15 * Math.ceil(beats / 64) * 1.2;
  const select = (pe * xBits * (simd - 1)) / 2;
  const multiply = dsp > 0 ? 0 : pe * xBits * weightBits * 1.15;
  const counters =
    Math.ceil(Math.log2(Math.max(2, beats))) +
    Math.ceil(Math.log2(Math.max(2, steps))) +
    (bias === undefined ? 0 : Math.ceil(Math.log2(Math.max(2, outputs))));
  return {
    lut: Math.round(
      14 +
        2 * counters +
        store +
        select +
        multiply +
        (pe + 1) * sumBits +
        yBits +
        (schedule.block ? 0 : own.lut) +
        biases.lut,
    ),
    ff: Math.round(
      10 +
        counters +
        pe * (xBits + weightBits) +
        sumBits +
        2 * yBits +
        (schedule.block ? 0 : own.ff) +
        biases.ff,
    ),
    bram36: (schedule.block ? blockHalves(schedule.words.length, schedule.width) / 2 : 0) + biases.bram36,
    dsp,
  };
}

/** Mostly zero weights of all types, rows without any, foldings that do not divide, several vectors. */
function sample({ integer, pick }: RandomSource): ReturnType<UnitDefinition['sample']> {
  const [inputs, outputs] = [integer(1, 24), integer(1, 9)];
  const x = pick<ElementType>([uint(integer(1, 8)), int(integer(2, 8)), { kind: 'ternary' }]);
  const most = pick([1, 7, 100]);
  const some = integer(0, 1) === 0 ? () => integer(-most, most) : () => 2 ** integer(0, 6);
  const data = Int32Array.from({ length: inputs * outputs }, () => (integer(0, 3) === 0 ? some() : 0));
  const consts: Record<string, HwConst> = { weights: { elem: int(8), shape: [outputs, inputs], data } };
  if (integer(0, 1) === 0)
    consts['bias'] = {
      elem: int(10),
      shape: [outputs],
      data: Int32Array.from({ length: outputs }, () => integer(-300, 300)),
    };
  const params = {
    ...rowsParam(pick([1, 1, 3])),
    inputs,
    outputs,
    pe: pick([1, 2, integer(1, inputs)]) > inputs ? 1 : integer(1, Math.min(4, inputs)),
    simd: pick([1, inputs, integer(1, inputs)]),
    x: { ...x },
  };
  const node: HwNode = { name: '', unit: '', params, consts, origin: { nodes: [] }, value: '' };
  const { min, max } = sumRange(node);
  return { params: { ...params, y: { ...fitInteger(min, Math.max(1, max)) } }, consts };
}

export const unit: UnitDefinition = {
  name: 'sparse',
  summary: 'Matrix-vector product that works on the non-zero weights alone.',
  implementsOps: ['matmul'],
  check,
  ports: (node) => {
    const { inputs, outputs, simd, x, y } = sparseParams(node);
    return [
      {
        name: 'in',
        direction: 'in',
        stream: repeated({ elem: x, elements: inputs, lanes: simd }, rowCount(node)),
      },
      {
        name: 'out',
        direction: 'out',
        stream: repeated({ elem: y, elements: outputs, lanes: 1 }, rowCount(node)),
      },
    ];
  },
  implement,
  foldings,
  timing,
  model: (node) => {
    const { beats, schedule, steps } = planOf(node);
    const top = BigInt(schedule.width - 1);
    const emits = schedule.words.map((value) => value >> top === 1n);
    return new StepPipeline({
      steps: beats + steps,
      inputs: 1,
      needs: (step) => step < beats,
      emits: (step) => step >= beats && (emits[step - beats] ?? false),
      depth,
    });
  },
  kernel: (node, context) => {
    const { inputs, outputs, x, y } = sparseParams(node);
    const { weights, bias } = node.consts;
    if (weights === undefined) throw new RangeError('sparse without weights');
    const run = context.matvec({
      ...{ rows: rowCount(node), inputs, outputs, x, y, w: weights.elem, weights: weights.data },
      ...(bias === undefined ? {} : { bias: bias.data }),
    });
    return ([input = 0], [output = 0], frames) => run(input, output, frames);
  },
  cost: (node) => cost(planOf(node)),
  memories: (node) => {
    const { schedule, bias } = planOf(node);
    return tableImages(node.name, bias === undefined ? [schedule] : [schedule, bias]);
  },
  storedBits: (node) => {
    const { schedule } = planOf(node);
    return isMemory(schedule) ? schedule.words.length * schedule.width : 0;
  },
  template: 'sparse/unit.v.njk',
  libraries: ['qcc_spill'],
  view,
  sample,
};
