/**
 * What quantizing the published LeNets costs without training, method by method: `make papers`. Each row has the errors among the 10,000 MNIST
 * test images and the relative squared weight error, and what is expected of them where a measurement is known. Exits with status 1 if a
 * count is off by more than 2 errors, or a weight error in its last printed digit.
 *
 *     node --import ./scripts/ts.mjs bench/papers.ts [sketch] [twn] [bwn] [prune] [ffn] ...
 */
import Table from 'cli-table3';
import {
  binarize,
  bitsPerWeight,
  dorefaWeights,
  factorize,
  masked,
  matrixOf,
  nonZeros,
  prune,
  quantizeIntegers,
  quantizePowers,
  reconstruct,
  shiftedBases,
  sketch,
  sparseOf,
  ternarize,
  totalCost,
  trainedTernary,
  weightCost,
  type Matrix,
  type WeightCost,
  type WeightRepresentation,
} from '../compiler/quantize/weights/index.ts';
import {
  countErrors,
  layerOf,
  networkError,
  readLenet,
  replaceLayers,
  type Lenet,
} from '../test/quantize/lenet.ts';

interface Row {
  readonly group: string;
  readonly label: string;
  readonly lenet: Lenet;
  /** The approximation of a layer, or undefined where it stays float. */
  readonly quantize: (matrix: Matrix, layer: string) => WeightRepresentation | undefined;
  /** The biases of a layer, where they change too. */
  readonly biases?: (layer: string) => Float64Array;
  /** Test errors, within 2. */
  readonly errors?: number;
  /** Relative weight error as printed, with four digits after the point or three; the last may have been rounded twice. */
  readonly weightError?: string;
  /** Bits of a weight that is left, of a sparse layer; 8 unless given. */
  readonly weightBits?: number;
}

const dense = [readLenet('lenet5_dense'), readLenet('lenet300100_dense')] as const;
const sparse = [readLenet('lenet5_sparse'), readLenet('lenet300100_sparse')] as const;
const last = (lenet: Lenet): string => [...lenet.layers.keys()].at(-1) ?? '';
const first = (lenet: Lenet): string => [...lenet.layers.keys()][0] ?? '';

/** One row for each of the two networks; expectations in the order LeNet-5, LeNet-300-100. */
function both(
  group: string,
  label: string,
  quantize: (matrix: Matrix, layer: string, lenet: Lenet) => WeightRepresentation | undefined,
  errors: readonly number[] = [],
  weightErrors: readonly string[] = [],
  networks: readonly Lenet[] = dense,
): Row[] {
  return networks.map((lenet, i) => ({
    group,
    label,
    lenet,
    quantize: (matrix: Matrix, layer: string) => quantize(matrix, layer, lenet),
    ...(errors[i] === undefined ? {} : { errors: errors[i] }),
    ...(weightErrors[i] === undefined ? {} : { weightError: weightErrors[i] }),
  }));
}

const sketchErrors = {
  direct: [
    [401, 1223, '.2842', '.3349'],
    [141, 401, '.0853', '.1231'],
    [109, 287, '.0288', '.0567'],
    [108, 288, '.0126', '.0338'],
  ],
  refined: [
    [401, 1223, '.2842', '.3349'],
    [133, 377, '.0843', '.1195'],
    [104, 289, '.0270', '.0501'],
    [101, 245, '.0106', '.0253'],
  ],
} as const;

const ffnOnce = (factor: number, epochs: number) => (matrix: Matrix, layer: string, lenet: Lenet) =>
  layer === last(lenet) || layer === 'conv1'
    ? undefined
    : factorize(matrix, { rank: Math.round(factor * Math.min(matrix.rows, matrix.columns)), epochs }).weights;
const ffnAll = (epochs: number) => (matrix: Matrix, layer: string) =>
  layer === 'conv1' ? undefined : factorize(matrix, { epochs }).weights;

/** The greatest weights and biases of a layer, pooled, as many as its sparse counterpart has. */
function prunedLike(lenet: Lenet, layer: string): { weights: WeightRepresentation; biases: Float64Array } {
  const matrix = layerOf(lenet, layer);
  const biases = lenet.biases.get(layer) ?? new Float64Array(0);
  const counterpart = sparse[dense.indexOf(lenet)];
  if (counterpart === undefined) throw new Error(`${lenet.name} has no sparse counterpart`);
  const count = nonZeros(layerOf(counterpart, layer).data) + nonZeros(counterpart.biases.get(layer) ?? []);
  const { mask } = prune(matrixOf(1, matrix.data.length + biases.length, [...matrix.data, ...biases]), {
    count,
  });
  return {
    weights: masked(matrix, mask.subarray(0, matrix.data.length)),
    biases: biases.map((bias, i) => bias * (mask[matrix.data.length + i] as number)),
  };
}

const rows: readonly Row[] = [
  ...both('float', 'float', () => undefined, [91, 228]),
  ...(['direct', 'refined'] as const).flatMap((kind) =>
    sketchErrors[kind].flatMap(([five, three, error5, error3], i) =>
      both(
        'sketch',
        `sketch ${kind}, ${i + 1} bases`,
        (matrix) => sketch(matrix, { bases: i + 1, refined: kind === 'refined' }),
        [five, three],
        [error5, error3],
      ),
    ),
  ),
  ...(
    [
      [5, 104, 226, '.0396', '.0371'],
      [4, 108, 244, '.0497', '.0711'],
      [3, 181, 2817, '.550', '.656'],
      [2, 8251, 8540, '.945', '.947'],
    ] as const
  ).flatMap(([bits, five, three, error5, error3]) =>
    both(
      'inq',
      `INQ in one step, ${bits} bits`,
      (m) => quantizePowers(m, { bits }),
      [five, three],
      [error5, error3],
    ),
  ),
  ...both('sparse', 'the sparse networks, float', sparseOf, [91, 199], [], sparse).map((row) => ({
    ...row,
    weightBits: 32,
  })),
  ...both(
    'sparse',
    'the sparse networks, int8 per filter',
    (m) => masked(reconstruct(quantizeIntegers(m, { bits: 8 })), sparseOf(m).mask),
    [],
    [],
    sparse,
  ),
  ...(
    [
      [5, 187, 468],
      [4, 187, 470],
      [3, 2300, 2107],
    ] as const
  ).flatMap(([bits, five, three]) =>
    both(
      'sparse',
      `the sparse networks, INQ in one step, ${bits} bits`,
      (m) => masked(reconstruct(quantizePowers(m, { bits })), sparseOf(m).mask),
      [five, three],
      [],
      sparse,
    ).map((row) => ({ ...row, weightBits: bits })),
  ),
  ...both('twn', 'TWN per layer', (m) => ternarize(m), [181, 535], ['.1416', '.1916']),
  ...both('twn', 'TWN per filter', (m) => ternarize(m, { scope: 'filter' }), [167, 539], ['.1388', '.1812']),
  ...both(
    'bwn',
    'BWN, first and last layer float',
    (m, layer, lenet) => (layer === first(lenet) || layer === last(lenet) ? undefined : binarize(m)),
    [150, 265],
  ),
  ...dense.map((lenet, i): Row => ({
    group: 'prune',
    label: 'magnitude pruning to the counts of the sparse networks',
    lenet,
    quantize: (_, layer) => prunedLike(lenet, layer).weights,
    biases: (layer) => prunedLike(lenet, layer).biases,
    errors: [7951, 6273][i] as number,
  })),
  ...both('ttq', 'TTQ, threshold 0.05, scales by least squares', (m) => trainedTernary(m)),
  ...[2, 3, 5].flatMap((bases) => both('abc', `ABC-Net, ${bases} bases`, (m) => shiftedBases(m, { bases }))),
  ...[8, 4, 3, 2].flatMap((bits) =>
    both('int', `int${bits} per filter`, (m) => quantizeIntegers(m, { bits })),
  ),
  ...[4, 2].flatMap((bits) => both('dorefa', `DoReFa, ${bits} bits`, (m) => dorefaWeights(m, { bits }))),
  ...(
    [
      [1, 1, 105, 247],
      [1.5, 1, 96, 236],
      [2, 1, 93, 234],
      [1, 20, 98, 269],
      [1.5, 20, 93, 236],
      [2, 20, 90, 243],
    ] as const
  ).flatMap(([factor, epochs, five, three]) =>
    both('ffn', `FFN, rank ${factor} x min, ${epochs} epochs`, ffnOnce(factor, epochs), [five, three]),
  ),
  ...both('ffn', 'FFN, last layer too, 1 epoch', ffnAll(1), [1786, 327]),
  ...both('ffn', 'FFN, last layer too, 5 epochs', ffnAll(5), [740, 307]),
  ...[0.5].flatMap((factor) =>
    both('ffn', 'FFN, last layer too, rank 0.5 x min', (m, layer) =>
      layer === 'conv1'
        ? undefined
        : factorize(m, { rank: Math.round(factor * Math.min(m.rows, m.columns)) }).weights,
    ),
  ),
];

/** Whether a number is what was printed, within half of the last digit, which may have been rounded twice. */
function prints(number: number, printed: string): boolean {
  const unit = 10 ** -(printed.length - 1);
  return Math.abs(number - Number(printed)) / unit < 0.55;
}

const groups = [...new Set(rows.map(({ group }) => group))];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !groups.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no method ${unknown.join(', ')}; there are ${groups.join(', ')}\n`);
  process.exit(2);
}

const table = new Table({
  head: ['method', 'network', 'errors', 'expected', 'weight error', 'expected', 'bits/weight'],
  style: { head: [], border: [] },
});
let off = 0;
for (const row of rows) {
  if (wanted.length > 0 && !wanted.includes(row.group)) continue;
  const costs: WeightCost[] = [];
  const replaced = replaceLayers(row.lenet, (matrix, layer) => {
    const weights = row.quantize(matrix, layer);
    if (weights === undefined) return undefined;
    costs.push(weightCost(weights, { weightBits: row.weightBits ?? 8 }));
    return reconstruct(weights);
  });
  const biases = new Map(
    [...row.lenet.layers.keys()].flatMap((layer) => (row.biases ? [[layer, row.biases(layer)]] : [])),
  );
  const errors = await countErrors(row.lenet, replaced, biases);
  const weightError = networkError(row.lenet, replaced);
  const bad =
    (row.errors !== undefined && Math.abs(errors - row.errors) > 2) ||
    (row.weightError !== undefined && !prints(weightError, row.weightError));
  if (bad) off++;
  table.push([
    row.label + (bad ? ' (!)' : ''),
    row.lenet.name.startsWith('lenet5') ? 'LeNet-5' : 'LeNet-300-100',
    errors,
    row.errors ?? '',
    weightError.toFixed(4).replace(/^0/, ''),
    row.weightError ?? '',
    costs.length === 0 ? '' : bitsPerWeight(totalCost(costs)).toFixed(2),
  ]);
  process.stderr.write(`${row.label}, ${row.lenet.name}: ${errors}\n`);
}
process.stdout.write(`${table.toString()}\n`);
if (off > 0) process.stderr.write(`${off} rows are not as expected\n`);
process.exitCode = off > 0 ? 1 : 0;
