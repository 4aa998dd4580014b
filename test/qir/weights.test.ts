import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DiagnosticError } from '../../compiler/diagnostics/index.ts';
import {
  allocate,
  bipolar,
  encodeWeights,
  float32,
  GraphBuilder,
  int,
  loadQir,
  parseQir,
  printQir,
  saveQir,
  sha256,
  strictlyGreater,
  ternary,
  uint,
  WeightsFile,
} from '../../compiler/qir/index.ts';
import type { Const, ElementType, Graph } from '../../compiler/qir/index.ts';
import { pack, storageOf, unpack } from '../../compiler/qir/pack.ts';
import { anyTensor, integerElement, withoutPlaces } from './arbitrary.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qcc-qir-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A constant of ascending, wrapped values. */
function sample(name: string, elem: ElementType, count: number): Const {
  const data = allocate(elem, count);
  for (let i = 0; i < count; i++)
    data[i] = elem.kind === 'bipolar' ? (i % 3 === 0 ? 1 : -1) : (i % 3) - (elem.kind === 'uint' ? 0 : 1);
  return { name, tensor: { type: { elem, shape: [count] }, data } };
}

/** The code of the first diagnostic that `body` throws, and what it found. */
function refusal(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    const first = error.diagnostics[0];
    return `${first?.code} ${first?.found}`;
  }
  return 'accepted';
}

describe('packing', () => {
  it('gives back every tensor', () => {
    fc.assert(
      fc.property(anyTensor(fc.oneof(integerElement, fc.constant(float32))), ({ type, data }) => {
        const bytes = pack(type, data);
        const { shape, itemSize } = storageOf(type);
        expect(bytes.length).toBe(shape.reduce((product, n) => product * n, itemSize));
        deepStrictEqual(unpack(type, bytes), data);
      }),
      { numRuns: 500 },
    );
  });

  it('puts the first element into the lowest bits', () => {
    const bits = pack({ elem: bipolar, shape: [10] }, Int8Array.of(1, -1, -1, 1, 1, -1, -1, -1, -1, 1));
    expect([...bits]).toEqual([0b00011001, 0b10]);
    const threes = pack({ elem: int(3), shape: [3] }, Int8Array.of(-4, 3, -1));
    expect([...threes]).toEqual([0b11_011_100, 0b1]);
    expect([...pack({ elem: ternary, shape: [3] }, Int8Array.of(-1, 0, 1))]).toEqual([0b01_00_11]);
  });
});

describe('the safetensors file', () => {
  const consts = [
    sample('bits', bipolar, 20),
    sample('wide', int(17), 3),
    sample('u', uint(8), 5),
    sample('f', float32, 2),
  ];

  it('has an aligned header, aligned data without gaps, and types that other readers know', () => {
    const bytes = Buffer.from(encodeWeights(consts));
    const length = Number(bytes.readBigUInt64LE(0));
    expect(length % 8).toBe(0);
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
      string,
      { dtype: string; shape: number[]; data_offsets: [number, number] }
    >;
    const { __metadata__: metadata, ...tensors } = header;
    expect(metadata).toEqual({
      format: 'qir 1',
      '@bits': 'bipolar[20] packed 1 bits, lowest first',
      '@wide': 'int17[3]',
      '@u': 'uint8[5]',
      '@f': 'float32[2]',
    });
    expect(tensors).toEqual({
      wide: { dtype: 'I32', shape: [3], data_offsets: [0, 12] },
      f: { dtype: 'F32', shape: [2], data_offsets: [12, 20] },
      bits: { dtype: 'U8', shape: [3], data_offsets: [20, 23] },
      u: { dtype: 'U8', shape: [5], data_offsets: [23, 28] },
    });
    expect(bytes.length).toBe(8 + length + 28);
    expect(bytes.readInt32LE(8 + length + 4)).toBe(0);
  });

  it('is the same for the same constants, and gives them back', () => {
    const bytes = encodeWeights(consts);
    expect(sha256(encodeWeights(consts))).toBe(sha256(bytes));
    const file = new WeightsFile(bytes, 'w');
    for (const c of consts) deepStrictEqual(file.read(c.name, c.tensor.type), c.tensor.data);
  });

  it.each<[string, (bytes: Buffer) => Uint8Array, RegExp]>([
    ['empty', () => new Uint8Array(0), /QCC1205 0 bytes/],
    ['cut in the length', (b) => b.subarray(0, 7), /QCC1205 7 bytes/],
    ['cut in the header', (b) => b.subarray(0, 40), /QCC1205 a header of \d+ bytes in a file of 40/],
    ['cut in the data', (b) => b.subarray(0, b.length - 1), /QCC1205 "u" ends at byte 28 of 27/],
    [
      'of an absurd length',
      (b) => Buffer.concat([Buffer.alloc(8, 0xff), b.subarray(8)]),
      /QCC1205 a header of 18446744073709551615/,
    ],
    [
      'without JSON',
      (b) => Buffer.concat([b.subarray(0, 8), Buffer.alloc(b.length - 8)]),
      /QCC1205 a header that is not JSON/,
    ],
    ['with another header', () => withHeader('[1]'), /QCC1205 a header that is no object/],
    ['with a null entry', () => withHeader('{"a":null}'), /QCC1205 the entry "a"/],
    [
      'with a negative offset',
      () => withHeader('{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}'),
      /QCC1205 the entry "a"/,
    ],
    [
      'with offsets the wrong way',
      () => withHeader('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}'),
      /QCC1205 the entry "a"/,
    ],
  ])('is refused when %s', (_, damage, expected) => {
    expect(refusal(() => new WeightsFile(damage(Buffer.from(encodeWeights(consts))), 'w'))).toMatch(expected);
  });

  it('refuses to read a tensor as something else', () => {
    const file = new WeightsFile(encodeWeights(consts), 'w');
    expect(refusal(() => file.read('bit', { elem: bipolar, shape: [20] }))).toBe('QCC1206 no such tensor');
    expect(refusal(() => file.read('__proto__', { elem: bipolar, shape: [20] }))).toBe(
      'QCC1206 no such tensor',
    );
    expect(refusal(() => file.read('wide', { elem: int(16), shape: [3] }))).toBe('QCC1207 I32 [3]');
    expect(refusal(() => file.read('wide', { elem: int(17), shape: [4] }))).toBe('QCC1207 I32 [3]');
    const short = withHeader('{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,1]}}', 3);
    const type = { elem: uint(8), shape: [3] };
    expect(refusal(() => new WeightsFile(short, 'w').read('a', type))).toBe('QCC1207 U8 [3] in 1 bytes');
  });
});

function withHeader(header: string, data = 0): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, Buffer.from(header), Buffer.alloc(data)]);
}

/** Changes a text file in place. */
function edit(path: string, from: string, to: string): void {
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(from, to));
}

/** A binary layer, its weights too large for the text. */
function layer(elem: ElementType = bipolar): Graph {
  const g = new GraphBuilder('layer');
  const x = g.input('x', bipolar, [8]);
  const w = Array.from({ length: 32 }, (_, i) => (i % 5 === 0 ? -1 : 1));
  const sum = g.matmul(x, { elem, shape: [4, 8], data: w }, { name: 'sum' });
  g.output(g.threshold(sum, strictlyGreater([0, 1, 2, 3]), { result: bipolar, name: 'bit' }));
  return g.build();
}

describe('saveQir and loadQir', () => {
  it('write a text and a weights file, and read them back', () => {
    const path = join(folder, 'layer.qir');
    const graph = layer();
    saveQir(graph, path);
    deepStrictEqual(withoutPlaces(loadQir(path)), withoutPlaces(graph));
    const before = [readFileSync(path), readFileSync(join(folder, 'layer.safetensors'))];
    saveQir(loadQir(path), path);
    deepStrictEqual([readFileSync(path), readFileSync(join(folder, 'layer.safetensors'))], before);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(readFileSync(path, 'utf8')).toMatch(/^weights "layer.safetensors" sha256 "[0-9a-f]{64}"$/m);
    expect(readFileSync(path, 'utf8')).toMatch(/^const @sum_w : bipolar\[4, 8\]$/m);
  });

  it('need no weights file where every constant is small', () => {
    const g = new GraphBuilder('small');
    g.output(g.input('x', uint(8), [3]));
    const path = join(folder, 'small.qir');
    saveQir(g.build(), path);
    expect(readdirSync(folder)).not.toContain('small.safetensors');
    expect(loadQir(path).inputs).toHaveLength(1);
  });

  it('leave what was there when writing fails', () => {
    const path = join(folder, 'kept.qir');
    saveQir(layer(), path);
    const before = readFileSync(path, 'utf8');
    rmSync(join(folder, 'kept.safetensors'));
    mkdirSync(join(folder, 'kept.safetensors', 'in-the-way'), { recursive: true });
    expect(refusal(() => saveQir(layer(ternary), path))).toMatch(/^QCC1201 /);
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(refusal(() => saveQir(layer(), join(folder, 'no', 'such', 'folder.qir')))).toBe(
      'QCC1201 no such file or folder',
    );
  });

  it.each<[string, (weights: string, path: string) => void, RegExp]>([
    ['is missing', (weights) => rmSync(weights), /QCC1203 no such file or folder/],
    ['is a folder', (weights) => (rmSync(weights), mkdirSync(weights)), /QCC1203 a folder/],
    [
      'is cut short',
      (weights) => writeFileSync(weights, readFileSync(weights).subarray(0, -1)),
      /QCC1204 sha256 /,
    ],
    [
      'has one other bit',
      (weights) => {
        const bytes = readFileSync(weights);
        bytes[bytes.length - 1]! ^= 1;
        writeFileSync(weights, bytes);
      },
      /QCC1204 sha256 /,
    ],
    [
      'belongs to another shape',
      (_, path) => edit(path, 'bipolar[4, 8]', 'bipolar[4, 16]'),
      /QCC1207 U8 \[4\]/,
    ],
    ['belongs to another type', (_, path) => edit(path, 'bipolar[4, 8]', 'int8[4, 8]'), /QCC1207 U8 \[4\]/],
    ['lacks the tensor', (_, path) => edit(path, '@sum_w', '@sum_v'), /QCC1206 no such tensor/],
  ])('refuse weights when the file %s', (name, damage, expected) => {
    const base = join(folder, name.replaceAll(' ', '-'));
    saveQir(layer(), `${base}.qir`);
    damage(`${base}.safetensors`, `${base}.qir`);
    expect(refusal(() => loadQir(`${base}.qir`))).toMatch(expected);
  });

  it('refuse a value that the type does not hold', () => {
    // the code 0b10 is no ternary number, and 9 bits stored in 16 may hold more
    const codes = sample('c', int(2), 24);
    codes.tensor.data[7] = -2;
    const wide = sample('d', int(16), 24);
    wide.tensor.data[3] = 256;
    const bytes = encodeWeights([codes, wide]);
    const text = `qir 1\nweights "w" sha256 "${sha256(bytes)}"\ngraph integer @g {\n  input %x : uint1[1]\n  output %x : uint1[1]\n}\n`;
    const read = (line: string) => () => parseQir(text + line, { file: 'a', readWeights: () => bytes });
    expect(refusal(read('const @c : ternary[24]\n'))).toBe('QCC1118 -2 at [7]');
    expect(refusal(read('const @d : int9[24]\n'))).toBe('QCC1118 256 at [3]');
    expect(refusal(read('const @d : int16[24]\n'))).toBe('accepted');
  });

  it('refuse files that are no text or not there', () => {
    writeFileSync(join(folder, 'binary.qir'), Buffer.from([0x71, 0x69, 0x72, 0xff, 0xfe]));
    expect(refusal(() => loadQir(join(folder, 'binary.qir')))).toMatch(/^QCC1202/);
    expect(refusal(() => loadQir(join(folder, 'absent.qir')))).toBe('QCC1200 no such file or folder');
    expect(refusal(() => loadQir(folder))).toBe('QCC1200 a folder');
  });
});

describe('size and speed', () => {
  it('saves and loads three million binary weights, a bit each', () => {
    const g = new GraphBuilder('lfc');
    let x = g.input('x', bipolar, [784]);
    for (const [out, inputs] of [
      [1024, 784],
      [1024, 1024],
      [1024, 1024],
      [10, 1024],
    ] as const) {
      const data = Int8Array.from({ length: out * inputs }, (_, i) => ((i * 2654435761) & 64 ? 1 : -1));
      const sum = g.matmul(x, { elem: bipolar, shape: [out, inputs], data });
      x = g.threshold(sum, new Int32Array(out), { result: bipolar });
    }
    g.output(x);
    const graph = g.build();
    const path = join(folder, 'lfc.qir');
    saveQir(graph, path);
    const again = loadQir(path);
    expect(again.nodes).toHaveLength(8);
    expect(statSync(join(folder, 'lfc.safetensors')).size).toBeLessThan(400_000);
  });

  it('reads files of many lines, long names, long strings and many brackets without running out of stack', () => {
    const count = 5_000;
    const lines = Array.from(
      { length: count },
      (_, i) => `  %v${i + 1} = reshape %v${i} {shape = [4]} : int4[4]`,
    );
    const head = `qir 1\n${'// remark\n'.repeat(100_000)}graph integer @g {\n  input %v0 : int4[4] from "${'\\n'.repeat(1_000_000)}"\n`;
    const text = `${head}${lines.join('\n')}\n  output %v${count} : int4[4]\n}\n`;
    const graph = parseQir(text, { file: 'long.qir' });
    expect(graph.nodes).toHaveLength(count);
    expect(graph.inputs[0]?.origin.nodes[0]).toHaveLength(1_000_000);
    const name = 'n'.repeat(10_000);
    const long = `qir 1\ngraph integer @${name} {\n  input %${name} : int4[4]\n  output %${name} : int4[4]\n}\n`;
    expect(printQir(parseQir(long, { file: 'name.qir' }))).toContain(`@${name} {`);
    expect(
      refusal(() => parseQir(`qir 1\ngraph integer @g ${'{'.repeat(200_000)}`, { file: 'deep.qir' })),
    ).toMatch(/^QCC1003 `\{`/);
    const numbers = `qir 1\nconst @a : int4[3] = [${'1, '.repeat(100_000)}; 1]`;
    expect(refusal(() => parseQir(numbers, { file: 'numbers.qir' }))).toMatch(/^QCC1001 ";"/);
    const list = `qir 1\nconst @a : int4[3] = [${'1, '.repeat(100_000)}]`;
    expect(refusal(() => parseQir(list, { file: 'list.qir' }))).toMatch(/^QCC1003 `\]`/);
  });
});
