import { budgetOf, type Device } from '../devices/index.ts';
import { invariant, type Diagnostic } from '../diagnostics/index.ts';
import type { GivenFolding, LayerPlan } from '../lower/plan.ts';
import { operandType, value, type Boundary, type Graph } from '../qir/graph.ts';
import { elementCount, printType, type ElementType } from '../qir/types.ts';
import { version } from '../version.ts';
import type { Cost, Form, HwGraph } from '../hw/index.ts';
import { estimateError } from './error.ts';
import type { Check, Report, ReportLayer, Utilization } from './schema.ts';
import { storedLayers } from './storage.ts';

/** What a report is made of: the driver's `Compilation`, as far as the report needs it. */
export interface ReportSource {
  readonly source: Graph;
  readonly integer: Graph;
  readonly hw: HwGraph;
  readonly plan: readonly LayerPlan[];
  readonly folding: ReadonlyMap<string, GivenFolding>;
  readonly initiationInterval: number;
  readonly latency: number;
  readonly bindingInstance: string;
  /** The form that costs are counted in. */
  readonly form: Form;
  readonly device?: Device;
}

function scaleText(elem: ElementType, boundary: Boundary): string {
  const scale = boundary.scale ?? { numerator: 1, denominator: elem.kind === 'fixed' ? 2 ** elem.frac : 1 };
  return scale.denominator === 1 ? String(scale.numerator) : `${scale.numerator}/${scale.denominator}`;
}

/**
 * What the weights of a design take, as the layers of the source model count them; undefined where there are none.
 *
 * @param integer the graph that was lowered
 */
export function storageOf(integer: Graph, plan: readonly LayerPlan[]): Report['storage'] {
  const layers = storedLayers(integer, plan);
  const sum = { weights: 0, bits: 0, factorBits: 0 };
  for (const { weights, bits, factorBits } of layers) {
    sum.weights += weights;
    sum.bits += bits;
    sum.factorBits += factorBits;
  }
  return sum.weights === 0
    ? undefined
    : { ...sum, bitsPerWeight: sum.bits / sum.weights, layers: [...layers] };
}

function layer(plan: LayerPlan): ReportLayer {
  const { input, weights, output } = plan.types;
  const { storage } = plan;
  return {
    instance: plan.instance,
    unit: plan.unit,
    nodes: [...plan.nodes],
    source: [...plan.source],
    shape: { ...plan.shape },
    types: { input, ...(weights !== undefined && { weights }), output },
    ...(plan.folding !== undefined && { folding: { ...plan.folding } }),
    cycles: plan.timing.initiationInterval,
    latency: plan.timing.latency,
    cost: { ...plan.cost },
    ...(storage !== undefined && {
      storage: { ...storage, bitsPerWeight: storage.bits / storage.weights },
    }),
    operations: plan.operations,
  };
}

function utilization(used: number, available: number): Utilization {
  if (available === 0) return { used, available, percent: null };
  return { used, available, percent: Math.round((1000 * used) / available) / 10 };
}

function deviceOf(device: Device, total: Cost): NonNullable<Report['device']> {
  const { name, title } = device;
  const offers = budgetOf(device);
  return {
    name,
    title,
    lut: utilization(total.lut, offers.lut),
    ff: utilization(total.ff, offers.ff),
    bram36: utilization(total.bram36, offers.bram36),
    dsp: utilization(total.dsp, offers.dsp),
  };
}

/** Elements of the constant weights of all matrix products. */
function weightCount(graph: Graph): number {
  let sum = 0;
  for (const node of graph.nodes) {
    const operand = node.op === 'matmul' ? node.operands[1] : undefined;
    const type = operand?.kind === 'const' ? operandType(graph, operand) : undefined;
    if (type !== undefined) sum += elementCount(type.shape);
  }
  return sum;
}

/**
 * The report of a compilation: plain data, a function of its arguments alone (no time, no machine), valid by `reportSchema`.
 *
 * @param checks - what was compared with what, from `simulate`.
 * @param notes - notes and warnings beside those of the graphs.
 */
export function makeReport(
  compilation: ReportSource,
  checks: readonly Check[] = [],
  notes: readonly Diagnostic[] = [],
): Report {
  const { integer, hw, plan, initiationInterval, latency } = compilation;
  const rows = plan.map((entry) => ({ entry, row: layer(entry) }));
  const total = { lut: 0, ff: 0, bram36: 0, dsp: 0, operations: 0 };
  for (const { row } of rows) {
    total.lut += row.cost.lut;
    total.ff += row.cost.ff;
    total.bram36 += row.cost.bram36;
    total.dsp += row.cost.dsp;
    total.operations += row.operations;
  }
  const binding = rows.find(({ entry }) => entry.instance === compilation.bindingInstance)?.row;
  invariant(binding !== undefined, `the binding instance ${compilation.bindingInstance} is in the plan`);
  const framesPerSecond = (hw.clockMhz * 1e6) / initiationInterval;
  const storage = storageOf(integer, plan);
  const all = [...integer.notes, ...notes];
  const seen = new Set<string>();
  const distinct = all.filter((note) => {
    const key = JSON.stringify(note);
    return seen.has(key) ? false : seen.add(key);
  });
  return {
    format: 1,
    qcc: version,
    model: {
      name: integer.name,
      inputs: integer.inputs.map((input) => ({
        name: input.name,
        type: printType(input.type),
        scale: scaleText(input.type.elem, input.boundary),
        zeroPoint: input.boundary.zeroPoint ?? 0,
      })),
      outputs: integer.outputs.map((output) => {
        const type = operandType(integer, value(output.value));
        invariant(type !== undefined, `output ${output.value} exists`);
        return {
          name: output.value,
          type: printType(type),
          scale: scaleText(type.elem, output.boundary),
          zeroPoint: output.boundary.zeroPoint ?? 0,
          offset: output.boundary.offset ?? 0,
          host: [...output.host],
        };
      }),
      weights: weightCount(integer),
    },
    clockMhz: hw.clockMhz,
    layers: rows.filter(({ entry }) => entry.nodes.length > 0).map(({ row }) => row),
    plumbing: rows.filter(({ entry }) => entry.nodes.length === 0).map(({ row }) => row),
    total,
    ...(storage !== undefined && { storage }),
    estimates: { form: compilation.form, medianError: { ...estimateError } },
    ...(compilation.device !== undefined && { device: deviceOf(compilation.device, total) }),
    performance: {
      initiationInterval,
      latency,
      framesPerSecond,
      latencyMicroseconds: latency / hw.clockMhz,
      operationsPerSecond: 2 * total.operations * framesPerSecond,
      binding: { instance: binding.instance, unit: binding.unit, cycles: binding.cycles },
    },
    folding: Object.fromEntries(compilation.folding),
    notes: distinct.map((note) => ({ ...note })),
    checks: [...checks],
  };
}
