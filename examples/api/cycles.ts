// qcc/sim: when each beat of a design moves, with and without stalls.
//
//   node --conditions=qcc-source --import ./scripts/ts.mjs examples/api/cycles.ts
import { fileURLToPath } from 'node:url';
import { compileGraph, Diagnostics, loadModel, units } from 'qcc';
import { compareValues, createEngine } from 'qcc/sim';

const diagnostics = new Diagnostics();
const model = fileURLToPath(new URL('../digits/digits.onnx', import.meta.url));
const { hw } = compileGraph(await loadModel(model, { diagnostics }), { diagnostics });
const engine = createEngine(hw, units);

const timing = engine.time({ frames: 100_000 });
console.log(`100,000 frames take ${timing.cycles} cycles, one every ${timing.initiationInterval}`);
console.log(`the first frame leaves ${timing.latency?.last} cycles after its first beat`);

// the same two frames, unhindered and with stalls at both ends: other cycles, the same values
const [input] = hw.channels.filter((channel) => channel.from.node === '');
const pixels = Uint8Array.from({ length: 2 * (input?.stream.elements ?? 0) }, (_, i) => (i * 37) % 256);
const free = engine.run({ inputs: [pixels] });
const stalled = engine.run({ inputs: [pixels], stalls: 1 });
console.log(`${free.cycles} cycles without stalls, ${stalled.cycles} with`);
const difference = compareValues(hw, { name: 'free', result: free }, { name: 'stalled', result: stalled });
console.log('same values:', difference === null);
