import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseArray, writeNpy, type Dtype, type NdArray, type NdData } from '../../compiler/data/index.ts';
import { viewOf, elementBytes } from '../../compiler/data/array.ts';

const dtypes: readonly Dtype[] = [
  'bool',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'uint64',
  'int64',
  'float32',
  'float64',
];

const arrays: fc.Arbitrary<NdArray> = fc
  .record({
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }),
  })
  .chain(({ dtype, shape }) => {
    const bytes = shape.reduce((a, b) => a * b, elementBytes(dtype));
    return fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((raw) => ({
      dtype,
      shape,
      data: viewOf(dtype, dtype === 'bool' ? raw.map((byte) => byte & 1) : raw.slice()),
    }));
  });

const bytesOf = (data: NdData): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function same(a: NdArray, b: NdArray): void {
  expect(a.dtype).toBe(b.dtype);
  expect(a.shape).toEqual(b.shape);
  expect(bytesOf(a.data)).toEqual(bytesOf(b.data));
}

/** An .npy file with any header text, in any version. */
function npyFile(header: string, body: Uint8Array, version = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length =
    version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, ...length, ...text, ...body]);
}

test('written arrays read back, plain, gzipped, in an archive stored and deflated', () => {
  fc.assert(
    fc.property(arrays, fc.constantFrom(0 as const, 9 as const), (array, level) => {
      const file = writeNpy(array);
      expect(file.length % 64).toBe(bytesOf(array.data).length % 64);
      same(parseArray(file, 'a.npy'), array);
      same(parseArray(gzipSync(file), 'a.npy.gz'), array);
      const other = writeNpy({ dtype: 'uint8', shape: [1], data: Uint8Array.of(7) });
      const archive = zipSync({ 'x.npy': file, 'y.npy': other }, { level });
      same(parseArray(archive, 'a.npz', 'x'), array);
      same(parseArray(gzipSync(archive), 'a.npz.gz', 'x.npy'), array);
    }),
    { numRuns: 200 },
  );
});

test('reads Fortran order as numpy means it', () => {
  // numpy.asfortranarray(numpy.arange(24, dtype='<i2').reshape(2, 3, 4))
  const body = new Uint8Array(48);
  const view = new DataView(body.buffer);
  let at = 0;
  for (let k = 0; k < 4; k++)
    for (let j = 0; j < 3; j++)
      for (let i = 0; i < 2; i++) {
        view.setInt16(at, i * 12 + j * 4 + k, true);
        at += 2;
      }
  const array = parseArray(
    npyFile("{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3, 4), }\n", body),
    'f.npy',
  );
  expect([...array.data]).toEqual(Array.from({ length: 24 }, (_, i) => i));
});

test('reads big-endian numbers, all header versions, keys in any order', () => {
  const body = Uint8Array.of(0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0);
  for (const version of [1, 2, 3]) {
    const array = parseArray(
      npyFile("{'shape': (2,), 'fortran_order': False, 'descr': '>f4'}", body, version),
      'b.npy',
    );
    expect(array).toEqual({ dtype: 'float32', shape: [2], data: Float32Array.of(1, -2) });
  }
});

test('widens half precision exactly', () => {
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000, 0x3555);
  const array = parseArray(
    npyFile("{'descr': '<f2', 'fortran_order': False, 'shape': (7,)}", bytesOf(halves)),
    'h.npy',
  );
  expect([...array.data]).toEqual([1, -2, 2 ** -24, 65504, Infinity, -0, 1365 / 4096]);
});

test('reads idx files', () => {
  const idx = Uint8Array.of(0, 0, 0x0b, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0x01, 0x02, 0xff, 0xfe);
  expect(parseArray(idx, 'i.idx')).toEqual({ dtype: 'int16', shape: [1, 2], data: Int16Array.of(258, -2) });
  expect(parseArray(gzipSync(idx), 'i.idx.gz').shape).toEqual([1, 2]);
});

describe('hostile files give their diagnostic', () => {
  const good = writeNpy({ dtype: 'int32', shape: [2, 2], data: Int32Array.of(1, 2, 3, 4) });
  const archive = zipSync({ 'x.npy': good }, { level: 0 });
  const flipped = archive.slice();
  const at = flipped.length - 120; // within the stored array
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  const header = (text: string) => npyFile(text, new Uint8Array(0));
  const dict = (descr: string, shape: string) =>
    `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`;
  const cases: readonly (readonly [string, Uint8Array, string, string?])[] = [
    ['an empty file', new Uint8Array(0), 'QCC6002'],
    ['text', new TextEncoder().encode('1,2,3\n'), 'QCC6002'],
    ['a cut-off .npy', good.subarray(0, good.length - 1), 'QCC6003'],
    ['a cut-off .npy header', good.subarray(0, 40), 'QCC6003'],
    ['an .npy of its magic alone', good.subarray(0, 6), 'QCC6003'],
    ['an .npy with a tail', Uint8Array.from([...good, 0]), 'QCC6003'],
    ['an .npy of version 9', Uint8Array.from([...good.subarray(0, 6), 9, ...good.subarray(7)]), 'QCC6004'],
    ['a header that is no dict', header('[1, 2]'), 'QCC6004'],
    ['a header without a shape', header("{'descr': '<i4', 'fortran_order': False}"), 'QCC6004'],
    ['a negative shape', header(dict("'<i4'", '(-1,)')), 'QCC6004'],
    ['Python objects', header(dict("'|O'", '(1,)')), 'QCC6005'],
    ['records', header(dict("[('a', '<i4')]", '(1,)')), 'QCC6005'],
    ['complex numbers', header(dict("'<c8'", '(1,)')), 'QCC6005'],
    ['text arrays', header(dict("'<U4'", '(1,)')), 'QCC6005'],
    ['a huge shape', header(dict("'<i4'", '(1000000, 1000000, 1000000)')), 'QCC6006'],
    ['a huge shape with a zero', header(dict("'<i4'", '(99999999999999999999, 0)')), 'QCC6006'],
    ['a cut-off archive', archive.subarray(0, archive.length - 10), 'QCC6007'],
    ['a wrong checksum', flipped, 'QCC6007'],
    ['an archive entry that is no array', zipSync({ 'x.npy': Uint8Array.of(1, 2, 3) }), 'QCC6007'],
    ['several arrays', zipSync({ 'x.npy': good, 'y.npy': good }), 'QCC6008'],
    ['an archive without arrays', zipSync({ 'readme.txt': good }), 'QCC6008'],
    ['another name', archive, 'QCC6009', 'z'],
    ['a name for a single array', good, 'QCC6010', 'x'],
    ['a cut-off gzip', gzipSync(good).subarray(0, 30), 'QCC6011'],
    ['a cut-off idx', Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 5, 1), 'QCC6003'],
    ['a huge idx', Uint8Array.of(0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255), 'QCC6006'],
    ['an idx of 200 axes', Uint8Array.of(0, 0, 8, 200, 0, 0), 'QCC6004'],
  ];
  for (const [title, bytes, code, name] of cases) {
    test(title, () => {
      expect(() => parseArray(bytes, 'file', name)).toThrow(
        expect.objectContaining({ diagnostics: [expect.objectContaining({ code })] }),
      );
    });
  }

  test('any bytes at all: an array or a diagnostic, never another error', () => {
    const starts = [
      good.subarray(0, 10),
      archive.subarray(0, 30),
      Uint8Array.of(0, 0, 8, 1),
      Uint8Array.of(31, 139, 8),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...starts, new Uint8Array(0)),
        fc.uint8Array({ maxLength: 200 }),
        (start, rest) => {
          try {
            parseArray(Uint8Array.from([...start, ...rest]), 'file');
          } catch (error) {
            expect((error as Error).name).toBe('DiagnosticError');
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('any flipped byte of an archive: an array or a diagnostic', () => {
    const packed = zipSync({ 'x.npy': good, 'y.npy': good }, { level: 9 });
    fc.assert(
      fc.property(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), (position, change) => {
        const damaged = packed.slice();
        damaged[position] = (damaged[position] ?? 0) ^ change;
        try {
          expect([...parseArray(damaged, 'file', 'x').data]).toEqual([1, 2, 3, 4]);
        } catch (error) {
          expect((error as Error).name).toBe('DiagnosticError');
        }
      }),
      { numRuns: 500 },
    );
  });
});
