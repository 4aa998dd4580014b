import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { createEngine } from '../sim/engine.ts';
import { units } from '../templates/registry.ts';
import { budgetOf, levelsAt, type Device } from './devices/index.ts';
import { fileUnreadable, inputKnown } from './diagnostics/catalog/driver.ts';
import { fail } from './diagnostics/index.ts';
import type { Diagnostics } from './diagnostics/index.ts';
import type { Form, HwGraph } from './hw/index.ts';
import { verilogIdentifier } from './hw/names.ts';
import { explore, type DesignPoint } from './lower/explore.ts';
import { lower } from './lower/lower.ts';
import type { CycleModel } from './lower/lower.ts';
import type { Budget, FoldingTarget, GivenFolding, LayerPlan } from './lower/plan.ts';
import { runPipeline } from './pipeline.ts';
import type { Graph } from './qir/graph.ts';

/** What `loadModel` needs to know besides the file. */
export interface LoadOptions {
  /** Type of an ONNX model's input where the file leaves it open, e.g. `uint8*1/255` or `fixed<16,10>`; see docs/input-types.md. */
  readonly inputType?: string;
  /** Shape of an ONNX model's input where the file leaves it open: `1,3,32,32`, or `name=1,3,32,32`. */
  readonly inputShape?: string;
  /** Receives notes and warnings. */
  readonly diagnostics: Diagnostics;
}

/** What `compileGraph` can be told. */
export interface CompileOptions {
  readonly diagnostics: Diagnostics;
  /** Clock in MHz, default 200. */
  readonly clockMhz?: number;
  /** Frames per second to reach. */
  readonly fps?: number;
  /** Microseconds that a frame may take from its first input beat to its last output beat. */
  readonly latencyUs?: number;
  /** Resources that the design may use: a limit for a rate or a latency; alone, the fastest design that fits is built. */
  readonly budget?: Budget;
  /** The FPGA that the design must fit into. Alone it asks for a design of the usual size, slower only if that does not fit. */
  readonly device?: Device;
  readonly style?: 'folded' | 'unrolled' | 'auto';
  /** The form that will be synthesized, which the costs are counted in: `amd` defines QCC_XILINX. Default: what suits the device, else `portable`. */
  readonly form?: Form;
  /** Parsed folding file: layer name to folding. */
  readonly folding?: ReadonlyMap<string, GivenFolding>;
  /** Called after every pass with the pass's name and the graph (for --print-ir-after). */
  readonly afterPass?: (pass: string, graph: Graph) => void;
  /** Called when a phase starts, for progress. */
  readonly progress?: (phase: string) => void;
}

/** Everything a compilation yields. */
export interface Compilation {
  /** The graph as loaded (real or integer form). */
  readonly source: Graph;
  readonly integer: Graph;
  readonly hw: HwGraph;
  readonly plan: readonly LayerPlan[];
  /** The folding file that gives this design again. */
  readonly folding: ReadonlyMap<string, GivenFolding>;
  /** Cycles from frame to frame of the whole design, measured by the cycle model; and of the binding instance. */
  readonly initiationInterval: number;
  /** Cycles from the first input beat's transfer to the last output beat's, of the first frame. */
  readonly latency: number;
  /** The instance whose own initiation interval is the design's. */
  readonly bindingInstance: string;
  /** The form that the costs are counted in. */
  readonly form: Form;
  /** The device that was asked for. */
  readonly device?: Device;
}

/** The clock that designs are folded for when none is given, MHz. */
export const defaultClockMhz = 200;

/**
 * Reads a model: `.qir` text of any form, ONNX, TFLite, or a trained Group-Net (`.groupnet.json`). But for the last, what it is is seen from
 * its first bytes, not from its name.
 *
 * @throws DiagnosticError for a file that cannot be read or is no model.
 */
export async function loadModel(path: string, options: LoadOptions): Promise<Graph> {
  if (path.endsWith('.groupnet.json')) {
    refuseInputOptions(path, 'a Group-Net', options);
    const { loadGroupNet } = await import('./quantize/groupnet/read.ts');
    return loadGroupNet(path);
  }
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return fail(fileUnreadable(path, error instanceof Error ? error.message : String(error)));
  }
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 4096));
  // Comments and blank lines may stand above the header of a .qir file.
  if (path.endsWith('.qir') || /^(?:\s|\/\/[^\n]*\n)*qir\s/.test(start)) {
    refuseInputOptions(path, 'QIR text', options);
    const { loadQir } = await import('./qir/load.ts');
    return loadQir(path);
  }
  // Exporters call every graph `torch-jit-export` or `main_graph`; the file's name is what its owner calls it.
  const name = basename(path, extname(path))
    .replace(/[^A-Za-z0-9_]+/g, '_')
    .slice(0, 48);
  const graph = await importModel(bytes, { file: path, ...options });
  return name.replaceAll('_', '') === '' ? graph : { ...graph, name };
}

/** Refuses what only an ONNX file can leave open. */
function refuseInputOptions(path: string, kind: string, { inputShape, inputType }: LoadOptions): void {
  if (inputShape !== undefined) fail(inputKnown(path, kind, 'shape'));
  if (inputType !== undefined) fail(inputKnown(path, kind, 'type'));
}

/** A TFLite file has its identifier at bytes 4 to 8; everything else is ONNX, or refused as such. */
async function importModel(bytes: Uint8Array, options: LoadOptions & { file: string }): Promise<Graph> {
  if (new TextDecoder('latin1').decode(bytes.subarray(4, 8)) === 'TFL3') {
    refuseInputOptions(options.file, 'a TFLite model', options);
    const { importTflite } = await import('./frontend/tflite/import.ts');
    return importTflite(bytes, options);
  }
  const { importOnnx } = await import('./frontend/onnx/import.ts');
  return importOnnx(bytes, options);
}

const cycleModel: CycleModel = {
  run: (hw, frames, extra, punctual) =>
    createEngine(hw, extra === undefined ? units : new Map([...units, ...extra])).steady(frames, punctual),
};

/** What `exploreGraph` can be told. */
export interface ExploreGraphOptions extends Pick<
  CompileOptions,
  'diagnostics' | 'clockMhz' | 'budget' | 'device' | 'form' | 'style' | 'folding' | 'progress'
> {
  /** Intervals to look at; see `explore`. */
  readonly points?: number;
}

/** What `exploreGraph` yields: designs from the fastest on, each smaller than the one before. */
export interface Exploration {
  readonly integer: Graph;
  readonly clockMhz: number;
  readonly points: readonly DesignPoint[];
}

/** What a graph's foldings are searched for. */
function targetOf(options: CompileOptions): FoldingTarget & { readonly form: Form } {
  const { device } = options;
  const clockMhz = options.clockMhz ?? defaultClockMhz;
  return {
    clockMhz,
    levels: levelsAt(clockMhz, device?.delay),
    style: options.style ?? 'auto',
    ...(options.fps === undefined ? {} : { fps: options.fps }),
    ...(options.latencyUs === undefined ? {} : { latencyUs: options.latencyUs }),
    ...(options.budget === undefined ? {} : { budget: options.budget }),
    ...(device === undefined ? {} : { device: { name: device.name, budget: budgetOf(device) } }),
    form: options.form ?? device?.form ?? 'portable',
    ...(options.folding === undefined ? {} : { given: options.folding }),
  };
}

/**
 * The Pareto front of rate against LUTs of a graph's designs, see `explore` in lower/.
 *
 * @throws DiagnosticError with every problem found.
 */
export function exploreGraph(graph: Graph, options: ExploreGraphOptions): Exploration {
  const { diagnostics, points } = options;
  options.progress?.('integerize');
  const integer = runPipeline(graph, { diagnostics });
  options.progress?.('explore');
  const target = targetOf(options);
  const found = explore(
    integer,
    units,
    { ...target, model: cycleModel, ...(points === undefined ? {} : { points }) },
    diagnostics,
  );
  return { integer, clockMhz: target.clockMhz, points: found };
}

/**
 * The whole spine: passes to integer form, then lowering to the hardware graph. The stages are in pipeline.ts and lower/.
 *
 * @throws DiagnosticError with every problem found.
 */
export function compileGraph(graph: Graph, options: CompileOptions): Compilation {
  const { diagnostics, device } = options;
  const target = targetOf(options);
  options.progress?.('integerize');
  const integer = runPipeline(graph, {
    diagnostics,
    ...(options.afterPass === undefined
      ? {}
      : { after: (pass, result) => options.afterPass?.(pass.name, result) }),
  });
  options.progress?.('fold');
  const name = verilogIdentifier(graph.name, new Set());
  const lowered = lower(integer, units, target, name, cycleModel, diagnostics);
  diagnostics.throwIfErrors();
  return {
    source: graph,
    integer,
    hw: lowered.hw,
    plan: lowered.plan,
    folding: lowered.folding,
    initiationInterval: lowered.measured.initiationInterval,
    latency: lowered.measured.latency,
    bindingInstance: lowered.bindingInstance,
    form: target.form,
    ...(device === undefined ? {} : { device }),
  };
}
