import { noSuchPass } from './diagnostics/catalog/passes.ts';
import { fail, invariant, InternalError, type Diagnostics } from './diagnostics/index.ts';
import { absorbTransposes } from './passes/absorb-transposes.ts';
import { dropSoftmax } from './passes/drop-softmax.ts';
import { fitRequantize } from './passes/fit-requantize.ts';
import { foldConstants } from './passes/fold-constants.ts';
import { integerize } from './passes/integerize.ts';
import { normaliseDirection } from './passes/normalise-direction.ts';
import type { Pass, Property } from './passes/pass.ts';
import { removeDead } from './passes/remove-dead.ts';
import { splitConvolutions } from './passes/split-convolutions.ts';
import type { Graph } from './qir/graph.ts';
import { verifyGraph } from './qir/verify.ts';

/** The passes, in order. A graph that is in integer form already skips those that require real form. */
export const passes: readonly Pass[] = [
  // first, so that all that follows sees constants where the exporter wrote arithmetic on constants
  foldConstants,
  // before dead nodes are removed: it takes the readers of a softmax away
  dropSoftmax,
  // before integerize, which would refuse what it cannot convert even if nothing reads it
  removeDead,
  // the one step from real numbers to integers
  integerize,
  // before convolutions become matmuls, whose columns are in the order of windows and need no transpose
  absorbTransposes,
  // before the passes that look at the rows of layers: from here on every layer is a matmul or depthwise
  splitConvolutions,
  // after integerize, which is where thresholds get their direction
  normaliseDirection,
  // last: thresholds are final, and those that fall have been turned round where that is free
  fitRequantize,
];

/** What `runPipeline` can be told. */
export interface PipelineOptions {
  /** Receives errors and warnings; errors end the pipeline by a DiagnosticError after the pass that gave them. */
  readonly diagnostics: Diagnostics;
  /** Called after every pass that ran, with its result. */
  readonly after?: (pass: Pass, graph: Graph) => void;
  /** The last pass to run, by name; all if absent. */
  readonly stopAfter?: string;
}

/**
 * Runs the passes over a verified graph of either form and verifies the graph after each.
 *
 * Throws a DiagnosticError where a pass finds that the graph cannot be converted, and an InternalError where a pass breaks what it
 * promises.
 */
export function runPipeline(graph: Graph, options: PipelineOptions): Graph {
  const { diagnostics, after, stopAfter } = options;
  const names = passes.map((pass) => pass.name);
  if (stopAfter !== undefined && !names.includes(stopAfter)) fail(noSuchPass(stopAfter, names));
  const properties = new Set<Property>([`${graph.form}-form`]);
  let current = graph;
  for (const pass of passes) {
    if (!(graph.form === 'integer' && pass.requires.includes('real-form'))) {
      const missing = pass.requires.filter((property) => !properties.has(property));
      invariant(missing.length === 0, `pass ${pass.name} requires ${missing.join(', ')}`);
      current = pass.run(current, { diagnostics });
      diagnostics.throwIfErrors();
      checkResult(pass, current);
      for (const property of pass.invalidates ?? []) properties.delete(property);
      for (const property of pass.establishes) properties.add(property);
      after?.(pass, current);
    }
    if (pass.name === stopAfter) break;
  }
  return current;
}

/** A pass that makes an ill-formed graph is a bug in qcc, not in its input. */
function checkResult(pass: Pass, graph: Graph): void {
  const errors = verifyGraph(graph).filter((diagnostic) => diagnostic.severity === 'error');
  if (errors.length > 0) {
    const list = errors.map((error) => `${error.code} ${error.message}: ${error.found ?? ''}`).join('; ');
    throw new InternalError(`the graph after ${pass.name} is not well-formed: ${list}`);
  }
  for (const form of ['real', 'integer'] as const) {
    invariant(
      !pass.establishes.includes(`${form}-form`) || graph.form === form,
      `${pass.name} promises ${form} form`,
    );
  }
}
