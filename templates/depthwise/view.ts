import { bitWidth, printElement } from '../../compiler/qir/types.ts';
import type { HwNode, TemplateView } from '../../compiler/hw/index.ts';
import { encodeElement } from '../../compiler/hw/pack.ts';
import {
  constantProduct,
  counterBits,
  extended,
  isMemory,
  literal,
  tableLines,
  wires,
} from '../lib/lanes.ts';
import { productLines, termLines, tree } from './body.ts';
import { timing } from './model.ts';
import type { Plan } from './plan.ts';

/** The level's bits out of the thresholds reached: they ascend, so bit b flips at every multiple of 2^b. */
function levelBits(count: number): { readonly index: number; readonly mask: string }[] {
  return Array.from({ length: counterBits(count + 1) }, (_, b) => {
    let mask = 0n;
    for (let j = 2 ** b; j <= count; j += 2 ** b) mask |= 1n << BigInt(j - 1);
    return { index: b, mask: literal(mask, count) };
  });
}

/** The result element as an expression in `res`, or in the bits of the level. */
function valueOf({ spec, analysis, resultBits }: Plan): string {
  const yBits = bitWidth(spec.y);
  if (analysis.count === 0) return extended('res', resultBits, yBits, analysis.accSigned);
  if (spec.y.kind === 'bipolar') return 'level0';
  const bits = counterBits(analysis.count + 1);
  const level = `{${Array.from({ length: bits }, (_, b) => `level${bits - 1 - b}`).join(', ')}}`;
  const wide = yBits > bits ? `{${yBits - bits}'d0, ${level}}` : level;
  const base = encodeElement(spec.y, spec.base);
  return base === 0 ? wide : `${wide} + ${literal(base, yBits)}`;
}

/** Products with constants, one for each tap and lane; empty unless weights are constant numbers. */
function constantLines(plan: Plan): string[] {
  const { spec, analysis, slots, tapsPerBeat, constantWeights } = plan;
  if (analysis.form !== 'products' || !constantWeights) return [];
  const { termBits, negated } = analysis;
  const { bits, signed } = wires(spec.x);
  const lines = [`wire [${tapsPerBeat * slots.width * termBits - 1}:0] products;`];
  for (let k = 0; k < tapsPerBeat * slots.width; k++) {
    const lane = k % slots.width;
    const weight =
      (negated[lane] === 1 ? -1 : 1) *
      (spec.weights?.[Math.floor(k / slots.width) * spec.channels + lane] ?? 1);
    const slice = `x1_q[${(k + 1) * bits - 1}:${k * bits}]`;
    const target = `products[${(k + 1) * termBits - 1}:${k * termBits}]`;
    if (weight === 0)
      lines.push(`wire unused${k} = &{1'b0, ${slice}};`, `assign ${target} = ${termBits}'d0;`);
    else {
      lines.push(`wire [${bits - 1}:0] x${k} = ${slice};`);
      lines.push(`assign ${target} = ${constantProduct(`x${k}`, bits, signed, weight, termBits)};`);
    }
  }
  return lines;
}

/** Statements of one tap of one lane: `term` from the input beat and the weights. */
function tapLines(plan: Plan): string[] {
  const { spec, analysis, slots, constantWeights } = plan;
  const { form, accBits, termBits, termSigned, weightBits } = analysis;
  const { bits } = wires(spec.x);
  const at = (width: number): string => `[(tap*${slots.width}+lane)*${width}+:${width}]`;
  const x = `wire [${bits - 1}:0] x = x1_q${at(bits)};`;
  const w = weightBits > 0 ? [`wire [${weightBits - 1}:0] w = w1${at(weightBits)};`] : [];
  if (form !== 'products') return [bits === 1 ? x.replace('[0:0] ', '') : x, ...w, ...termLines(plan)];
  const product = constantWeights ? `products${at(termBits)}` : 'product';
  return [
    ...(constantWeights ? [] : [x, ...w, ...productLines(plan)]),
    `reg [${termBits - 1}:0] product_q;`,
    `always @(posedge clk) if (ce) product_q <= ${product};`,
    `wire [${accBits - 1}:0] term = ${extended('product_q', termBits, accBits, termSigned)};`,
  ];
}

/** What the taps of one beat add up to, or the greatest of them. */
function partOf({ analysis, tapsPerBeat }: Plan): string {
  const { accBits, form } = analysis;
  const terms = Array.from(
    { length: tapsPerBeat },
    (_, tap) => `terms[${(tap + 1) * accBits - 1}:${tap * accBits}]`,
  );
  if (form !== 'max') return terms.join(' + ');
  return tree(terms, (a, b) => `greater(${a}, ${b})`);
}

/** The template's root object; units with the same skeleton share it. */
export function view(
  node: HwNode,
  plan: Plan,
  names: { readonly module: string; readonly memPrefix: string },
): TemplateView {
  const { spec, analysis, slots, tapsPerBeat, beats, store, operandStages, weights, start, late } = plan;
  const { accBits, accSigned, count } = analysis;
  const { groups, width, idle } = slots;
  const { bits: xBits } = wires(spec.x);
  const yBits = bitWidth(spec.y);
  const { initiationInterval, latency } = timing(plan);
  const steps = beats * groups;
  const stepBits = counterBits(steps);
  const groupBits = counterBits(groups);
  const startRom = start !== undefined && isMemory(start);
  const lateRom = late !== undefined && isMemory(late);
  const weightRom = weights !== undefined && isMemory(weights);
  const multiplied = analysis.form === 'products';
  const usesGroup = store === 'memory' || lateRom || idle > 0;
  const usesGroup1 = usesGroup || (operandStages === 2 && startRom);
  const usesCounter = usesGroup1 || startRom;
  const usesStep = beats > 1 || weightRom || usesCounter;
  const group = groups > 1 && beats > 1 ? 'group_q' : 'step_q';
  const stage = operandStages;
  const at = { instance: node.name, prefix: names.memPrefix };
  const lane = count * accBits;
  return {
    module: names.module,
    title:
      spec.kind === 'max'
        ? 'Greatest of the taps'
        : spec.weights === undefined
          ? 'Sum of the taps'
          : 'Weighted sum of the taps',
    types: `${printElement(spec.x)} to ${printElement(spec.y)}`,
    taps: spec.taps,
    channels: spec.channels,
    lanes: width,
    tapsPerBeat,
    interval: initiationInterval,
    latency,
    inMsb: spec.lanes * xBits - 1,
    outBits: width * yBits,
    outMsb: width * yBits - 1,
    yBits,
    accBits,
    accMsb: accBits - 1,
    accAllMsb: width * accBits - 1,
    termsMsb: tapsPerBeat * accBits - 1,
    resMsb: plan.resultBits - 1,
    cut: plan.resultBits < accBits && store !== 'register',
    cutLow: plan.resultBits,
    step: usesStep && steps > 1 ? { bits: stepBits, msb: stepBits - 1, last: steps - 1 } : false,
    first: groups === 1 ? `step_q == ${stepBits}'d0` : `step_q < ${literal(groups, stepBits)}`,
    last: groups === 1 ? 'step_last' : `step_q >= ${literal((beats - 1) * groups, stepBits)}`,
    group:
      usesCounter && beats > 1 && groups > 1
        ? { bits: groupBits, msb: groupBits - 1, last: groups - 1 }
        : false,
    groupNow: group,
    groupMsb: groupBits - 1,
    groupLast: `group${stage}_q == ${literal(groups - 1, groupBits)}`,
    groupWanted: groups > 1 && usesGroup,
    group1Wanted: groups > 1 && usesGroup1,
    manyBeats: beats > 1,
    store,
    groupsLast: groups - 1,
    stage,
    multiplied,
    constants: constantLines(plan),
    weights:
      weights === undefined || (multiplied && plan.constantWeights)
        ? []
        : tableLines(weights, { ...at, target: 'w1', address: 'step_q' }),
    hasStart: start !== undefined,
    start:
      start === undefined
        ? []
        : tableLines(start, { ...at, target: 'start', address: stage === 1 ? group : 'group1_q' }),
    late: late === undefined ? [] : tableLines(late, { ...at, target: 'late', address: `group${stage}_q` }),
    lateRom,
    lane,
    laneMsb: lane - 1,
    accSigned,
    count,
    countMsb: count - 1,
    levels: count > 0 ? levelBits(count) : [],
    value: valueOf(plan),
    max: spec.kind === 'max',
    greater: spec.kind === 'max' && (tapsPerBeat > 1 || beats > 1),
    tap: tapLines(plan),
    part: partOf(plan),
    idle: idle > 0,
    mask: literal((1n << BigInt((width - idle) * yBits)) - 1n, width * yBits),
  };
}
