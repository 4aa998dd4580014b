import { printable } from '../diagnostics/render.ts';
import { operandType, value, type Graph } from '../qir/graph.ts';
import { elementCount, printType } from '../qir/types.ts';
import { thousands } from '../report/text.ts';

/** A graph in a few lines: form, inputs, outputs, operations, constants. */
export function summarize(graph: Graph): { readonly json: Record<string, unknown>; readonly text: string } {
  const inputs = graph.inputs.map(({ name, type }) => ({ name, type: printType(type) }));
  const outputs = graph.outputs.map((output) => {
    const type = operandType(graph, value(output.value));
    return { name: output.value, type: type === undefined ? '' : printType(type), host: [...output.host] };
  });
  const parameters = [...graph.consts.values()].reduce(
    (sum, c) => sum + elementCount(c.tensor.type.shape),
    0,
  );
  const counts = new Map<string, number>();
  for (const node of graph.nodes) counts.set(node.op, (counts.get(node.op) ?? 0) + 1);
  const ops = [...counts].map(([op, count]) => (count === 1 ? op : `${count} ${op}`)).join(', ');
  const lines = [
    `${graph.name}: ${graph.form} form, ${graph.nodes.length} operation${graph.nodes.length === 1 ? '' : 's'} (${ops}), ` +
      `${thousands(parameters)} constants`,
    ...inputs.map((input) => `  input   ${input.name} : ${input.type}`),
    ...outputs.map((output) => `  output  ${output.name} : ${output.type}`),
    ...outputs.flatMap((output) => output.host.map((step) => `  host    ${printable(step)}`)),
  ];
  const json = {
    name: graph.name,
    form: graph.form,
    inputs,
    outputs,
    operations: Object.fromEntries(counts),
    parameters,
  };
  return { json, text: lines.join('\n') };
}
