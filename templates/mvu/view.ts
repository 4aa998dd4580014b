import { encodeElement } from '../../compiler/hw/pack.ts';
import { isSigned, printElement } from '../../compiler/qir/types.ts';
import type { HwNode, TemplateView } from '../../compiler/hw/index.ts';
import { portableBody, simulationBody, usesAcc, usesClear, xilinxBody } from './body.ts';
import { constantArray } from './constant.ts';
import { elementBits, planOf } from './plan.ts';
import type { LaneNumbers, Plan } from './plan.ts';
import { timing } from './model.ts';
import { weightCells } from './weight-cells.ts';
import { lateNumbers, memoryFile, pack, romsOf, rowLength, weightWidth, weightWords } from './words.ts';
import type { Rom } from './words.ts';

/** One counter of the schedule. */
interface Counter {
  readonly name: 'sf' | 'nf' | 'step';
  readonly bits: number;
  readonly msb: number;
  readonly last: number;
  readonly advance: string;
}

function bitsOf(count: number): number {
  return Math.max(1, Math.ceil(Math.log2(count)));
}

function countersOf({ sf, nf, steps, order }: Plan): { counters: Counter[]; address: string } {
  const counter = (name: Counter['name'], count: number, advance: string): Counter => {
    const bits = bitsOf(count);
    return { name, bits, msb: bits - 1, last: count - 1, advance };
  };
  if (steps === 1) return { counters: [], address: '' };
  if (nf === 1) return { counters: [counter('sf', sf, 'fire')], address: 'sf_q' };
  if (sf === 1) return { counters: [counter('nf', nf, 'fire')], address: 'nf_q' };
  const both =
    order === 'output'
      ? [counter('sf', sf, 'fire'), counter('nf', nf, 'fire && sf_last')]
      : [counter('nf', nf, 'fire'), counter('sf', sf, 'fire && nf_last')];
  const inner = order === 'output' ? sf : nf;
  if (Number.isInteger(Math.log2(inner))) {
    return { counters: both, address: order === 'output' ? '{nf_q, sf_q}' : '{sf_q, nf_q}' };
  }
  return { counters: [...both, counter('step', steps, 'fire')], address: 'step_q' };
}

/** The address of a step in `bits` bits. */
function stepOf(
  counters: readonly Counter[],
  address: string,
  bits: number,
): { readonly step: string; readonly stepMsb: number } {
  const own = counters
    .filter(({ name }) => address.includes(`${name}_q`))
    .reduce((total, counter) => total + counter.bits, 0);
  return { step: own < bits ? `{${bits - own}'d0, ${address}}` : address, stepMsb: bits - 1 };
}

/** Concatenations that turn the elements of a beat into planes of equal bits; the sign plane of a signed input inverted. */
function planesOf(plan: Plan): { msb: number; planes: { index: number; rows: string[] }[]; order: string } {
  const { params, analysis } = plan;
  const { simd } = params;
  const { xBits } = analysis;
  const planes = Array.from({ length: xBits }, (_, b) => {
    const not = isSigned(params.x) && b === xBits - 1 ? '~' : '';
    const bits = Array.from({ length: simd }, (__, k) => `${not}x1_q[${(simd - 1 - k) * xBits + b}]`);
    const rows = Array.from({ length: Math.ceil(simd / 8) }, (__, r) =>
      bits.slice(r * 8, r * 8 + 8).join(', '),
    );
    return { index: b, rows: rows.map((row, r) => (r + 1 < rows.length ? `${row},` : row)) };
  });
  const order = planes.map(({ index }) => `plane${index}`).reverse();
  return { msb: simd - 1, planes, order: `{${order.join(', ')}}` };
}

function constant(numbers: LaneNumbers, bits: number): string {
  return numbers.kind === 'lanes' ? pack(numbers.row, bits) : '0';
}

/** What the result stage prints for every lane, as expressions over `res` (and `late`, `reached`). */
function resultView(plan: Plan): Readonly<Record<string, unknown>> {
  const { result, params, accBits, accSigned } = plan;
  const y = elementBits(plan).y;
  if (result.kind === 'sign') {
    const high = params.y.kind === 'bipolar' ? 1 : params.base + 1;
    const low = params.y.kind === 'bipolar' ? -1 : params.base;
    const code = (value: number): string => `${y}'d${encodeElement(params.y, value)}`;
    return { resBits: 1, value: `res ? ${code(low)} : ${code(high)}`, levels: [], count: 0, base: '' };
  }
  if (result.kind === 'sum') {
    const bits = result.parity === undefined ? accBits : accBits + 1;
    const sum = result.parity === undefined ? 'res' : '{res, late}';
    const top = accSigned ? (accBits === 1 ? 'res' : `res[${accBits - 1}]`) : "1'b0";
    const fill = y - bits;
    const value = fill > 0 ? `{{${fill}{${top}}}, ${sum}}` : sum;
    return { resBits: accBits, value, levels: [], count: 0, base: '' };
  }
  const { count } = result;
  const bits = bitsOf(count + 1);
  const levels = Array.from({ length: bits }, (_, b) => {
    let mask = 0n;
    for (let j = 2 ** b; j <= count; j += 2 ** b) mask |= 1n << BigInt(j - 1);
    return { index: b, mask: `${count}'h${mask.toString(16)}` };
  });
  const level = `{${[...levels]
    .reverse()
    .map(({ index }) => `level${index}`)
    .join(', ')}}`;
  const wide = y > bits ? `{${y - bits}'d0, ${level}}` : level;
  const base = encodeElement(params.y, params.base);
  return { resBits: accBits, value: base === 0 ? wide : `${wide} + ${y}'d${base}`, levels, count, base: '' };
}

function romView(node: HwNode, rom: Rom | undefined, memPrefix: string): TemplateView | false {
  if (rom === undefined) return false;
  return {
    msb: rom.width - 1,
    last: rom.depth - 1,
    block: rom.block,
    file: `${memPrefix}${memoryFile(node.name, rom.name)}`,
  };
}

/** The template's root object. */
export function view(
  node: HwNode,
  names: { readonly module: string; readonly memPrefix: string },
): TemplateView {
  const plan = planOf(node);
  const { params, analysis, accBits, sf, nf, order, store, init } = plan;
  const { pe, simd } = params;
  const bits = elementBits(plan);
  const roms = new Map(romsOf(plan).map((rom) => [rom.name, rom]));
  const late = lateNumbers(plan);
  const { counters, address } = countersOf(plan);
  const part = simd * analysis.weightBits;
  const array = constantArray(node, plan);
  const cells = weightCells(node, plan);
  // With the weights in the array's cells there is no element that takes them by port.
  const xilinx = array === undefined ? xilinxBody(plan) : [];
  const { initiationInterval, latency } = timing(plan, 1);
  const result = resultView(plan);
  const permuted = analysis.form === 'planes' && (analysis.xBits > 1 || isSigned(params.x));
  const mask = pack(
    Array.from({ length: pe }, (_, lane) => (lane < pe - plan.idleLanes ? 2 ** bits.y - 1 : 0)),
    bits.y,
  );
  const lateLane = late === undefined ? 0 : (rowLength(late.numbers) / pe) * late.bits;
  return {
    module: names.module,
    shape: `${params.outputs} x ${params.inputs}`,
    types: `${printElement(params.x)} inputs, ${analysis.stored} weights of ${analysis.weightBits} bit${analysis.weightBits === 1 ? '' : 's'}, ${printElement(params.y)} outputs`,
    pe,
    peMsb: pe - 1,
    simd,
    sf,
    nf,
    order,
    store,
    interval: initiationInterval,
    latency,
    inMsb: simd * bits.x - 1,
    outMsb: pe * bits.y - 1,
    outBits: pe * bits.y,
    yBits: bits.y,
    xMsb: simd * analysis.xBits - 1,
    part,
    partMsb: part - 1,
    accBits,
    accMsb: accBits - 1,
    accSigned: plan.accSigned,
    accAll: pe * accBits,
    accAllMsb: pe * accBits - 1,
    hasAcc: usesAcc(plan),
    hasClr: usesClear(plan),
    portable: portableBody(plan),
    simulation: simulationBody(plan),
    xilinx: xilinxExtras(plan, xilinx),
    array:
      array === undefined
        ? false
        : { ...array, sign: array.kind === 'sign', stepMsb: bitsOf(plan.steps) - 1, signPad: accBits - 1 },
    cells: cells === undefined ? false : { ...cells, ...stepOf(counters, address, cells.stepBits) },
    counters,
    address,
    manySf: sf > 1,
    manyNf: nf > 1,
    zeroGroup: nf > 1 ? `${bitsOf(nf)}'d0` : '',
    lastGroup: nf > 1 ? `${bitsOf(nf)}'d${nf - 1}` : '',
    zeroBeat: sf > 1 ? `${bitsOf(sf)}'d0` : '',
    nfMsb: bitsOf(nf) - 1,
    lastNf: nf - 1,
    lastSf: sf - 1,
    replay: order === 'output' && nf > 1 && sf > 1,
    first: store === 'mux' || store === 'memory',
    group1: nf > 1 && (store === 'memory' || late?.numbers.kind === 'table' || plan.idleLanes > 0),
    permuted,
    planes: permuted ? planesOf(plan) : { msb: 0, planes: [], order: '' },
    weights: romView(node, roms.get('weights'), names.memPrefix),
    weightsMsb: weightWidth(plan) - 1,
    weightsWidth: weightWidth(plan),
    weightsWord: plan.steps === 1 ? (weightWords(node, plan)[0] ?? '0') : '0',
    initRom: romView(node, roms.get('init'), names.memPrefix),
    initWord: constant(init, accBits),
    lateRom: romView(node, roms.get('late'), names.memPrefix),
    lateUsed: late !== undefined,
    lateLane,
    lateLaneMsb: lateLane - 1,
    lateAll: lateLane * pe,
    lateAllMsb: lateLane * pe - 1,
    lateWord: late === undefined ? '0' : constant(late.numbers, late.bits),
    resMsb: Number(result['resBits']) - 1,
    resLow: accBits - Number(result['resBits']),
    signOnly: store === 'none' && Number(result['resBits']) < accBits,
    unusedMsb: accBits - Number(result['resBits']) - 1,
    countMsb: Number(result['count']) - 1,
    ...result,
    idle: plan.idleLanes > 0,
    mask,
  };
}

/** Completes the body of cells where its ports are narrower or more than the module's. */
function xilinxExtras(plan: Plan, body: readonly string[]): string[] {
  if (body.length === 0) return [];
  if (usesAcc(plan)) return usesClear(plan) ? [...body] : ["wire clr = 1'b0;", ...body];
  const driven = bitsOf(plan.params.simd + 1);
  return plan.accBits > driven
    ? [...body, `assign sum[${plan.accBits - 1}:${driven}] = ${plan.accBits - driven}'d0;`]
    : [...body];
}
