import { cutStages, leastStages } from '../../compiler/hw/stages.ts';
import type { Circuit } from '../../compiler/hw/stages.ts';
import type { WireText } from '../mvu/popcount.ts';

/** Wires that no register goes between, and the levels of logic that they are. */
export interface Step {
  readonly wires: readonly WireText[];
  /** See compiler/hw/stages.ts; 0 for mere wiring. */
  readonly delay: number;
}

/** A combinational text: steps in an order in which each follows those that it reads. */
export interface StepText {
  /** Names of wires that it reads, with their bits. */
  readonly inputs: readonly Omit<WireText, 'text'>[];
  readonly steps: readonly Step[];
  /** Names that leave it. */
  readonly outputs: readonly string[];
  /** Every bit of every wire is read, but for inputs. */
  readonly whole: boolean;
}

/** A text with registers. */
export interface PipelinedText {
  readonly lines: readonly string[];
  /** By output its name behind the last register. */
  readonly outputs: readonly string[];
  readonly registers: number;
  /** Levels between two registers, at most. */
  readonly deepest: number;
}

/** Names of signals in an expression; what follows an apostrophe belongs to a number. */
const identifier = /(?<!['\w])[a-z]\w*/g;

/** What reads what, the wires of the text in their order as values. */
function circuitOf({ inputs, steps, outputs }: StepText): {
  readonly circuit: Circuit;
  readonly signals: StepText['inputs'];
  readonly numbers: ReadonlyMap<string, number>;
} {
  const signals = [...inputs, ...steps.flatMap(({ wires }) => wires)];
  const numbers = new Map(signals.map(({ name }, i) => [name, i]));
  const circuit: Circuit = {
    bits: signals.map(({ bits }) => bits),
    cells: steps.map(({ wires, delay }) => {
      const own = new Set(wires.map(({ name }) => name));
      const read = new Set(wires.flatMap(({ text }) => text.match(identifier) ?? []));
      return {
        inputs: [...read].flatMap((name) => (own.has(name) ? [] : (numbers.get(name) ?? []))),
        outputs: wires.map(({ name }) => numbers.get(name)!),
        delay,
      };
    }),
    outputs: outputs.map((name) => numbers.get(name)!),
  };
  return { circuit, signals, numbers };
}

/** Register stages that a text needs for stages of at most `levels` levels. */
export function stagesFor(text: StepText, levels: number): number {
  return leastStages(circuitOf(text).circuit, levels);
}

/** The text with `count` register stages, each at most `levels` levels deep if that is possible; see `cutStages`. */
export function pipelined(text: StepText, count: number, levels: number): PipelinedText {
  const { inputs, steps, outputs, whole } = text;
  const { circuit, signals, numbers } = circuitOf(text);
  const { ofCell, made, last, registers, deepest } = cutStages(circuit, count, levels);
  /** The name of a signal behind as many registers. */
  const at = (name: string, stage: number): string =>
    stage === made[numbers.get(name)!]! ? name : `${name}_r${stage}`;
  const lines = steps.flatMap(({ wires }, i) =>
    wires.map(({ name, bits, text: expression }) => {
      const moved = expression.replaceAll(identifier, (each) =>
        numbers.has(each) ? at(each, ofCell[i]!) : each,
      );
      return `wire [${bits - 1}:0] ${name} = ${moved};`;
    }),
  );
  const held: string[] = [];
  const heldNames: string[] = [];
  const stages = Array.from({ length: count }, (_, k) => {
    const stage = k + 1;
    const kept = signals.filter((_signal, i) => made[i]! < stage && last[i]! >= stage);
    held.push(...kept.map(({ name, bits }) => `reg [${bits - 1}:0] ${name}_r${stage};`));
    heldNames.push(...kept.map(({ name }) => `${name}_r${stage}`));
    const loads = kept.map(({ name }) => `  ${name}_r${stage} <= ${at(name, k)};`);
    return kept.length === 0 ? [] : ['always @(posedge clk) if (ce) begin', ...loads, 'end'];
  });
  // an input, or an upper bit, that nothing reads
  const wires = (whole ? inputs : signals).map(({ name }) => name);
  const unread = [...wires, ...heldNames].join(', ');
  return {
    lines: [
      ...held,
      ...lines,
      ...stages.flat(),
      `wire unused_${inputs[0]?.name ?? ''} = &{1'b0, ${unread}};`,
    ],
    outputs: outputs.map((name) => at(name, count)),
    registers,
    deepest,
  };
}
