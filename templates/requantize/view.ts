import { bitWidth, isSigned, printElement } from '../../compiler/qir/types.ts';
import type { HwNode, TemplateView } from '../../compiler/hw/index.ts';
import { counterBits, extended, isMemory, laneProducts, literal, tableLines } from '../lib/lanes.ts';
import { timing } from './model.ts';
import { partBits, planOf } from './plan.ts';
import type { Plan } from './plan.ts';

/** Products with constants, one a lane; empty unless multipliers are few digits each. */
function digitLines({ form, params, slots, numbers, productBits }: Plan): string[] {
  if (form !== 'digits') return [];
  const { lanes, x } = params;
  const shape = { lanes, bits: bitWidth(x), signed: isSigned(x), productBits };
  // with several groups all multipliers are the same
  return laneProducts('products', 'x1_q', shape, numbers.multipliers.slice(0, slots.width));
}

/** Statements of one lane that end in the registers of the product stage. */
function productLines(plan: Plan): string[] {
  const { form, params, slots, productBits, multiplierBits, multiplierSigned, lowBits } = plan;
  const bits = bitWidth(params.x);
  const signed = isSigned(params.x);
  const register = [
    `reg [${productBits - 1}:0] product_q;`,
    'always @(posedge clk) if (ce) product_q <= product;',
  ];
  if (form === 'digits')
    return [
      `wire [${productBits - 1}:0] product = products[lane*${productBits}+:${productBits}];`,
      ...register,
    ];
  const channel = params.lanes > slots.width ? `(lane%${slots.width})` : 'lane';
  const operands = [
    `wire [${bits - 1}:0] x = x1_q[lane*${bits}+:${bits}];`,
    `wire [${multiplierBits - 1}:0] m = multipliers[${channel}*${multiplierBits}+:${multiplierBits}];`,
  ];
  if (form === 'shifts') {
    const wide = extended('x', bits, productBits, signed);
    return [
      ...operands,
      `wire [${productBits - 1}:0] wide = ${wide};`,
      `wire [${productBits - 1}:0] product = wide << m;`,
      ...register,
    ];
  }
  const range = `signed [${productBits - 1}:0]`;
  const a = `wire ${range} a = ${extended('x', bits, productBits, signed)};`;
  const product = `wire ${range} product = a * b;`;
  if (form === 'product') {
    const b = extended('m', multiplierBits, productBits, multiplierSigned);
    return [...operands, a, `wire ${range} b = ${b};`, product, ...register];
  }
  const upperBits = multiplierBits - partBits;
  const lowRange = `signed [${lowBits - 1}:0]`;
  return [
    ...operands,
    `wire [${upperBits - 1}:0] upper = m[${multiplierBits - 1}:${partBits}];`,
    a,
    `wire ${range} b = ${extended('upper', upperBits, productBits, multiplierSigned)};`,
    product,
    `wire ${lowRange} low_a = ${extended('x', bits, lowBits, signed)};`,
    `wire ${lowRange} low_b = {${lowBits - partBits > 0 ? `${lowBits - partBits}'d0, ` : ''}m[${partBits - 1}:0]};`,
    `wire ${lowRange} low_product = low_a * low_b;`,
    `reg [${lowBits - 1}:0] low_q;`,
    'always @(posedge clk) if (ce) low_q <= low_product;',
    ...register,
  ];
}

/** Statements of one lane from the product, or the operand, to `level`. */
function levelLines(plan: Plan): string[] {
  const { form, params, slots, numbers, multiplied, summed, levelBits, sumBits, biases, biasBits } = plan;
  const xBits = bitWidth(params.x);
  const signed = isSigned(params.x);
  const { shift } = numbers;
  const lines: string[] = [];
  if (!multiplied) lines.push(`wire [${xBits - 1}:0] x = x1_q[lane*${xBits}+:${xBits}];`);
  const terms: string[] = [];
  if (form === 'parts') {
    const fill = sumBits - plan.productBits - partBits;
    const top = plan.productSigned ? `product_q[${plan.productBits - 1}]` : "1'b0";
    terms.push(`{${fill > 0 ? `{${fill}{${top}}}, ` : ''}product_q, ${partBits}'d0}`);
    terms.push(extended('low_q', plan.lowBits, sumBits, signed));
  } else if (multiplied) terms.push(extended('product_q', plan.productBits, sumBits, plan.productSigned));
  else terms.push(extended('x', xBits, sumBits, signed));
  if (biases !== undefined) {
    const channel = params.lanes > slots.width ? `(lane%${slots.width})` : 'lane';
    lines.push(`wire [${biasBits - 1}:0] bias = biases[${channel}*${biasBits}+:${biasBits}];`);
    const wide = extended('bias', biasBits, sumBits - plan.biasZeros, plan.biasSigned);
    terms.push(plan.biasZeros === 0 ? wide : `{${wide}, ${plan.biasZeros}'d0}`);
  }
  lines.push(`wire [${sumBits - 1}:0] sum = ${terms.join(' + ')};`);
  if (shift > 0) lines.push(`wire unused = &{1'b0, sum[${shift - 1}:0]};`);
  const level = shift > 0 ? `sum[${sumBits - 1}:${shift}]` : 'sum';
  lines.push(
    ...(summed
      ? [`reg [${levelBits - 1}:0] level;`, `always @(posedge clk) if (ce) level <= ${level};`]
      : [`wire [${levelBits - 1}:0] level = ${level};`]),
  );
  return lines;
}

/** Statements of one lane from `level` to `result`. */
function clampLines(plan: Plan): string[] {
  const { params, levelBits, levelSigned, clampsLow, clampsHigh } = plan;
  const yBits = bitWidth(params.y);
  const compare = (operator: string, bound: number): string =>
    levelSigned
      ? `$signed(level) ${operator} $signed(${literal(bound, levelBits)})`
      : `level ${operator} ${literal(bound, levelBits)}`;
  const lines: string[] = [];
  let result = extended('level', levelBits, yBits, levelSigned);
  if (levelBits > yBits && !clampsLow && !clampsHigh)
    lines.push(`wire unused_level = &{1'b0, level[${levelBits - 1}:${yBits}]};`);
  if (clampsHigh) {
    lines.push(`wire above = ${compare('>', params.max)};`);
    result = `above ? ${literal(params.max, yBits)} : ${result}`;
  }
  if (clampsLow) {
    lines.push(`wire below = ${compare('<', params.min)};`);
    result = `below ? ${literal(params.min, yBits)} : ${clampsHigh ? `(${result})` : result}`;
  }
  return [...lines, `wire [${yBits - 1}:0] result = ${result};`];
}

/** The template's root object. */
export function view(
  node: HwNode,
  names: { readonly module: string; readonly memPrefix: string },
): TemplateView {
  const plan = planOf(node);
  const { params, slots, numbers, multiplied, summed, multipliers, biases } = plan;
  const { lanes, x, y } = params;
  const [xBits, yBits] = [bitWidth(x), bitWidth(y)];
  const { groups, idle } = slots;
  const { initiationInterval, latency } = timing(plan);
  const biasRom = biases !== undefined && isMemory(biases);
  const multiplierRom = multipliers !== undefined && isMemory(multipliers);
  const groupBits = counterBits(groups);
  const at = { instance: node.name, prefix: names.memPrefix };
  const stages = 1 + (multiplied ? 1 : 0) + (summed ? 1 : 0);
  const counted = groups > 1 && (idle > 0 || biasRom || multiplierRom);
  return {
    module: names.module,
    types: `${printElement(x)} to ${printElement(y)}`,
    channels: params.channels,
    rows: params.rows,
    lanes,
    shift: numbers.shift,
    min: params.min,
    max: params.max,
    interval: initiationInterval,
    latency,
    inMsb: lanes * xBits - 1,
    outBits: lanes * yBits,
    outMsb: lanes * yBits - 1,
    yBits,
    group: counted ? { bits: groupBits, msb: groupBits - 1, last: groups - 1 } : false,
    delayed: counted && multiplied && biasRom,
    idle: idle > 0,
    stages: Array.from({ length: stages }, (_, i) => ({
      index: i + 1,
      valid: i === 0 ? 'in_valid' : `valid${i}_q`,
      last: i === 0 ? 'group_last' : `last${i}_q`,
    })),
    stage: stages,
    multipliers:
      multipliers === undefined
        ? []
        : tableLines(multipliers, { ...at, target: 'multipliers', address: 'group_q' }),
    biases:
      biases === undefined
        ? []
        : tableLines(biases, { ...at, target: 'biases', address: multiplied ? 'group1_q' : 'group_q' }),
    digits: digitLines(plan),
    lane: [...(multiplied ? productLines(plan) : []), ...levelLines(plan), ...clampLines(plan)],
    mask: literal((1n << BigInt((lanes - idle) * yBits)) - 1n, lanes * yBits),
  };
}
