// qcc/qir: a network from arrays, by the builder; its text, and what it computes.
//
//   node --conditions=qcc-source --import ./scripts/ts.mjs examples/api/network.ts
import { bipolar, createEvaluator, GraphBuilder, parseQir, printQir, strictlyGreater } from 'qcc/qir';

// exclusive or of two bits: two hidden neurons, both of them -1 or +1, and a sum of three
const g = new GraphBuilder('exclusive_or');
const x = g.input('x', bipolar, [2]);
const hidden = g.threshold(
  g.matmul(x, {
    elem: bipolar,
    data: [
      [1, -1],
      [-1, 1],
    ],
  }),
  strictlyGreater([0, 0]),
  { result: bipolar },
);
const y = g.threshold(g.matmul(hidden, { elem: bipolar, data: [[1, 1]] }), strictlyGreater([-1]), {
  result: bipolar,
});
g.output(y);
const graph = g.build();

const text = printQir(graph);
console.log(text);

const { run } = createEvaluator(parseQir(text, { file: 'exclusive_or.qir' }));
for (const a of [-1, 1]) {
  for (const b of [-1, 1]) {
    const result = run({ x: { type: { elem: bipolar, shape: [2] }, data: Int8Array.of(a, b) } });
    console.log(`${a} xor ${b} = ${result.get(graph.outputs[0]?.value ?? '')?.data[0]}`);
  }
}
