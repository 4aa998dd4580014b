import { bitWidth, printElement } from '../../compiler/qir/types.ts';
import type { HwNode, TemplateView } from '../../compiler/hw/index.ts';
import {
  constantProduct,
  counterBits,
  extended,
  isMemory,
  laneProducts,
  literal,
  tableLines,
} from '../lib/lanes.ts';
import { timing } from './model.ts';
import { isProduct, isUnused, planOf } from './plan.ts';
import type { Plan } from './plan.ts';

/** Where the beat of an input stands from which the lanes take their elements. */
function sourceOf({ stages }: Plan, input: number): string {
  return stages === 2 ? `x${input}_q` : `head${input}`;
}

/** Products with constants of the lanes' own, of those inputs that have them. */
function productLines(plan: Plan): string[] {
  const { terms, params, slots } = plan;
  return terms.flatMap(({ form, factors, bits, signed, productBits }, i) =>
    form === 'lanes'
      ? laneProducts(
          `products${i}`,
          sourceOf(plan, i),
          { lanes: params.lanes, bits, signed, productBits },
          factors.slice(0, slots.width),
        )
      : [],
  );
}

/** A lane's element of an input times its factor: statements, and the name of the result. */
function lanePart(plan: Plan, i: number, channel: string): { lines: string[]; name: string; width: number } {
  const term = plan.terms[i];
  if (term === undefined) throw new RangeError(`no input ${i}`);
  const { form, bits, signed, factors, productBits, factorBits, factorSigned } = term;
  const source = sourceOf(plan, i);
  const x = `wire [${bits - 1}:0] x${i} = ${source}[lane*${bits}+:${bits}];`;
  if (!isProduct(term)) return { lines: [x], name: `x${i}`, width: bits };
  const wires = `wire [${productBits - 1}:0]`;
  const made = { name: `p${i}`, width: productBits };
  if (form === 'lanes')
    return { ...made, lines: [`${wires} p${i} = products${i}[lane*${productBits}+:${productBits}];`] };
  if (form === 'digits') {
    const product = constantProduct(`x${i}`, bits, signed, factors[0] ?? 0, productBits);
    return { ...made, lines: [x, `${wires} p${i} = ${product};`] };
  }
  const range = `wire signed [${productBits - 1}:0]`;
  return {
    ...made,
    lines: [
      x,
      `wire [${factorBits - 1}:0] k${i} = factors${i}[${channel}*${factorBits}+:${factorBits}];`,
      `${range} a${i} = ${extended(`x${i}`, bits, productBits, signed)};`,
      `${range} b${i} = ${extended(`k${i}`, factorBits, productBits, factorSigned)};`,
      `${range} p${i} = a${i} * b${i};`,
    ],
  };
}

/** Statements of one lane from the inputs' beats to `sum`. */
function laneLines(plan: Plan): string[] {
  const { terms, stages, sumBits, bias, biasBits, biasSigned, params, slots } = plan;
  const channel = params.lanes > slots.width ? `(lane%${slots.width})` : 'lane';
  const lines: string[] = [];
  const summands: string[] = [];
  terms.forEach((term, i) => {
    if (isUnused(term)) return;
    const part = lanePart(plan, i, channel);
    lines.push(...part.lines);
    const { width } = part;
    let { name } = part;
    if (stages > 0) {
      lines.push(`reg [${width - 1}:0] ${name}_q;`, `always @(posedge clk) if (ce) ${name}_q <= ${name};`);
      name += '_q';
    }
    const digit = isProduct(term) ? undefined : term.digits[0];
    const shift = digit?.shift ?? 0;
    const wide = extended(name, width, sumBits - shift, isProduct(term) ? term.productSigned : term.signed);
    const sign = digit?.negative === true ? '-' : '+';
    summands.push(`${sign} ${shift === 0 ? wide : `{${wide}, ${shift}'d0}`}`);
  });
  if (bias !== undefined) {
    lines.push(`wire [${biasBits - 1}:0] own = bias[${channel}*${biasBits}+:${biasBits}];`);
    summands.push(`+ ${extended('own', biasBits, sumBits, biasSigned)}`);
  }
  // a sum begins with a number that is added, if there is one
  summands.sort((a, b) => Number(a.startsWith('-')) - Number(b.startsWith('-')));
  const text = summands.length === 0 ? `${sumBits}'d0` : summands.join(' ').replace(/^\+ /, '');
  return [...lines, `wire [${sumBits - 1}:0] sum = ${text};`];
}

/** The template's root object. */
export function view(
  node: HwNode,
  names: { readonly module: string; readonly memPrefix: string },
): TemplateView {
  const plan = planOf(node);
  const { params, slots, terms, bias, stages, sumBits, sumSigned } = plan;
  const { lanes, y } = params;
  const { groups, idle } = slots;
  const yBits = bitWidth(y);
  const { initiationInterval, latency } = timing(plan);
  const groupBits = counterBits(groups);
  const rom = bias !== undefined && isMemory(bias);
  const tables = terms.map(({ table }) => table).filter((table) => table !== undefined);
  const counted = groups > 1 && (idle > 0 || rom || tables.some(isMemory));
  const at = { instance: node.name, prefix: names.memPrefix };
  return {
    module: names.module,
    formula: params.terms
      .map(({ x, coefficient }, i) => `${coefficient ?? `k${i}[c]`} * ${printElement(x)}`)
      .join(' + '),
    result: printElement(y),
    rows: params.rows,
    channels: params.channels,
    lanes,
    interval: initiationInterval,
    latency,
    inputs: terms.map((term, index) => ({
      index,
      width: lanes * term.bits,
      msb: lanes * term.bits - 1,
      unused: isUnused(term),
      held: stages === 2 && !isUnused(term),
    })),
    outBits: lanes * yBits,
    outMsb: lanes * yBits - 1,
    yBits,
    stages: Array.from({ length: stages }, (_, i) => ({
      index: i + 1,
      valid: i === 0 ? 'step_valid' : `valid${i}_q`,
      last: i === 0 ? 'group_last' : `last${i}_q`,
    })),
    valid: stages === 0 ? 'step_valid' : `valid${stages}_q`,
    last: stages === 0 ? 'group_last' : `last${stages}_q`,
    delayed: stages === 2 && rom,
    group: counted ? { bits: groupBits, msb: groupBits - 1, last: groups - 1 } : false,
    idle: idle > 0,
    bias:
      bias === undefined
        ? []
        : tableLines(bias, { ...at, target: 'bias', address: stages === 2 ? 'group1_q' : 'group_q' }),
    factors: tables.flatMap((table) => tableLines(table, { ...at, target: table.name, address: 'group_q' })),
    products: productLines(plan),
    lane: laneLines(plan),
    value: extended('sum', sumBits, yBits, sumSigned),
    cut: sumBits > yBits ? `sum[${sumBits - 1}:${yBits}]` : false,
    mask: literal((1n << BigInt((lanes - idle) * yBits)) - 1n, lanes * yBits),
  };
}
