// qcc: a trained model to an output folder, and the report that `qcc build` prints.
//
//   node --conditions=qcc-source --import ./scripts/ts.mjs examples/api/compile.ts
//
// (In a project of your own, where qcc is a dependency, any way to run TypeScript does.)
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  buildOutput,
  compileGraph,
  Diagnostics,
  loadModel,
  readArray,
  renderDiagnostics,
  reportText,
  simulate,
  toFrames,
  writeOutput,
} from 'qcc';

const digits = fileURLToPath(new URL('../digits/', import.meta.url));
const diagnostics = new Diagnostics();

const graph = await loadModel(join(digits, 'digits.onnx'), { diagnostics });
const compilation = compileGraph(graph, { diagnostics, clockMhz: 250, fps: 1e6 });

// the same frames through the evaluator and through the cycle model; differences would be errors among the diagnostics
const [input] = compilation.integer.inputs;
if (input === undefined) throw new Error('the model has no input');
const pixels = toFrames(await readArray(join(digits, 'digits.npz:pixels')), input, { what: 'pixels' });
const labels = await readArray(join(digits, 'digits.npz:labels'));
const reference = await simulate(compilation, { inputs: [pixels], engine: 'reference', labels, diagnostics });
const cycle = await simulate(compilation, { inputs: [pixels], engine: 'cycle', diagnostics });
console.log('same output:', Buffer.from(reference.output.data).equals(Buffer.from(cycle.output.data)));
console.log('accuracy:', reference.accuracy);

const folder = mkdtempSync(join(tmpdir(), 'qcc-'));
const { files, report } = await buildOutput(compilation, { checks: reference.checks });
writeOutput(join(folder, 'digits'), files);
console.log(reportText(report, { color: false }));
console.log(
  `${files.size} files, ${[...files.keys()].filter((path) => path.endsWith('.v')).length} of them Verilog`,
);
rmSync(folder, { recursive: true });

const warnings = diagnostics.all.filter((d) => d.severity !== 'note');
if (warnings.length > 0) console.error(renderDiagnostics(warnings, { color: false }));
