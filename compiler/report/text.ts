import { createColors } from 'picocolors';
import { printable } from '../diagnostics/render.ts';
import type { Report, ReportLayer } from './schema.ts';
import { plainTable } from './table.ts';

/** How the text report is drawn. */
export interface TextOptions {
  readonly color: boolean;
}

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

/** 21120 -> `21,120`; halves keep their `.5`. */
export function thousands(n: number): string {
  return grouped.format(n);
}

/** A rate or a time with a prefix a person can say: 3125000 -> `3.13 M`. */
export function engineering(n: number): string {
  const steps = [
    [1e12, ' T'],
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ] as const;
  for (const [size, prefix] of steps) {
    // 999.96 k would print as 1000 k: the next prefix takes over where rounding reaches it
    if (n >= size * 0.99995) return `${Number((n / size).toPrecision(3))}${prefix}`;
  }
  return `${Number(n.toPrecision(3))} `;
}

/** Microseconds as text, in ns, us or ms. */
export function duration(us: number): string {
  if (us < 1) return `${Number((us * 1000).toPrecision(3))} ns`;
  return us < 1000 ? `${Number(us.toPrecision(3))} us` : `${Number((us / 1000).toPrecision(3))} ms`;
}

function typesText({ types }: ReportLayer): string {
  return `${types.input}${types.weights === undefined ? '' : ` x ${types.weights}`} -> ${types.output}`;
}

/** `16 x 32`, with the order of folding and the unit's variant; `unrolled` where nothing is folded. */
export function foldingText({ folding, types }: ReportLayer): string {
  if (folding === undefined) return '';
  if (folding.style === 'unrolled') return 'unrolled';
  // without weights there is nothing to go through in one order or the other
  const order = types.weights === undefined ? [] : [folding.order];
  return [
    `${folding.pe} x ${folding.simd}`,
    ...order,
    ...(folding.variant === undefined ? [] : [folding.variant]),
  ].join(' ');
}

/** `21,120 bits in memories, 1.2 a weight (1 to 8 by layer)`: what weights take, with the indices of sparse ones. */
export function storageText({ storage }: Report): string | undefined {
  if (storage === undefined) return undefined;
  if (storage.bits === 0) return 'in logic, no bits in memories';
  const each = storage.layers.map(({ bitsPerWeight }) => bitsPerWeight);
  const [least, most] = [Math.min(...each), Math.max(...each)].map(bitsText);
  const range = least === most ? '' : ` (${least} to ${most} by layer)`;
  const factors = storage.factorBits === 0 ? '' : `; ${thousands(storage.factorBits)} bits of factors`;
  return `${thousands(storage.bits)} bits in memories, ${bitsText(storage.bitsPerWeight)} a weight${range}${factors}`;
}

/** Bits of a weight, to three digits. */
export function bitsText(bits: number): string {
  return String(Number(bits.toPrecision(3)));
}

/** What the resources of a report are, and how far off such totals are. */
export function estimatesText({ estimates }: Report): string {
  const { form, medianError } = estimates;
  const text = form === 'amd' ? 'with cells for AMD devices (QCC_XILINX)' : 'portable Verilog';
  const percent = (error: number): string => `${Math.round(100 * error)} %`;
  return `estimates for 6-input LUTs, ${text}, off by ${percent(medianError.lut)} of LUT and ${percent(medianError.ff)} of FF (median of ${medianError.networks} networks)`;
}

/** `xczu7ev: 12.3 % of LUTs, 4 % of flip-flops, ...`: how full the device is. */
export function deviceText(device: NonNullable<Report['device']>): string {
  const names = { lut: 'LUTs', ff: 'flip-flops', bram36: 'BRAM', dsp: 'DSP' } as const;
  const parts = (['lut', 'ff', 'bram36', 'dsp'] as const).map((key) => {
    const { percent } = device[key];
    return percent === null ? `no ${names[key]} there` : `${percent} % of ${names[key]}`;
  });
  return `${device.name}: ${parts.join(', ')}`;
}

/** The report as a person reads it on a terminal. */
export function reportText(report: Report, options: TextOptions): string {
  const paint = createColors(options.color);
  const { performance: speed, total } = report;
  const binds = (row: ReportLayer): boolean => row.instance === speed.binding.instance;
  const numbers = (row: ReportLayer | { readonly cost: Report['total'] }): string[] => [
    thousands(row.cost.lut),
    thousands(row.cost.ff),
    thousands(row.cost.bram36),
    thousands(row.cost.dsp),
  ];
  const right = 'right' as const;
  const rows: string[][] = [];
  for (const row of report.layers) {
    const cycles = thousands(row.cycles);
    rows.push([
      paint.bold(row.instance),
      row.unit,
      `${row.shape.inputs} -> ${row.shape.outputs}`,
      typesText(row),
      foldingText(row),
      binds(row) ? paint.yellow(cycles) : cycles,
      ...numbers(row),
    ]);
  }
  const sum = (key: 'lut' | 'ff' | 'bram36' | 'dsp'): number =>
    report.plumbing.reduce((n, row) => n + row.cost[key], 0);
  const rest = { lut: sum('lut'), ff: sum('ff'), bram36: sum('bram36'), dsp: sum('dsp'), operations: 0 };
  const slowest = Math.max(0, ...report.plumbing.map((row) => row.cycles));
  const count = `${report.plumbing.length} for streams, FIFOs, widths`;
  rows.push(
    ['plumbing', '', '', count, '', thousands(slowest), ...numbers({ cost: rest })].map((cell) =>
      paint.dim(cell),
    ),
  );
  rows.push([
    paint.bold('total'),
    '',
    '',
    '',
    '',
    '',
    ...numbers({ cost: total }).map((cell) => paint.bold(cell)),
  ]);

  const fact = (name: string, text: string): string => `  ${paint.dim(name.padEnd(11))} ${text}`;
  const typesOf = (ends: readonly { readonly type: string }[]): string =>
    ends.map(({ type }) => type).join(', ');
  const lines = [
    `${paint.bold(report.model.name)}: ${typesOf(report.model.inputs)} to ${typesOf(report.model.outputs)}, ${thousands(report.model.weights)} weights, ` +
      `${thousands(total.operations)} multiply-accumulates a frame`,
    '',
    ...plainTable(
      ['layer', 'unit', 'shape', 'types', 'PE x SIMD', 'cycles', 'LUT', 'FF', 'BRAM', 'DSP'].map((title) =>
        paint.dim(title),
      ),
      ['left', 'left', right, 'left', right, right, right, right, right, right],
      rows,
    )
      .split('\n')
      .map((line) => `  ${line.trimEnd()}`),
    '',
    fact(
      'throughput',
      `${paint.bold(`${engineering(speed.framesPerSecond)}frames/s`)} at ${report.clockMhz} MHz ` +
        `(a frame every ${thousands(speed.initiationInterval)} cycles; ${engineering(speed.operationsPerSecond)}op/s)`,
    ),
    fact(
      'latency',
      `${paint.bold(duration(speed.latencyMicroseconds))} (${thousands(speed.latency)} cycles)`,
    ),
    fact(
      'bound by',
      `${speed.binding.instance} (${speed.binding.unit}, ${thousands(speed.binding.cycles)} cycles a frame)`,
    ),
  ];
  const storage = storageText(report);
  if (storage !== undefined) lines.push(fact('weights', storage));
  if (report.device !== undefined) lines.push(fact('device', deviceText(report.device)));
  if (total.lut > 0) lines.push(fact('resources', `${estimatesText(report)}; BRAM in units of 36 Kib`));
  for (const { host } of report.model.outputs)
    for (const step of host) lines.push(fact('host', printable(step)));
  for (const check of report.checks) {
    const mark = check.compared === 'labels' ? 'accuracy' : check.equal ? 'proven' : 'DIFFERENT';
    lines.push(
      fact(
        mark,
        check.compared === 'labels' ? check.text : (check.equal ? paint.green : paint.red)(check.text),
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}
