import { isSigned } from '../../compiler/qir/types.ts';
import { printBody, xnorAccumulate } from '../../compiler/hw/xilinx/index.ts';
import { addChains, extendedSum } from '../lib/adders.ts';
import type { Summand } from '../lib/adders.ts';
import { compress } from './popcount.ts';
import type { Plan } from './plan.ts';

/** Whether the processing element is a plain XNOR-popcount of one-bit operands. */
export function isXnor({ analysis }: Plan): boolean {
  return analysis.form === 'planes' && analysis.stored === 'bipolar' && analysis.xBits === 1;
}

/**
 * The portable body of a processing element: `sum` = (clr ? 0 : acc) + H of the lanes (see `Analysis`), modulo 2^accBits.
 * Port `x` holds plane after plane of the inputs for planes, element after element for products.
 */
export function portableBody(plan: Plan): string[] {
  const { accBits, analysis } = plan;
  const rows = {
    planes: () => planeRows(plan),
    shifts: () => shiftRows(plan),
    products: () => productRows(plan),
  }[analysis.form]();
  const start = usesAcc(plan) ? [usesClear(plan) ? `(clr ? ${accBits}'d0 : acc)` : 'acc'] : [];
  return [...rows.lines, `assign sum = ${[...rows.terms, ...start].join(' + ')};`];
}

/** Whether the sum starts from a value at all. */
export function usesAcc({ store, init }: Plan): boolean {
  return store !== 'none' || init.kind === 'table' || init.row.some((value) => value !== 0);
}

/** Whether the sum starts from zero at the first beat by the clear input. */
export function usesClear({ store, init }: Plan): boolean {
  return store === 'memory' && init.kind === 'lanes' && init.row.every((value) => value === 0);
}

/** Widest vector that one call of the simulation's popcount takes. */
const WORD = 64;

/**
 * The body that Verilator gets (it defines VERILATOR): the same sum by word arithmetic, which simulates about twice as fast as
 * vectors of adders, and would synthesize badly. Empty where the portable body has no popcount.
 */
export function simulationBody(plan: Plan): string[] {
  const { accBits, analysis, params } = plan;
  if (analysis.form !== 'planes') return [];
  const { lines, planes } = planeVectors(plan);
  const bits = Math.min(accBits, 7);
  const terms: string[] = [];
  planes.forEach((plane, b) => {
    for (let low = 0; low < params.simd; low += WORD) {
      const count = Math.min(WORD, params.simd - low);
      const part = count === params.simd ? plane : `${plane}[${low + count - 1}:${low}]`;
      const name = `${plane}_${low / WORD}`;
      const word = count === WORD ? part : `{${WORD - count}'d0, ${part}}`;
      lines.push(`wire [${bits - 1}:0] ${name} = popcount(${word});`);
      const value = accBits > bits ? `{${accBits - bits}'d0, ${name}}` : name;
      terms.push(b > 0 ? `(${value} << ${b})` : value);
    }
  });
  const start = usesAcc(plan) ? [usesClear(plan) ? `(clr ? ${accBits}'d0 : acc)` : 'acc'] : [];
  return [...popcountFunction(bits), ...lines, `assign sum = ${[...terms, ...start].join(' + ')};`];
}

function popcountFunction(bits: number): string[] {
  return [
    `function [${bits - 1}:0] popcount(input [${WORD - 1}:0] v);`,
    `  reg [${WORD - 1}:0] n;`,
    '  begin',
    "    n = v - ((v >> 1) & 64'h5555555555555555);",
    "    n = (n & 64'h3333333333333333) + ((n >> 2) & 64'h3333333333333333);",
    "    n = (n + (n >> 4)) & 64'h0f0f0f0f0f0f0f0f;",
    "    n = (n * 64'h0101010101010101) >> 56;",
    `    popcount = n[${bits - 1}:0];`,
    '  end',
    'endfunction',
  ];
}

/** The products as one vector for each bit of the inputs. */
function planeVectors({ accBits, analysis, params }: Plan): { lines: string[]; planes: string[] } {
  const { simd } = params;
  const { stored, xBits } = analysis;
  const planes = Array.from({ length: xBits }, (_, b) => {
    const x = xBits === 1 ? 'x' : `x[${(b + 1) * simd - 1}:${b * simd}]`;
    const name = `p${b}`;
    let value = `w[${simd - 1}:0] & (${x} ^ w[${2 * simd - 1}:${simd}])`;
    if (stored === 'bipolar') value = `~(${x} ^ w)`;
    else if (stored === 'mask') value = `w & ${x}`;
    return { name, line: `wire [${simd - 1}:0] ${name} = ${value};` };
  });
  const used = planes.slice(0, accBits);
  // Only if every weight is zero the sum has fewer bits than an input.
  const rest = used.length < planes.length ? ["wire unused = &{1'b0, x};"] : [];
  return { lines: [...rest, ...used.map(({ line }) => line)], planes: used.map(({ name }) => name) };
}

function planeRows(plan: Plan): { lines: string[]; terms: string[] } {
  const { lines, planes } = planeVectors(plan);
  const { accBits, params } = plan;
  if (planes.length > 1) {
    const summands = Array.from({ length: params.simd }, (_, k) => {
      const bits = planes.map((plane) => (params.simd === 1 ? plane : `${plane}[${k}]`)).reverse();
      return { text: `{${bits.join(', ')}}`, bits: planes.length, most: 2 ** planes.length - 1 };
    });
    const { lines: adders, sum } = addChains(summands, accBits);
    return { lines: [...lines, ...adders], terms: [extendedSum(sum, accBits)] };
  }
  const tree = compress(
    planes.map((name) => ({ name, bits: params.simd })),
    accBits,
  );
  return { lines: [...lines, ...tree.lines], terms: [...tree.rows] };
}

/** Inputs inverted and masked by the sign bits, then shifted: once by the exponent's lowest bit, which is in the same LUT, then by the others. */
function shiftRows({ accBits, analysis, params }: Plan): { lines: string[]; terms: string[] } {
  const { xBits, weightBits, leastShift, mostShift } = analysis;
  const { simd } = params;
  const exponent = weightBits - 2;
  const bits = Math.min(accBits, xBits + mostShift);
  const lines: string[] = [];
  const summands: Summand[] = [];
  for (let k = 0; k < simd; k++) {
    const low = k * weightBits;
    const [zero, negative] = [`w[${low + weightBits - 1}]`, `w[${low + weightBits - 2}]`];
    const x = xBits === 1 ? `x[${k}]` : `x[${(k + 1) * xBits - 1}:${k * xBits}]`;
    const signed = isSigned(params.x) ? `${x} ^ ${xBits}'d${2 ** (xBits - 1)}` : x;
    const repeat = (bit: string): string => (xBits === 1 ? bit : `{${xBits}{${bit}}}`);
    lines.push(`wire [${xBits - 1}:0] u${k} = ~${repeat(zero)} & (${signed} ^ ${repeat(negative)});`);
    const wide = xBits + mostShift;
    let value = `{${wide - xBits}'d0, u${k}}`;
    if (exponent > 0) value = `${value} << w[${low}]`;
    lines.push(`wire [${wide - 1}:0] m${k} = ${value};`);
    const rest = exponent > 1 ? `{w[${low + exponent - 1}:${low + 1}], 1'b0}` : undefined;
    const far = [...(rest === undefined ? [] : [rest]), ...(leastShift > 0 ? [String(leastShift)] : [])];
    lines.push(`wire [${wide - 1}:0] f${k} = ${[`m${k}`, ...far].join(' << ')};`);
    // only if no weight is far from zero the sum has fewer bits than a product
    if (bits < wide) lines.push(`wire unused${k} = &{1'b0, f${k}[${wide - 1}:${bits}]};`);
    const text = bits < wide ? `f${k}[${bits - 1}:0]` : `f${k}`;
    summands.push({ text, bits, most: (2 ** xBits - 1) * 2 ** mostShift });
  }
  const { lines: adders, sum } = addChains(summands, accBits);
  return { lines: [...lines, ...adders], terms: [extendedSum(sum, accBits)] };
}

function productRows({ accBits, analysis, params }: Plan): { lines: string[]; terms: string[] } {
  const { xBits, weightBits, stored } = analysis;
  const lines: string[] = [];
  const terms: string[] = [];
  const extend = (name: string, bits: number, to: number, signed: boolean): string => {
    if (to <= bits) return to === bits ? name : `${name}[${to - 1}:0]`;
    const top = !signed ? "1'b0" : bits === 1 ? name : `${name}[${bits - 1}]`;
    return `{{${to - bits}{${top}}}, ${name}}`;
  };
  const signedX = isSigned(params.x);
  const bits = Math.min(accBits, weightBits + xBits + 1);
  for (let k = 0; k < params.simd; k++) {
    lines.push(`wire [${weightBits - 1}:0] w${k} = w[${(k + 1) * weightBits - 1}:${k * weightBits}];`);
    if (xBits === 1 && !signedX) {
      lines.push(`wire [${weightBits - 1}:0] p${k} = x[${k}] ? w${k} : ${weightBits}'d0;`);
      terms.push(extend(`p${k}`, weightBits, accBits, stored === 'int'));
      continue;
    }
    lines.push(`wire [${xBits - 1}:0] x${k} = x[${(k + 1) * xBits - 1}:${k * xBits}];`);
    const w = extend(`w${k}`, weightBits, bits, stored === 'int');
    const x = extend(`x${k}`, xBits, bits, signedX);
    lines.push(`wire signed [${bits - 1}:0] a${k} = ${w};`, `wire signed [${bits - 1}:0] b${k} = ${x};`);
    lines.push(`wire signed [${bits - 1}:0] p${k} = a${k} * b${k};`);
    terms.push(extend(`p${k}`, bits, accBits, true));
  }
  return { lines, terms };
}

/** Fixed, because letting the generator try several costs most of a build's time for a LUT or two an element. */
const CUT = 6;

/** The body out of LUT6_2 and CARRY8 cells, or nothing where there is none. */
export function xilinxBody(plan: Plan): string[] {
  if (!isXnor(plan)) return [];
  const { accBits, params } = plan;
  const accumulate = usesAcc(plan);
  return printBody(xnorAccumulate({ simd: params.simd, accBits, accumulate, cut: CUT }));
}
