import type { MemoryImage } from '../../compiler/hw/index.ts';
import type { Form, HwNode } from '../../compiler/hw/index.ts';
import { hasConstantArray } from './constant.ts';
import type { LaneNumbers, Plan } from './plan.ts';

/** Bits of one word, filled from the lowest on. */
class Word {
  readonly #width: number;
  readonly #bytes: Uint8Array;

  constructor(width: number) {
    this.#width = width;
    this.#bytes = new Uint8Array(Math.ceil(width / 8));
  }

  /** Sets `bits` bits from `at` on to the two's complement of `value`. */
  put(at: number, bits: number, value: number): void {
    for (let i = 0; i < bits; i++) {
      const bit = bits <= 31 ? (value >> i) & 1 : Number((BigInt(value) >> BigInt(i)) & 1n);
      if (bit === 1) this.#bytes[(at + i) >> 3] = (this.#bytes[(at + i) >> 3] ?? 0) | (1 << ((at + i) & 7));
    }
  }

  /** The word in hexadecimal, most significant digit first. */
  hex(): string {
    const text = Buffer.from(this.#bytes).reverse().toString('hex');
    return text.slice(text.length - Math.ceil(this.#width / 4));
  }
}

/** Bits of the weight word of one step. */
export function weightWidth({ params, analysis }: Plan): number {
  return params.pe * params.simd * analysis.weightBits;
}

/** Bits of memory that the weights take, without padding; none where one step, or a decoder of the steps, makes them constants. */
export function weightBitsStored(plan: Plan, form: Form = 'portable'): number {
  const { params, analysis, steps } = plan;
  if (steps === 1 || (form === 'amd' && hasConstantArray(plan))) return 0;
  return params.outputs * params.inputs * analysis.weightBits;
}

/**
 * The weight words in step order. A word holds the lanes' parts, lane 0 lowest. A part is, by the stored kind: SIMD bits that
 * are 1 for +1; SIMD bits that are 1 for not 0; such bits and above them SIMD bits that are 1 for -1; SIMD powers of two, each an
 * exponent, above it a bit that is 1 for negative and one that is 1 for zero (the others are 0 then); or SIMD integers. Padding
 * inputs have weight 0, or +1 where no 0 can be stored: they are zero bits and so contribute nothing (see `Analysis.padding`).
 */
export function weightWords(node: HwNode, plan: Plan): string[] {
  const { params, analysis, sf, nf, steps, order } = plan;
  const { inputs, outputs, pe, simd } = params;
  const { stored, weightBits, negated } = analysis;
  const data = node.consts['weights']?.data ?? [];
  const width = weightWidth(plan);
  const part = simd * weightBits;
  const words: string[] = [];
  for (let step = 0; step < steps; step++) {
    const group = order === 'output' ? Math.floor(step / sf) : step % nf;
    const beat = order === 'output' ? step % sf : Math.floor(step / nf);
    const word = new Word(width);
    for (let lane = 0; lane < pe; lane++) {
      const output = group * pe + lane;
      const sign = negated[output] === 1 ? -1 : 1;
      for (let k = 0; k < simd; k++) {
        const input = beat * simd + k;
        const idle = output >= outputs || input >= inputs;
        const w = idle ? (stored === 'bipolar' ? 1 : 0) : sign * (data[output * inputs + input] ?? 0);
        const at = lane * part;
        if (stored === 'bipolar') {
          if (w > 0) word.put(at + k, 1, 1);
        } else if (stored === 'mask') {
          if (w !== 0) word.put(at + k, 1, 1);
        } else if (stored === 'ternary') {
          if (w !== 0) word.put(at + k, 1, 1);
          if (w < 0) word.put(at + simd + k, 1, 1);
        } else if (stored === 'pow2') {
          const [low, high] = [at + k * weightBits, at + (k + 1) * weightBits - 1];
          if (w === 0) word.put(high, 1, 1);
          else {
            word.put(low, weightBits - 2, Math.log2(Math.abs(w)) - analysis.leastShift);
            if (w < 0) word.put(high - 1, 1, 1);
          }
        } else word.put(at + k * weightBits, weightBits, w);
      }
    }
    words.push(word.hex());
  }
  return words;
}

/** Numbers side by side, each of `bits` bits, the first lowest, as one hexadecimal word. */
export function pack(values: readonly number[], bits: number): string {
  const word = new Word(values.length * bits);
  values.forEach((value, i) => word.put(i * bits, bits, value));
  return word.hex();
}

/** The rows of a table as words of a memory. */
export function tableWords(numbers: LaneNumbers, bits: number): string[] {
  return numbers.kind === 'table' ? numbers.rows.map((row) => pack(row, bits)) : [];
}

/** Numbers of one row. */
export function rowLength(numbers: LaneNumbers): number {
  return (numbers.kind === 'table' ? numbers.rows[0] : numbers.row)?.length ?? 0;
}

/** A memory of an instance and where its words come from. */
export interface Rom {
  readonly name: 'weights' | 'init' | 'late';
  readonly width: number;
  readonly depth: number;
  /** Block RAM, or LUTs. */
  readonly block: boolean;
}

/**
 * Up to 64 words a LUT holds one bit of the memory, which beats a block RAM even for wide words; deeper ones go to
 * block RAM unless they are tiny.
 */
function useBlock(width: number, depth: number): boolean {
  return depth > 64 && width * depth >= 8192;
}

/** Constants that the result stage reads per group: thresholds, or the parity of the sums. */
export function lateNumbers({
  result,
  accBits,
}: Plan): { readonly numbers: LaneNumbers; readonly bits: number } | undefined {
  if (result.kind === 'levels') return { numbers: result.thresholds, bits: accBits };
  if (result.kind === 'sum' && result.parity !== undefined) return { numbers: result.parity, bits: 1 };
  return undefined;
}

/** The memories that an instance needs; what is the same in every step is no memory. */
export function romsOf(plan: Plan): Rom[] {
  const roms: Rom[] = [];
  const add = (name: Rom['name'], width: number, depth: number): void => {
    roms.push({ name, width, depth, block: useBlock(width, depth) });
  };
  if (plan.steps > 1) add('weights', weightWidth(plan), plan.steps);
  if (plan.init.kind === 'table') add('init', plan.params.pe * plan.accBits, plan.nf);
  const late = lateNumbers(plan);
  if (late?.numbers.kind === 'table') add('late', rowLength(late.numbers) * late.bits, plan.nf);
  return roms;
}

/** Name of the memory file of an instance, within mem/. */
export function memoryFile(instance: string, rom: Rom['name']): string {
  return `${instance}_${rom}.mem`;
}

/** The memory images of an instance. */
export function images(node: HwNode, plan: Plan): MemoryImage[] {
  const late = lateNumbers(plan);
  return romsOf(plan).map(({ name, width }) => ({
    file: memoryFile(node.name, name),
    width,
    words:
      name === 'weights'
        ? weightWords(node, plan)
        : name === 'init'
          ? tableWords(plan.init, plan.accBits)
          : late === undefined
            ? []
            : tableWords(late.numbers, late.bits),
  }));
}
