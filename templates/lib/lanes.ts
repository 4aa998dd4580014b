import type { MemoryImage, StreamType } from '../../compiler/hw/index.ts';
import { bitWidth, isSigned, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { signedDigits } from '../../compiler/hw/adders/index.ts';

// What the units that work channel by channel share: how pixels are cut into beats, and constants that belong to channels.

/** Bits of a counter with `count` states, at least 1. */
export function counterBits(count: number): number {
  return Math.max(1, Math.ceil(Math.log2(count)));
}

/** Bits that hold every integer from `min` to `max`, at least 1; two's complement if `min` is negative. */
export function rangeBits(min: number, max: number): number {
  let bits = 1;
  if (min >= 0) while (max >= 2 ** bits) bits++;
  else while (min < -(2 ** (bits - 1)) || max >= 2 ** (bits - 1)) bits++;
  return bits;
}

/** A wire of `bits` bits extended, or cut, to `width` bits. */
export function extended(name: string, bits: number, width: number, signed: boolean): string {
  if (width === bits) return name;
  if (width < bits) return `${name}[${width - 1}:0]`;
  const top = !signed ? "1'b0" : bits === 1 ? name : `${name}[${bits - 1}]`;
  return `{{${width - bits}{${top}}}, ${name}}`;
}

/** An integer as a Verilog literal of `bits` bits, two's complement. */
export function literal(value: number | bigint, bits: number): string {
  return `${bits}'h${BigInt.asUintN(bits, BigInt(value)).toString(16)}`;
}

/** The product with a constant: the input shifted and added or subtracted, by the digits of the weight's signed-digit form. */
export function constantProduct(
  x: string,
  bits: number,
  signed: boolean,
  weight: number,
  width: number,
): string {
  const terms = signedDigits(weight)
    .filter(({ shift }) => shift < width)
    .map(({ shift, negative }) => {
      const wide = extended(x, bits, width - shift, signed);
      return `${negative ? '-' : '+'} ${shift === 0 ? wide : `{${wide}, ${shift}'d0}`}`;
    });
  return [`${width}'d0`, ...terms].join(' ');
}

/**
 * Statements that define `target`, the products of the lanes of `source` with constants, one a lane; lane i is multiplied by
 * constants[i % constants.length]. Both have their lanes side by side.
 */
export function laneProducts(
  target: string,
  source: string,
  at: {
    readonly lanes: number;
    readonly bits: number;
    readonly signed: boolean;
    readonly productBits: number;
  },
  constants: readonly number[],
): string[] {
  const { lanes, bits, signed, productBits } = at;
  const lines = [`wire [${lanes * productBits - 1}:0] ${target};`];
  for (let lane = 0; lane < lanes; lane++) {
    const constant = constants[lane % constants.length] ?? 0;
    const slice = `${source}[${(lane + 1) * bits - 1}:${lane * bits}]`;
    const part = `${target}[${(lane + 1) * productBits - 1}:${lane * productBits}]`;
    const name = `${target}_x${lane}`;
    if (constant === 0) {
      lines.push(`wire unused_${name} = &{1'b0, ${slice}};`, `assign ${part} = ${productBits}'d0;`);
      continue;
    }
    lines.push(`wire [${bits - 1}:0] ${name} = ${slice};`);
    lines.push(`assign ${part} = ${constantProduct(name, bits, signed, constant, productBits)};`);
  }
  return lines;
}

/** How the channels of a pixel are spread over beats. */
export interface Slots {
  readonly lanes: number;
  /** Channels computed at a time: the lanes, or all channels where a beat holds several pixels or taps. */
  readonly width: number;
  /** Groups of `width` channels that make up a pixel. */
  readonly groups: number;
  /** Lanes of the last group that stand for no channel; 0 with one group. */
  readonly idle: number;
}

/** The slots of `channels` channels in beats of `lanes`: fewer lanes than channels, or a multiple of them. */
export function slotsOf(channels: number, lanes: number): Slots {
  if (lanes >= channels) return { lanes, width: channels, groups: 1, idle: 0 };
  const groups = Math.ceil(channels / lanes);
  return { lanes, width: lanes, groups, idle: groups * lanes - channels };
}

/** Whether `lanes` can carry pixels of `channels` channels, `pixels` of which can share beats. */
export function lanesFit(channels: number, pixels: number, lanes: number): boolean {
  return lanes <= channels || (lanes % channels === 0 && pixels % (lanes / channels) === 0);
}

/** The most lanes up to `wanted` that can carry pixels of `channels` channels. */
export function fittingLanes(channels: number, pixels: number, wanted: number): number {
  if (wanted <= channels) return Math.max(1, wanted);
  let count = Math.min(pixels, Math.floor(wanted / channels));
  while (pixels % count !== 0) count--;
  return count * channels;
}

/** A tensor of `pixels` pixels as a stream: every pixel begins a new beat, or every beat holds whole pixels. */
export function pixelStream(elem: ElementType, pixels: number, channels: number, lanes: number): StreamType {
  const rows = lanes <= channels ? pixels : (pixels * channels) / lanes;
  return { elem, elements: pixels * channels, lanes, rows };
}

/**
 * Lane counts with which `pixels` pixels of `channels` channels take at most `cycles` cycles: the fewest lanes, then the divisors
 * of the channels and multiples of them above it, up to eight times the fewest.
 */
export function laneCounts(channels: number, pixels: number, cycles: number): readonly number[] {
  const counts = new Set<number>();
  const beats = (lanes: number): number =>
    lanes <= channels ? pixels * Math.ceil(channels / lanes) : (pixels * channels) / lanes;
  let fewest = Infinity;
  const consider = (lanes: number): void => {
    if (beats(lanes) > cycles || !lanesFit(channels, pixels, lanes)) return;
    fewest = Math.min(fewest, lanes);
    if (lanes <= 8 * fewest) counts.add(lanes);
  };
  const groups = Math.min(channels, Math.floor(cycles / pixels));
  if (groups >= 1) consider(Math.ceil(channels / groups));
  for (let lanes = 1; lanes <= channels; lanes++) if (channels % lanes === 0) consider(lanes);
  for (let count = 2; count <= pixels; count++) if (pixels % count === 0) consider(count * channels);
  return [...counts].sort((a, b) => a - b);
}

/** A constant for every lane, from a memory with one word a group, or the same in all of them. */
export interface LaneTable {
  readonly name: string;
  /** Bits of one word. */
  readonly width: number;
  /** One word if every step has the same. */
  readonly words: readonly bigint[];
  /** Whether it lies in block RAM. */
  readonly block: boolean;
}

/** A table from the numbers of each word, the lowest bits first, `bits` bits each. */
export function laneTable(name: string, bits: number, rows: readonly (readonly number[])[]): LaneTable {
  const words = rows.map((row) => {
    let text = '';
    for (const value of row)
      text = BigInt.asUintN(bits, BigInt(value)).toString(2).padStart(bits, '0') + text;
    return text === '' ? 0n : BigInt(`0b${text}`);
  });
  const width = bits * (rows[0]?.length ?? 0);
  const same = words.every((word) => word === words[0]);
  return { name, width, words: same ? words.slice(0, 1) : words, block: useBlock(width, words.length) };
}

/** A 64-word column of logic is one LUT a bit, which beats a block RAM even for wide words. */
function useBlock(width: number, depth: number): boolean {
  return depth > 64 && width * depth >= 8192;
}

/** Whether the table is a memory. */
export function isMemory(table: LaneTable): boolean {
  return table.words.length > 1;
}

function fileOf(instance: string, table: LaneTable): string {
  return `${instance}_${table.name}.mem`;
}

/** The memory images of those tables that are memories. */
export function tableImages(instance: string, tables: readonly LaneTable[]): MemoryImage[] {
  return tables.filter(isMemory).map((table) => ({
    file: fileOf(instance, table),
    width: table.width,
    words: table.words.map((word) => word.toString(16).padStart(Math.ceil(table.width / 4), '0')),
  }));
}

/**
 * Verilog that makes `target` the table's word: a constant, or a register that reads the memory at `address` when `ce`.
 */
export function tableLines(
  table: LaneTable,
  at: {
    readonly target: string;
    readonly address: string;
    readonly instance: string;
    readonly prefix: string;
  },
): readonly string[] {
  const range = `[${table.width - 1}:0]`;
  if (!isMemory(table))
    return [`wire ${range} ${at.target} = ${literal(table.words[0] ?? 0n, table.width)};`];
  const style = table.block
    ? '(* rom_style = "block", ram_style = "block" *)'
    : '(* rom_style = "distributed", ram_style = "registers" *)';
  return [
    style,
    `reg ${range} ${table.name}_rom[0:${table.words.length - 1}];`,
    `initial $readmemh("${at.prefix}${fileOf(at.instance, table)}", ${table.name}_rom);`,
    `reg ${range} ${at.target};`,
    `always @(posedge clk) if (ce) ${at.target} <= ${table.name}_rom[${at.address}];`,
  ];
}

/** LUT, FF and BRAM of a table under Yosys, for which how many words there are is enough. */
export function tableCost(
  table: Pick<LaneTable, 'width' | 'block'> & { readonly words: { readonly length: number } },
): {
  readonly lut: number;
  readonly ff: number;
  readonly bram36: number;
} {
  const depth = table.words.length;
  if (depth === 1) return { lut: 0, ff: 0, bram36: 0 };
  if (table.block)
    return { lut: 0, ff: 0, bram36: Math.ceil(table.width / 36) * 0.5 * Math.ceil(depth / 1024) };
  // few words have few distinct columns (2^depth), which synthesis shares; up to 64 words one LUT holds a bit
  const columns = 2 ** Math.min(depth, 20);
  const lut =
    depth > 64 ? table.width * (depth / 64) * 1.6 : columns * (1 - Math.exp(-table.width / columns));
  return { lut, ff: Math.min(table.width, lut), bram36: 0 };
}

/** Least and greatest number that the bits of an element stand for when bipolar is taken as 0 and 1. */
export function bitRange(elem: ElementType): { readonly min: number; readonly max: number } {
  return elem.kind === 'bipolar' ? { min: 0, max: 1 } : valueRange(elem);
}

/** Element types that these units take: everything on the wires but powers of two. */
export function isPlainInteger(elem: ElementType): boolean {
  return elem.kind !== 'pow2' && elem.kind !== 'float32';
}

/** Width and signedness of an element on the wires. */
export function wires(elem: ElementType): { readonly bits: number; readonly signed: boolean } {
  return { bits: bitWidth(elem), signed: isSigned(elem) };
}
