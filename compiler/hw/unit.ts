import type { Diagnostic } from '../diagnostics/index.ts';
import type { Attribute } from '../qir/graph.ts';
import type { Tensor, TensorType } from '../qir/types.ts';
import type { HwConst, HwNode, Param, StreamType } from './graph.ts';
import type { KernelContext, FrameKernel } from './kernel.ts';
import type { TimingModel } from './timing.ts';

/** One port of a unit instance. */
export interface PortSpec {
  /** Verilog prefix: the port's wires are `<name>_valid`, `<name>_ready`, `<name>_data`. */
  readonly name: string;
  readonly direction: 'in' | 'out';
  readonly stream: StreamType;
  /**
   * `channel` (default): wires `<name>_valid`, `<name>_ready`, `<name>_data` of exactly lanes * bits.
   * `axis`: AXI4-Stream at the design's edge: `<name>_tvalid`, `<name>_tready`, `<name>_tdata` (lanes * bits rounded up to whole
   * bytes, padding bits zero on outputs and ignored on inputs) and `<name>_tlast` with the last beat of a frame.
   */
  readonly protocol?: 'channel' | 'axis';
}

/**
 * What a unit without operations of its own is for; the lowering finds plumbing by its role, never by name.
 * `fifo`: buffers beats. `width`: changes the lanes per beat. `fork`: gives each beat to several readers. `input`, `output`: the
 * design's edges.
 */
export type PlumbingRole = 'fifo' | 'width' | 'fork' | 'input' | 'output';

/** What the lowering asks a plumbing unit for. */
export interface PlumbingRequest {
  readonly input: StreamType;
  readonly output: StreamType;
  /** Beats a FIFO must hold. */
  readonly depth?: number;
  /** Readers of a fork. */
  readonly count?: number;
}

/**
 * What is synthesized: the portable text of the units, or the text with cells of AMD devices (QCC_XILINX defined) where a unit has
 * one. Both compute the same.
 */
export type Form = 'portable' | 'amd';

/** FPGA resources of one instance. LUT as 6-input LUTs (UltraScale+ class). */
export interface Cost {
  readonly lut: number;
  readonly ff: number;
  /** 36 Kib block RAMs, in halves. */
  readonly bram36: number;
  readonly dsp: number;
}

/** An operation (or a chain of fused operations) of integer QIR that the lowering wants a unit for. */
export interface LayerRequest {
  /** Name of the value it yields. */
  readonly value: string;
  /** The operations, in order: the first reads the input tensor, each next one the result of the one before. */
  readonly ops: readonly {
    readonly op: string;
    readonly name: string;
    /** Constant operands by operand position (the data operand is absent). */
    readonly consts: ReadonlyMap<number, Tensor>;
    readonly attributes: Readonly<Record<string, Attribute>>;
    readonly result: TensorType;
  }[];
  /** The first data operand of the first operation. */
  readonly input: TensorType;
  /** All data operands of the first operation, in order (`input` first); the unit's input ports, in order, take them. */
  readonly inputs: readonly TensorType[];
  /** Levels of logic that the clock leaves between two registers (see stages.ts), for units that go by them; absent: any number. */
  readonly levels?: number;
}

/** What a unit answers to a request: an instance, but for its name, or the reason it cannot. */
export type Implementation =
  | {
      readonly params: Readonly<Record<string, Param>>;
      readonly consts: Readonly<Record<string, HwConst>>;
    }
  | { readonly refusal: Diagnostic };

/**
 * How one layer is folded.
 *
 * - `pe`: outputs computed at a time; `simd`: inputs taken at a time. Neither need divide the layer.
 * - `order`: `output` computes one group of PE outputs after the other and replays the stored input vector for each (output
 *   major); `input` takes one beat of inputs after the other and keeps an accumulator for every output (input major).
 * - `style`: `folded`, or `unrolled` (constants dissolved into adders, one frame a cycle).
 * - `variant`: which of its ways of working with these lanes a unit takes, one of `UnitDefinition.variants`; absent: the plain one.
 */
export interface Folding {
  readonly style: 'folded' | 'unrolled';
  readonly pe: number;
  readonly simd: number;
  readonly order: 'output' | 'input';
  readonly variant?: string;
}

/** A memory image that a unit's Verilog reads by $readmemh: `words` hexadecimal words of `width` bits. */
export interface MemoryImage {
  /** File name within mem/, a function of the instance's name. */
  readonly file: string;
  readonly width: number;
  readonly words: readonly string[];
}

/** Timing facts that follow from the parameters alone; tests hold them against the RTL. */
export interface UnitTiming {
  /** Cycles from one frame to the next when neither end stalls. */
  readonly initiationInterval: number;
  /** Cycles from the transfer of the last input beat that the first output beat needs to the first cycle in which that output beat is valid. */
  readonly latency: number;
}

/** What a unit's template may print: plain values, computed here so that templates hold no arithmetic. */
export type TemplateView = Readonly<Record<string, unknown>>;

/**
 * A hardware unit: everything about it from one definition in one folder, `templates/<name>/`.
 *
 * Handshakes are Moore: `ready` of every input and `valid` of every output are functions of the unit's registers alone. So no
 * combinational path leads through a unit in either direction, and the cycle model needs no order of evaluation.
 */
export interface UnitDefinition {
  /** The folder's name; the Verilog module of instance `i` is `<top>_<i>` or, where instances share one, `qcc_<name>`. */
  readonly name: string;
  readonly summary: string;
  /** Names of QIR op chains it can implement, for documentation: `matmul`, `matmul+threshold`. Empty for plumbing. */
  readonly implementsOps: readonly string[];
  /** Checks parameters and constants; returns every problem (used on hand-written hardware graphs and folding files). */
  readonly check: (node: HwNode) => readonly Diagnostic[];
  readonly ports: (node: HwNode) => readonly PortSpec[];
  /** Answers whether, and how, this unit computes the request with the given folding. Absent for plumbing. */
  readonly implement?: (request: LayerRequest, folding: Folding) => Implementation;
  /**
   * The foldings worth trying for a request that take at most `cycles` cycles a frame, in the styles given. Absent: the unit passes
   * a tensor through and takes any number of lanes.
   */
  readonly foldings?: (
    request: LayerRequest,
    cycles: number,
    styles: readonly Folding['style'][],
  ) => readonly Folding[];
  /**
   * Whether a product is to be a layer by itself, though a unit could fuse it with the levels behind it: where this unit takes so much less
   * for it that the fused one can hardly win. Absent: never.
   */
  readonly alone?: (request: LayerRequest) => boolean;
  /** What `Folding.variant` may be for this unit. Absent: it works in one way only. */
  readonly variants?: readonly string[];
  /** Set on plumbing only. */
  readonly plumbing?: {
    readonly role: PlumbingRole;
    readonly make: (request: PlumbingRequest) => Readonly<Record<string, Param>>;
  };
  readonly timing: (node: HwNode) => UnitTiming;
  /** A fresh cycle model of the instance: when beats move. */
  readonly model: (node: HwNode) => TimingModel;
  /** What the beats carry: computes whole frames. Independent of the evaluator in compiler/qir/ops. */
  readonly kernel: (node: HwNode, context: KernelContext) => FrameKernel;
  /** Resources in a form, `portable` if none is named; units without cells of their own cost the same in both. */
  readonly cost: (node: HwNode, form?: Form) => Cost;
  readonly memories: (node: HwNode) => readonly MemoryImage[];
  /**
   * Bits of memory that the weights take in a form (`portable` if none is named), with what is stored to find them (indices of a
   * sparse matrix) and without padding; 0 where they are constants in logic. Absent: the unit has no weights.
   */
  readonly storedBits?: (node: HwNode, form?: Form) => number;
  /** Instances of other units that the module is made of, each a module of its own; their memories are among `memories`. */
  readonly parts?: (node: HwNode) => readonly { readonly unit: UnitDefinition; readonly node: HwNode }[];
  /** Path of the template, relative to templates/. */
  readonly template: string;
  /**
   * The template's root object. `module` is the Verilog module name to define, `memPrefix` what stands before a memory file's
   * name in $readmemh, `parts` the module names of the parts.
   */
  readonly view: (
    node: HwNode,
    names: { readonly module: string; readonly memPrefix: string; readonly parts?: readonly string[] },
  ) => TemplateView;
  /**
   * Names of the shared Verilog modules it uses, directly or through one another: files `<name>.v` of templates/lib/, plain
   * parameterised Verilog that is copied into rtl/ once.
   */
  readonly libraries: readonly string[];
  /** Random legal instances for the conformance suite, from a seed; small enough to simulate quickly. */
  readonly sample: (random: RandomSource) => Pick<HwNode, 'params' | 'consts'>;
}

/** A seeded source of randomness for samples. */
export interface RandomSource {
  /** A uniform integer from `min` to `max`, both included. */
  readonly integer: (min: number, max: number) => number;
  /** One of the given values. */
  readonly pick: <T>(values: readonly T[]) => T;
}
