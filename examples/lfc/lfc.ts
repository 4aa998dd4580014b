// Builds LFC, BNN-PYNQ's fully connected binary network (or another one of its kind), from the arrays of an .npz file.
//
//   node --conditions=qcc-source --import ./scripts/ts.mjs examples/lfc/lfc.ts lfcW1A1_mnist.npz -o lfc.qir --output class
import { parseArgs } from 'node:util';
import { readFileSync } from 'node:fs';
import { DiagnosticError, renderDiagnostics } from 'qcc';
import { saveQir } from 'qcc/qir';
import { binaryNetwork, inputs, outputs } from './network.ts';
import { readLayers } from './read.ts';

const usage = `usage: lfc.ts WEIGHTS.npz -o FILE.qir [--input ${inputs.join('|')}] [--output ${outputs.join('|')}] [--name NAME]`;

function complain(message: string): never {
  console.error(message);
  process.exit(1);
}

function pick<T extends string>(option: string, given: string, choices: readonly T[]): T {
  return (
    choices.find((choice) => choice === given) ??
    complain(`--${option} ${given}: expected ${choices.join(', ')}`)
  );
}

function options(): { file: string; out: string; input: string; output: string; name: string } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        out: { type: 'string', short: 'o' },
        input: { type: 'string', default: 'pixels' },
        output: { type: 'string', default: 'class' },
        name: { type: 'string', default: 'lfc' },
      },
    });
    const [file, ...rest] = positionals;
    if (file === undefined || rest.length > 0 || values.out === undefined) return complain(usage);
    return { ...values, file, out: values.out };
  } catch (error) {
    return complain(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}

const { file, out, input, output, name } = options();
const choice = { input: pick('input', input, inputs), output: pick('output', output, outputs) };
try {
  const layers = readLayers(readFileSync(file), file);
  saveQir(binaryNetwork(name, layers, choice), out);
  console.log(`${out}: ${[layers[0]?.shape[1], ...layers.map(({ shape }) => shape[0])].join('-')}`);
} catch (error) {
  if (error instanceof DiagnosticError) complain(renderDiagnostics(error.diagnostics, { color: false }));
  complain(`${file}: ${error instanceof Error ? error.message : String(error)}`);
}
