import type * as morph from 'ts-morph';
import { printElement } from '../qir/types.ts';
import type { DesignPort, HwGraph } from '../hw/index.ts';
import { loadMorph } from './ts-morph.ts';

/** `tfc_w1` -> `TfcW1Harness`: the name of the class, never that of a global or an import. */
export function className(top: string): string {
  const camel = top
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
  return `${camel}Harness`;
}

function describe(port: DesignPort): string {
  const { elem, elements } = port.channel.stream;
  return `${printElement(elem)}[${elements}], any number of frames one after the other, row-major.`;
}

/** What a harness is written for; nothing in it that could not go to another thread. */
export interface HarnessRequest {
  readonly top: string;
  readonly ports: readonly DesignPort[];
  readonly channels: HwGraph['channels'];
  /** Version of qcc, for the header. */
  readonly version: string;
}

/** A value on one line, as a TypeScript literal. */
function literal(item: unknown): string {
  return JSON.stringify(item, null, 1).replace(/\n */g, ' ');
}

/**
 * The typed TypeScript class of a design, `harness/<top>.ts`: runs frames through the RTL of the output folder it stands in, by
 * the port names of the design. Users write their own tests with it.
 *
 * The file is given to ts-morph as one structure, which is printed once: each later addition to a file costs another parse of it.
 */
export function harnessSource({ top, ports, channels, version }: HarnessRequest): string {
  const { IndentationText, Project, QuoteKind, Scope, StructureKind } = loadMorph();
  const project = new Project({
    useInMemoryFileSystem: true,
    skipLoadingLibFiles: true,
    manipulationSettings: { indentationText: IndentationText.TwoSpaces, quoteKind: QuoteKind.Single },
  });
  const name = className(top);
  const inputs = ports.filter((port) => port.direction === 'in');
  const outputs = ports.filter((port) => port.direction === 'out');
  const imports: morph.ImportDeclarationStructure[] = [
    { kind: StructureKind.ImportDeclaration, moduleSpecifier: 'node:url', namedImports: ['fileURLToPath'] },
    {
      kind: StructureKind.ImportDeclaration,
      moduleSpecifier: 'qcc/sim',
      namedImports: [
        'createVerilatorRunner',
        { name: 'DesignInterface', isTypeOnly: true },
        { name: 'VerilatorResult', isTypeOnly: true },
        { name: 'VerilatorRunner', isTypeOnly: true },
        { name: 'VerilatorRun', isTypeOnly: true },
      ],
    },
  ];
  const interfaces: morph.InterfaceDeclarationStructure[] = [
    {
      kind: StructureKind.Interface,
      name: `${name}Inputs`,
      isExported: true,
      docs: ['Frames for each input of the design.'],
      properties: inputs.map((port) => ({
        name: port.name,
        type: 'ArrayLike<number>',
        isReadonly: true,
        docs: [describe(port)],
      })),
    },
    {
      kind: StructureKind.Interface,
      name: `${name}Outputs`,
      isExported: true,
      docs: ['What leaves each output of the design.'],
      properties: outputs.map((port) => ({
        name: port.name,
        type: `VerilatorResult['outputs'][number]`,
        isReadonly: true,
        docs: [describe(port)],
      })),
    },
    {
      kind: StructureKind.Interface,
      name: `${name}Result`,
      isExported: true,
      docs: [
        'The outputs of a run by name, with its cycle stamps and, if asked for, the handshakes of every channel.',
      ],
      extends: [`Omit<VerilatorResult, 'outputs'>`],
      properties: [{ name: 'outputs', type: `${name}Outputs`, isReadonly: true }],
    },
  ];
  const list = (writer: morph.CodeBlockWriter, field: string, items: readonly unknown[]): void => {
    writer
      .writeLine(`${field}: [`)
      .indent(() => items.forEach((item) => writer.writeLine(`${literal(item)},`)));
    writer.writeLine('],');
  };
  // no structure: the lines of an initializer would hang, a level further in
  const design = (writer: morph.CodeBlockWriter): void => {
    writer.write('const design: DesignInterface = ').inlineBlock(() => {
      writer.writeLine(`top: '${top}',`);
      list(writer, 'ports', ports);
      list(writer, 'channels', channels);
    });
    writer.write(';').newLine();
  };
  const made: morph.ClassDeclarationStructure = {
    kind: StructureKind.Class,
    name,
    isExported: true,
    docs: [
      `The design ${top} as RTL in Verilator.\n\nOpen it once, run frames through it as often as needed, close it.`,
    ],
    properties: [{ name: '#runner', type: 'VerilatorRunner', isReadonly: true }],
    ctors: [
      {
        scope: Scope.Private,
        parameters: [{ name: 'runner', type: 'VerilatorRunner' }],
        statements: ['this.#runner = runner;'],
      },
    ],
    methods: [
      {
        name: 'open',
        isStatic: true,
        isAsync: true,
        docs: [
          'Compiles the Verilog of this output folder, or takes it from the cache, and starts the simulator.',
        ],
        parameters: [
          {
            name: 'options',
            type: '{ readonly monitor?: boolean; readonly trace?: boolean }',
            initializer: '{}',
          },
        ],
        returnType: `Promise<${name}>`,
        statements: [
          `const dir = fileURLToPath(new URL('..', import.meta.url));`,
          `return new ${name}(await createVerilatorRunner({ ...design, ...options, files: { dir } }));`,
        ],
      },
      {
        name: 'run',
        isAsync: true,
        docs: ['Runs frames from reset until the last beat has left.'],
        parameters: [
          { name: 'inputs', type: `${name}Inputs` },
          { name: 'options', type: `Omit<VerilatorRun, 'inputs'>`, initializer: '{}' },
        ],
        returnType: `Promise<${name}Result>`,
        statements: [
          `const result = await this.#runner.run({ ...options, inputs: [${inputs.map((port) => `inputs.${port.name}`).join(', ')}] });`,
          `const [${outputs.map((_, index) => `output${index}`).join(', ')}] = result.outputs;`,
          `if (${outputs.map((_, index) => `output${index} === undefined`).join(' || ')}) throw new Error('an output is missing');`,
          `return { ...result, outputs: { ${outputs.map((port, index) => `${port.name}: output${index}`).join(', ')} } };`,
        ],
      },
      {
        name: 'close',
        docs: [`Ends the simulator's process.`],
        returnType: 'void',
        statements: ['this.#runner.close();'],
      },
    ],
  };
  const header = `// Generated by qcc ${version} for the design ${top}: change the model, not this file.`;
  const file = project.createSourceFile('harness.ts', {
    statements: [header, ...imports, ...interfaces, design, made],
  });
  return file.getFullText();
}
