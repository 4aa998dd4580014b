import { bitWidth, printElement } from '../../compiler/qir/types.ts';
import type { HwNode, TemplateView } from '../../compiler/hw/index.ts';
import { constantProduct, counterBits, extended, isMemory, literal, tableLines } from '../lib/lanes.ts';
import { timing } from './model.ts';
import { planOf } from './plan.ts';
import type { Plan } from './plan.ts';

/** Statements of one lane from the inputs' beats to `sum`. */
function laneLines(plan: Plan): string[] {
  const { terms, staged, sumBits, bias, biasBits, biasSigned, params, slots } = plan;
  const lines: string[] = [];
  const summands: string[] = [];
  terms.forEach(({ bits, signed, coefficient, digits, productBits, productSigned }, i) => {
    const [digit] = digits;
    if (digit === undefined) return;
    lines.push(`wire [${bits - 1}:0] x${i} = head${i}[lane*${bits}+:${bits}];`);
    const many = digits.length > 1;
    let name = `x${i}`;
    if (many) {
      name = `p${i}`;
      const product = constantProduct(`x${i}`, bits, signed, coefficient, productBits);
      lines.push(`wire [${productBits - 1}:0] p${i} = ${product};`);
    }
    const width = many ? productBits : bits;
    if (staged) {
      lines.push(`reg [${width - 1}:0] ${name}_q;`, `always @(posedge clk) if (ce) ${name}_q <= ${name};`);
      name += '_q';
    }
    const shift = many ? 0 : digit.shift;
    const wide = extended(name, width, sumBits - shift, many ? productSigned : signed);
    const sign = !many && digit.negative ? '-' : '+';
    summands.push(`${sign} ${shift === 0 ? wide : `{${wide}, ${shift}'d0}`}`);
  });
  if (bias !== undefined) {
    const channel = params.lanes > slots.width ? `(lane%${slots.width})` : 'lane';
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
  const { params, slots, terms, bias, staged, sumBits, sumSigned } = plan;
  const { lanes, y } = params;
  const { groups, idle } = slots;
  const yBits = bitWidth(y);
  const { initiationInterval, latency } = timing(plan);
  const groupBits = counterBits(groups);
  const rom = bias !== undefined && isMemory(bias);
  const counted = groups > 1 && (idle > 0 || rom);
  const at = { instance: node.name, prefix: names.memPrefix, target: 'bias', address: 'group_q' };
  return {
    module: names.module,
    formula: params.terms.map(({ x, coefficient }) => `${coefficient} * ${printElement(x)}`).join(' + '),
    result: printElement(y),
    rows: params.rows,
    channels: params.channels,
    lanes,
    interval: initiationInterval,
    latency,
    inputs: terms.map(({ bits, digits }, index) => ({
      index,
      width: lanes * bits,
      msb: lanes * bits - 1,
      unused: digits.length === 0,
    })),
    outBits: lanes * yBits,
    outMsb: lanes * yBits - 1,
    yBits,
    staged,
    group: counted ? { bits: groupBits, msb: groupBits - 1, last: groups - 1 } : false,
    idle: idle > 0,
    bias: bias === undefined ? [] : tableLines(bias, at),
    lane: laneLines(plan),
    value: extended('sum', sumBits, yBits, sumSigned),
    cut: sumBits > yBits ? `sum[${sumBits - 1}:${yBits}]` : false,
    mask: literal((1n << BigInt((lanes - idle) * yBits)) - 1n, lanes * yBits),
  };
}
