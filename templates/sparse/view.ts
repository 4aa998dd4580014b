import type { HwNode, TemplateView } from '../../compiler/hw/index.ts';
import { bitWidth, isSigned, printElement } from '../../compiler/qir/types.ts';
import { counterBits, extended, isMemory, tableLines } from '../lib/lanes.ts';
import { rowCount } from '../lib/rows.ts';
import { timing } from './model.ts';
import { placeBits, planOf, scheduleTable } from './plan.ts';
import type { Plan } from './plan.ts';

/** A slice of `count` bits from `low` on, as it stands in brackets. */
function bits(low: number, count: number): string {
  return count === 1 ? String(low) : `${low + count - 1}:${low}`;
}

/** The numbers of a counter with `count` states. */
function counter(count: number): {
  readonly last: string;
  readonly zero: string;
  readonly one: string;
  readonly msb: number;
} {
  const width = counterBits(count);
  return { last: `${width}'d${count - 1}`, zero: `${width}'d0`, one: `${width}'d1`, msb: width - 1 };
}

/** The lanes of a step: where each finds its input and its weight in the word, and its product. */
function lanes({ params, weightBits, weightSigned, productBits, sumBits, endBits }: Plan): TemplateView[] {
  const { pe, simd, x, inputs } = params;
  const xBits = bitWidth(x);
  const { beat, lane } = placeBits(inputs, simd);
  const place = beat + lane;
  return Array.from({ length: pe }, (_, index) => {
    const low = index * (place + weightBits);
    return {
      index,
      beat: beat > 0 ? `word[${bits(low + lane, beat)}]` : "1'd0",
      lane: lane > 0 ? bits(low, lane) : false,
      weight: bits(low + place, weightBits),
      source: simd > 1 ? `moved${index}[${xBits - 1}:0]` : `beat${index}`,
      x: extended(`x${index}_q`, xBits, productBits, isSigned(x)),
      w: extended(`w${index}_q`, weightBits, productBits, weightSigned),
      product: extended(`p${index}`, productBits, sumBits, true),
      begins: index === 0 ? 'first_q' : `end2_q == ${endBits}'d${index}`,
      before: index === 0 ? 'sum_q' : `sum${index - 1}`,
      code: `${endBits}'d${index + 1}`,
    };
  });
}

export function view(
  node: HwNode,
  names: { readonly module: string; readonly memPrefix: string },
): TemplateView {
  const plan = planOf(node);
  const { params, beats, steps, bias, weightBits, sumBits, productBits, endBits, width } = plan;
  const { pe, simd, packed = false, double = false, x, y, outputs } = params;
  const [xBits, yBits, laneBits] = [bitWidth(x), bitWidth(y), counterBits(simd)];
  const at = { instance: node.name, prefix: names.memPrefix };
  const scaleBits = laneBits + counterBits(xBits + 1);
  const [beat, step, row] = [counter(beats), counter(steps.length), counter(outputs)];
  const { initiationInterval, latency } = timing(node);
  return {
    module: names.module,
    shape: `${outputs} x ${params.inputs}`,
    types: `${printElement(x)} inputs, weights of ${weightBits} bits, ${printElement(y)} outputs`,
    ...{ pe, simd, packed, double, beats, latency, xBits, yBits, scaleBits },
    steps: steps.length,
    interval: initiationInterval / rowCount(node),
    inMsb: simd * xBits - 1,
    xMsb: xBits - 1,
    yMsb: yBits - 1,
    beatMsb: beat.msb,
    lastBeat: beat.last,
    zeroBeat: beat.zero,
    oneBeat: beat.one,
    style: plan.vectors.style,
    mostWord: double ? Math.max(3, 2 * beats - 1) : Math.max(1, beats - 1),
    stepMsb: step.msb,
    lastStep: step.last,
    zeroStep: step.zero,
    oneStep: step.one,
    rowMsb: row.msb,
    lastRow: row.last,
    zeroRow: row.zero,
    oneRow: row.one,
    end: bits(width - endBits, endBits),
    endMsb: endBits - 1,
    noEnd: `${endBits}'d0`,
    lastEnd: `${endBits}'d${pe}`,
    weightMsb: weightBits - 1,
    productMsb: productBits - 1,
    sumMsb: sumBits - 1,
    zeroSum: `${sumBits}'d0`,
    laneMsb: laneBits - 1,
    scaleFill: scaleBits - laneBits,
    rowUsed: bias !== undefined && isMemory(bias),
    schedule: tableLines(scheduleTable(node), { ...at, target: 'word', address: 'step_q' }),
    bias: bias === undefined ? [] : tableLines(bias, { ...at, target: 'bias_word', address: 'row_q' }),
    startValue: bias === undefined ? `${sumBits}'d0` : 'bias_word',
    cut: productBits > sumBits ? bits(sumBits, productBits - sumBits) : false,
    lastSum: `sum${pe - 1}`,
    value: extended(packed ? 'result' : 'sum_q', sumBits, yBits, plan.sumSigned),
    lanes: lanes(plan),
  };
}
