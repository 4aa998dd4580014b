/**
 * The compiler as a library: load or build a network, compile it, build its output folder, simulate and report.
 *
 * @packageDocumentation
 */
export {
  compileGraph,
  defaultClockMhz,
  loadModel,
  type Compilation,
  type CompileOptions,
  type LoadOptions,
} from './driver.ts';
export { buildOutput, goldenFrames, type BuildOptions, type BuildOutput } from './build.ts';
export {
  simulate,
  type EngineName,
  type SimulatedOutput,
  type SimulateRequest,
  type Simulation,
} from './simulate.ts';
export { writeOutput, type Golden, type OutputFiles } from './emit/index.ts';
export {
  makeReport,
  reportHtml,
  reportSchema,
  reportText,
  type Check,
  type Report,
  type ReportLayer,
  type ReportSource,
} from './report/index.ts';
export {
  parseArray,
  parseNpy,
  readArray,
  toFrames,
  writeNpy,
  type Dtype,
  type FrameOptions,
  type Frames,
  type NdArray,
  type NdData,
} from './data/index.ts';
export {
  allDiagnostics,
  DiagnosticError,
  Diagnostics,
  InternalError,
  type Diagnostic,
  type DiagnosticDoc,
  type Severity,
  type Where,
} from './diagnostics/index.ts';
export { renderDiagnostic, renderDiagnostics, type RenderOptions } from './diagnostics/render.ts';
export { templateRoot, units } from '../templates/registry.ts';
export type { LayerPlan } from './lower/plan.ts';
export { version } from './version.ts';
