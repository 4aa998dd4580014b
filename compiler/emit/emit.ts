import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { invariant } from '../diagnostics/index.ts';
import {
  designPorts,
  printHw,
  safeComment,
  writeHw,
  type DesignPort,
  type Form,
  type HwGraph,
  type HwNode,
  type UnitDefinition,
} from '../hw/index.ts';
import { verilogIdentifier } from '../hw/names.ts';
import { root } from '../root.ts';
import { harnessSource } from './harness.ts';
import { createRenderer, type Renderer } from './render.ts';
import { testbench, type Golden } from './testbench.ts';
import { assertEmittable, describeStream, moduleName, sourceOf, topView, unitOf } from './top.ts';
import { vendorFiles, vendorView, type FileLists } from './vendor.ts';
import { wrapVerilog } from './wrap.ts';

/** The files of an output folder: path relative to it (forward slashes) -> content. */
export type OutputFiles = ReadonlyMap<string, string | Uint8Array>;

/** What `emitDesign` is given besides the graph and its units. */
export interface EmitOptions {
  /** The folder of the unit library: templates and, below lib/, the shared Verilog modules. */
  readonly templateRoot: URL;
  /** Version of qcc, for headers and the manifest. */
  readonly version: string;
  /** Golden frames for the testbench; without them there is no tb/. */
  readonly golden?: Golden;
  /** What the vendor scripts synthesize unless told otherwise: `amd` for devices that have LUT6_2 and CARRY8. Default `portable`. */
  readonly form?: Form;
  /** The source of the harness, if it is being written beside; else it is written when its turn comes. */
  readonly harness?: Promise<string>;
  /** Further files (model.qir, report.json, report.html), listed in the manifest like all others. */
  readonly extras?: OutputFiles;
  /** The options of the build, for the manifest: nothing that differs from machine to machine. */
  readonly options?: Readonly<Record<string, string | number | boolean>>;
}

/** The `manifest.json` of an output folder. */
export interface Manifest {
  readonly generator: 'qcc';
  readonly format: 1;
  readonly version: string;
  readonly top: string;
  readonly clockMhz: number;
  readonly ports: readonly {
    readonly name: string;
    readonly direction: 'in' | 'out';
    readonly protocol: 'channel' | 'axis';
    readonly element: HwGraph['channels'][number]['stream']['elem'];
    readonly elements: number;
    readonly lanes: number;
    /** Rows of a frame, each of which begins a new beat; absent: 1. */
    readonly rows?: number;
    readonly dataWidth: number;
  }[];
  readonly options: Readonly<Record<string, string | number | boolean>>;
  /** Every file but the manifest itself. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

const ownTemplates = new URL('compiler/emit/templates/', root);

function libraryFiles(
  hw: HwGraph,
  units: ReadonlyMap<string, UnitDefinition>,
  folder: URL,
): Map<string, string> {
  const names = new Set(hw.nodes.flatMap((node) => unitOf(units, node).libraries));
  const files = new Map<string, string>();
  for (const name of [...names].sort()) {
    const url = new URL(`lib/${name}.v`, folder);
    invariant(existsSync(url), `the shared module ${name} does not exist`);
    files.set(`rtl/${name}.v`, readFileSync(url, 'utf8'));
  }
  return files;
}

/** What heads the module of an instance: what it is, the model's nodes that it computes, what goes in and out, and how often. */
function header(module: string, what: string, unit: UnitDefinition, node: HwNode): string {
  const { initiationInterval: cycles } = unit.timing(node);
  const ports = unit.ports(node).map((port) => `${port.name}: ${describeStream(port.stream)}`);
  const lines = [
    `${module}: ${what}.`,
    `Unit ${node.unit}: ${unit.summary.replaceAll('`', '')}`,
    `${ports.join('; ')}. A frame every ${cycles === 1 ? 'cycle' : `${cycles} cycles`}.`,
  ];
  return `${lines.map((line) => `// ${safeComment(line)}`).join('\n')}\n//\n`;
}

function unitFiles(
  hw: HwGraph,
  units: ReadonlyMap<string, UnitDefinition>,
  render: Renderer,
): { readonly rtl: Map<string, string>; readonly mem: Map<string, string> } {
  const rtl = new Map<string, string>();
  const mem = new Map<string, string>();
  const shared = hw.nodes.flatMap((node) => unitOf(units, node).libraries);
  const own = hw.nodes.map((node) => moduleName(hw, node));
  const taken = new Set([hw.name, ...shared, ...own].map((name) => name.toLowerCase()));
  const add = (
    module: string,
    what: string,
    unit: UnitDefinition,
    node: HwNode,
    parts: readonly string[],
  ): void => {
    const body = render(unit.template, unit.view(node, { module, memPrefix: 'mem/', parts }));
    rtl.set(`rtl/${module}.v`, wrapVerilog(header(module, what, unit, node) + body));
  };
  for (const node of hw.nodes) {
    const unit = unitOf(units, node);
    const module = moduleName(hw, node);
    const parts = (unit.parts?.(node) ?? []).map((part) => {
      const name = verilogIdentifier(`${module}_${part.unit.name}`, taken);
      add(name, `part of ${module}`, part.unit, part.node, []);
      return name;
    });
    add(module, sourceOf(hw, node), unit, node, parts);
    for (const image of unit.memories(node)) {
      const path = `mem/${image.file}`;
      const legal = /^[A-Za-z0-9_][A-Za-z0-9_.]*$/.test(image.file) && !mem.has(path);
      invariant(legal, `instance ${node.name} names a memory file ${image.file}`);
      const digits = Math.ceil(image.width / 4);
      const fits = image.words.every((word) => word.length === digits);
      invariant(fits, `a word of memory file ${image.file} has not ${digits} digits`);
      mem.set(path, `${image.words.join('\n')}\n`);
    }
  }
  return { rtl, mem };
}

/** The Verilog and memory images of a design alone: what a simulation needs, without the files around it. */
export function emitRtl(
  hw: HwGraph,
  units: ReadonlyMap<string, UnitDefinition>,
  options: Pick<EmitOptions, 'templateRoot' | 'version'>,
): Map<string, string> {
  assertEmittable(hw, units);
  const render = createRenderer([ownTemplates, options.templateRoot]);
  const { rtl, mem } = unitFiles(hw, units, render);
  const files = new Map<string, string>();
  const add = (path: string, text: string): void => {
    invariant(!files.has(path), `two files are called ${path}`);
    files.set(path, text);
  };
  for (const [path, text] of libraryFiles(hw, units, options.templateRoot)) add(path, text);
  for (const [path, text] of rtl) add(path, text);
  add(`rtl/${hw.name}.v`, wrapVerilog(render('top.v.njk', topView(hw, units, options.version))));
  for (const [path, text] of mem) add(path, text);
  add(`${hw.name}.f`, `${[...files.keys()].filter((path) => path.startsWith('rtl/')).join('\n')}\n`);
  return files;
}

function manifest(
  hw: HwGraph,
  ports: readonly DesignPort[],
  files: OutputFiles,
  options: EmitOptions,
): Manifest {
  const listed = [...files.keys()].sort().map((path) => {
    const content = files.get(path) ?? '';
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    return [path, { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }] as const;
  });
  return {
    generator: 'qcc',
    format: 1,
    version: options.version,
    top: hw.name,
    clockMhz: hw.clockMhz,
    ports: ports.map(({ name, direction, protocol, channel, dataWidth }) => {
      const { elem, elements, lanes, rows } = channel.stream;
      const shape = rows === undefined ? { elements, lanes } : { elements, lanes, rows };
      return { name, direction, protocol, element: elem, ...shape, dataWidth };
    }),
    options: options.options ?? {},
    files: Object.fromEntries(listed),
  };
}

/**
 * Everything that `qcc build` writes for a hardware graph, as a map from path to content: Verilog, memory images, file list,
 * FuseSoC core, constraints, vendor scripts, testbench, harness, the graph itself as text and as JSON, the extras, and the
 * manifest over all of them. The same arguments give the same bytes; nothing of the machine or the time goes in.
 *
 * @throws InternalError if the graph is not what the lowering promises (names, connections), which is a bug.
 */
export async function emitDesign(
  hw: HwGraph,
  units: ReadonlyMap<string, UnitDefinition>,
  options: EmitOptions,
): Promise<Map<string, string | Uint8Array>> {
  const files = new Map<string, string | Uint8Array>(emitRtl(hw, units, options));
  const render = createRenderer([ownTemplates]);
  const ports = designPorts(hw, units);
  const tb = options.golden === undefined ? undefined : testbench(hw, units, ports, options.golden);
  const below = (folder: string): string[] =>
    [...files.keys()].filter((path) => path.startsWith(folder)).sort();
  const lists: FileLists = {
    rtl: below('rtl/'),
    memories: below('mem/'),
    vectors: [...(tb?.vectors.keys() ?? [])],
  };
  const shared = vendorView(hw.name, options.version, hw.clockMhz, ports, lists, options.form ?? 'portable');
  for (const [path, template] of vendorFiles(hw.name)) files.set(path, render(template, shared));
  if (tb !== undefined) {
    files.set(`tb/${hw.name}_tb.v`, render('tb.v.njk', tb.view));
    for (const [path, text] of tb.vectors) files.set(path, text);
  }
  const request = { top: hw.name, ports, channels: hw.channels, version: options.version };
  files.set(`harness/${hw.name}.ts`, await (options.harness ?? harnessSource(request)));
  // the harness is an ES module wherever the output folder stands
  files.set('harness/package.json', '{ "private": true, "type": "module" }\n');
  files.set('model.hw', printHw(hw));
  files.set('model.hw.json', writeHw(hw));
  for (const [path, content] of options.extras ?? []) {
    invariant(!files.has(path) && path !== 'manifest.json', `two files are called ${path}`);
    files.set(path, content);
  }
  files.set('manifest.json', `${JSON.stringify(manifest(hw, ports, files, options), null, 2)}\n`);
  return files;
}
