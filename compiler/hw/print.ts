import * as z from 'zod';
import { fail } from '../diagnostics/index.ts';
import { badHwFile } from '../diagnostics/catalog/emit.ts';
import { allocate, bitWidth, elementCount, printElement } from '../qir/types.ts';
import { elementSchema, streamSchema } from './params.ts';
import {
  beats,
  freeze,
  type Channel,
  type Endpoint,
  type HwConst,
  type HwGraph,
  type HwNode,
  type Param,
} from './graph.ts';
import { packBeats, unpackBeats } from './pack.ts';

function printEnd(end: Endpoint): string {
  return end.node === '' ? end.port : `${end.node}.${end.port}`;
}

function printStream({ stream }: Channel): string {
  const count = beats(stream);
  const rows = (stream.rows ?? 1) > 1 ? `, ${stream.rows} rows` : '';
  return `${printElement(stream.elem)}[${stream.elements}] in ${count} beat${count === 1 ? '' : 's'} of ${stream.lanes}${rows}`;
}

function printParam(value: Param): string {
  if (Array.isArray(value)) return `[${value.map((inner: Param) => printParam(inner)).join(', ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value as Readonly<Record<string, Param>>);
    return `{${entries.map(([key, inner]) => `${key}: ${printParam(inner)}`).join(', ')}}`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/**
 * The hardware graph as text for a person: every instance with its parameters and the source nodes it implements, every channel
 * with its element type, beats and lanes. Constants appear by type and shape only; `writeHw` has them in full.
 */
export function printHw(graph: HwGraph): string {
  const lines = [`hw 1`, ``, `design ${graph.name} {  // folded for ${graph.clockMhz} MHz`];
  const pad = (items: readonly string[]): number => Math.max(0, ...items.map((item) => item.length));
  const names = pad(graph.nodes.map((node) => node.name));
  for (const node of graph.nodes) {
    const from =
      node.origin.nodes.length === 0
        ? ''
        : `  // ${JSON.stringify(node.origin.nodes.join(', ')).slice(1, -1)}`;
    lines.push(`  unit ${node.name.padEnd(names)} : ${node.unit}${from}`);
    for (const [key, value] of Object.entries(node.params)) lines.push(`    ${key} = ${printParam(value)}`);
    for (const [key, value] of Object.entries(node.consts)) {
      lines.push(`    const ${key} : ${printElement(value.elem)}[${value.shape.join(', ')}]`);
    }
  }
  const labels = pad(graph.channels.map((channel) => channel.name));
  const ends = pad(graph.channels.map((channel) => printEnd(channel.from)));
  lines.push('');
  for (const channel of graph.channels) {
    const line = `  channel ${channel.name.padEnd(labels)} : ${printEnd(channel.from).padEnd(ends)} -> ${printEnd(channel.to)}`;
    lines.push(`${line}  // ${printStream(channel)}`);
  }
  lines.push('}', '');
  return lines.join('\n');
}

function packConst(value: HwConst): string {
  const count = elementCount(value.shape);
  if (count === 0) return '';
  return Buffer.from(packBeats({ elem: value.elem, elements: count, lanes: count }, value.data)).toString(
    'base64',
  );
}

/**
 * The hardware graph as JSON, complete: one line an instance and one a channel. Constants are packed as one wide beat (element 0
 * lowest) in base64. `readHw` reads it back exactly.
 */
export function writeHw(graph: HwGraph): string {
  const nodes = graph.nodes.map((node) => {
    const consts = Object.entries(node.consts).map(
      ([key, value]) => [key, { elem: value.elem, shape: value.shape, data: packConst(value) }] as const,
    );
    return JSON.stringify({ ...node, consts: Object.fromEntries(consts) });
  });
  const channels = graph.channels.map((channel) => JSON.stringify(channel));
  const block = (items: readonly string[]): string =>
    items.length === 0 ? '[]' : `[\n    ${items.join(',\n    ')}\n  ]`;
  const head = `{\n  "hw": 1,\n  "name": ${JSON.stringify(graph.name)},\n  "clockMhz": ${graph.clockMhz},\n`;
  return `${head}  "nodes": ${block(nodes)},\n  "channels": ${block(channels)}\n}\n`;
}

const paramSchema: z.ZodType<Param> = z.lazy(() =>
  z.union([z.number(), z.string(), z.boolean(), z.array(paramSchema), z.record(z.string(), paramSchema)]),
);
const endSchema = z.object({ node: z.string(), port: z.string() });
const constSchema = z.object({
  elem: elementSchema,
  shape: z.array(z.int().min(0)),
  data: z.base64(),
});
const graphSchema = z.object({
  hw: z.literal(1),
  name: z.string(),
  clockMhz: z.number().positive(),
  nodes: z.array(
    z.object({
      name: z.string(),
      unit: z.string(),
      params: z.record(z.string(), paramSchema),
      consts: z.record(z.string(), constSchema),
      origin: z.object({ nodes: z.array(z.string()) }),
      value: z.string(),
    }),
  ),
  channels: z.array(z.object({ name: z.string(), stream: streamSchema, from: endSchema, to: endSchema })),
});

function unpackConst(value: z.infer<typeof constSchema>, file: string, path: string): HwConst {
  const { elem, shape } = value;
  const count = elementCount(shape);
  const bytes = Buffer.from(value.data, 'base64');
  const expected = Math.ceil((count * bitWidth(elem)) / 8);
  if (bytes.length !== expected)
    fail(badHwFile(file, path, `${bytes.length} bytes of data`, `${expected} bytes`));
  const data = count === 0 ? allocate(elem, 0) : unpackBeats({ elem, elements: count, lanes: count }, bytes);
  return { elem, shape, data };
}

/**
 * Reads what `writeHw` wrote. Checks form only: names, connections and parameters are the hardware verifier's business.
 *
 * @param file - name of the file, for diagnostics.
 * @throws DiagnosticError (QCC4510) if the text is no hardware graph.
 */
export function readHw(text: string, file: string): HwGraph {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    fail(badHwFile(file, '', error instanceof Error ? error.message : String(error), 'a JSON document'));
  }
  const parsed = graphSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    fail(
      badHwFile(
        file,
        issue?.path.join('.') ?? '',
        issue?.message ?? 'another structure',
        'a hardware graph of format 1',
      ),
    );
  }
  const { name, clockMhz, nodes, channels } = parsed.data;
  const withConsts = nodes.map((node): HwNode => {
    const consts: Record<string, HwConst> = {};
    for (const [key, value] of Object.entries(node.consts)) {
      consts[key] = unpackConst(value, file, `nodes.${node.name}.consts.${key}`);
    }
    return { ...node, consts };
  });
  return freeze({ name, nodes: withConsts, channels, clockMhz });
}
