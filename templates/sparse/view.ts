import type { HwNode, TemplateView } from '../../compiler/hw/index.ts';
import { bitWidth, isSigned, printElement } from '../../compiler/qir/types.ts';
import { counterBits, extended, isMemory, tableLines } from '../lib/lanes.ts';
import { rowCount } from '../lib/rows.ts';
import { timing } from './model.ts';
import { placeBits } from './matrix.ts';
import { planOf, scheduleTable } from './plan.ts';
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
function lanes(plan: Plan): TemplateView[] {
  const { params, indexBits, weightBits, weightSigned, productBits, sumBits, endBits, shifts, width } = plan;
  const { pe, simd, packed = false, gap, x, inputs } = params;
  const xBits = bitWidth(x);
  const { beat, lane } = placeBits(inputs, simd);
  const wide = xBits + (shifts?.most ?? 0);
  return Array.from({ length: pe }, (_, i) => {
    const low = i * (indexBits + weightBits);
    const place = gap === undefined ? 'word' : `place${i}`;
    const from = gap === undefined ? low : 0;
    const ends = `word[${bits(width - endBits, endBits)}] == ${endBits}'d${i}`;
    return {
      index: i,
      beat: beat > 0 ? `${place}[${bits(from + lane, beat)}]` : "1'd0",
      lane: lane > 0 ? `${place}[${bits(from, lane)}]` : false,
      gap: bits(low, indexBits),
      // the place that a distance counts from
      from: i === 0 ? 'place_q' : `place${i - 1}`,
      fresh: i === 0 ? 'fresh_q' : packed ? ends : false,
      weight: bits(low + indexBits, weightBits),
      source: simd > 1 ? `moved${i}[${xBits - 1}:0]` : `beat${i}`,
      x: extended(`x${i}_q`, xBits, productBits, isSigned(x)),
      w: extended(`w${i}_q`, weightBits, productBits, weightSigned),
      product: extended(`p${i}`, productBits, sumBits, true),
      shifted: extended(`u${i}`, xBits, wide, isSigned(x)),
      summand: extended(`m${i}`, wide, sumBits, isSigned(x)),
      begins: i === 0 ? 'first_q' : packed ? `end2_q == ${endBits}'d${i}` : false,
      before: i === 0 ? 'sum_q' : `sum${i - 1}`,
      code: `${endBits}'d${i + 1}`,
    };
  });
}

/** The numbers of lanes that shift. */
function shiftView({ params, shifts, weightBits, sumBits }: Plan): TemplateView | false {
  if (shifts === undefined) return false;
  const xBits = bitWidth(params.x);
  const wide = xBits + shifts.most;
  return {
    negative: weightBits - 2,
    zero: weightBits - 1,
    exponent: shifts.most > shifts.least ? bits(0, weightBits - 2) : false,
    least: shifts.least > 0 ? shifts.least : false,
    msb: wide - 1,
    cut: wide > sumBits ? bits(sumBits, wide - sumBits) : false,
  };
}

export function view(
  node: HwNode,
  names: { readonly module: string; readonly memPrefix: string },
): TemplateView {
  const plan = planOf(node);
  const { params, beats, steps, bias, weightBits, sumBits, productBits, endBits, width } = plan;
  const { pe, simd, packed = false, double = false, gap, x, y, outputs } = params;
  const place = placeBits(params.inputs, simd);
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
    startValue: 'bias_word',
    cut: productBits > sumBits ? bits(sumBits, productBits - sumBits) : false,
    shifts: shiftView(plan),
    sumBits,
    gap: gap !== undefined,
    placeMsb: place.beat + place.lane - 1,
    zeroPlace: `${place.beat + place.lane}'d0`,
    gapFill: gap === undefined ? 0 : place.beat + place.lane - gap,
    lastPlace: `place${pe - 1}`,
    lastSum: `sum${pe - 1}`,
    chain: packed || plan.shifts !== undefined,
    startSum: packed || bias === undefined ? `${sumBits}'d0` : 'bias_word',
    value: extended(packed ? 'result' : 'sum_q', sumBits, yBits, plan.sumSigned),
    lanes: lanes(plan),
  };
}
