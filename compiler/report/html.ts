import { placeText, printable } from '../diagnostics/render.ts';
import type { Where } from '../diagnostics/index.ts';
import type { Report, ReportLayer } from './schema.ts';
import {
  bitsText,
  deviceText,
  duration,
  engineering,
  estimatesText,
  foldingText,
  storageText,
  thousands,
} from './text.ts';

/** Text made safe to stand in HTML, in attributes too. */
function escape(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return printable(text).replace(/[&<>"']/g, (char) => entities[char] ?? '');
}

const style = `
:root { color-scheme: light dark; --dim: #767676; --line: #8884; --bar: #3b82c4; --bind: #d08a1d; --good: #2f8f4e; --bad: #c43b3b }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin-top: 2rem }
p.sub { color: var(--dim); margin-top: 0 }
table { border-collapse: collapse; width: 100%; font-size: 14px }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap }
th { color: var(--dim); font-weight: 500 }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
td.bar { width: 30%; min-width: 8rem } td.bar div { height: .8rem; background: var(--bar); border-radius: 2px; min-width: 1px }
td.bar div.binds { background: var(--bind) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem } dt { color: var(--dim) } dd { margin: 0 }
.good { color: var(--good) } .bad { color: var(--bad) } .scroll { overflow-x: auto } small { color: var(--dim) }
`;

const cell = (text: string, numeric = false): string =>
  `<td${numeric ? ' class="n"' : ''}>${escape(text)}</td>`;

function row(layer: ReportLayer, report: Report): string {
  const { performance: speed } = report;
  const longest = Math.max(...report.layers.map((l) => l.cycles), ...report.plumbing.map((l) => l.cycles), 1);
  const share = ((100 * layer.cycles) / longest).toFixed(1);
  const binds = layer.instance === speed.binding.instance ? ' class="binds"' : '';
  const { types } = layer;
  const from = layer.source.length === 0 ? '' : ` title="${escape(layer.source.join(', '))}"`;
  return (
    `<tr><td${from}>${escape(layer.instance)}</td>${cell(layer.unit)}` +
    cell(`${layer.shape.inputs} → ${layer.shape.outputs}`, true) +
    cell(`${types.input}${types.weights === undefined ? '' : ` × ${types.weights}`} → ${types.output}`) +
    cell(foldingText(layer).replace(' x ', ' × '), true) +
    cell(thousands(layer.cycles), true) +
    `<td class="bar"><div${binds} style="width:${share}%"></div></td>` +
    [layer.cost.lut, layer.cost.ff, layer.cost.bram36, layer.cost.dsp]
      .map((n) => cell(thousands(n), true))
      .join('') +
    cell(layer.storage === undefined ? '' : bitsText(layer.storage.bitsPerWeight), true) +
    '</tr>'
  );
}

function tableOf(layers: readonly ReportLayer[], report: Report, total: boolean): string {
  const { lut, ff, bram36, dsp } = report.total;
  const foot = total
    ? `<tr><th colspan="7">total, with plumbing</th>${[lut, ff, bram36, dsp].map((n) => cell(thousands(n), true)).join('')}${cell(report.storage === undefined ? '' : bitsText(report.storage.bitsPerWeight), true)}</tr>`
    : '';
  const resources = ['LUT', 'FF', 'BRAM', 'DSP', 'bits a weight'];
  const head = ['layer', 'unit', 'shape', 'types', 'PE × SIMD', 'cycles', '', ...resources];
  const numeric = new Set(['shape', 'PE × SIMD', 'cycles', ...resources]);
  return (
    '<div class="scroll"><table><tr>' +
    head.map((title) => `<th${numeric.has(title) ? ' class="n"' : ''}>${title}</th>`).join('') +
    `</tr>${layers.map((layer) => row(layer, report)).join('\n')}${foot}</table></div>`
  );
}

const fact = (name: string, html: string): string => `<dt>${name}</dt><dd>${html}</dd>`;

function noteHtml(note: Report['notes'][number]): string {
  const place =
    note.where === undefined ? '' : ` <small>${escape(placeText(note.where as unknown as Where))}</small>`;
  const help = note.help === undefined ? '' : `<br><small>${escape(note.help)}</small>`;
  return `<li>${escape(note.severity)} ${escape(note.code)}: ${escape(note.message)}${place}${help}</li>`;
}

/** The report as one self-contained HTML page: no script, nothing fetched, every text out of the model escaped. */
export function reportHtml(report: Report): string {
  const { performance: speed, model } = report;
  const io = [...model.inputs.map((i) => i.type), ...model.outputs.map((o) => o.type)]
    .map(escape)
    .join(' to ');
  const checks = report.checks.map((check) => {
    if (check.compared === 'labels') return fact('accuracy', escape(check.text));
    return fact(
      check.equal ? 'proven' : 'different',
      `<span class="${check.equal ? 'good' : 'bad'}">${escape(check.text)}</span>`,
    );
  });
  const host = model.outputs.flatMap((output) => output.host.map((step) => fact('host', escape(step))));
  const device =
    report.device === undefined
      ? []
      : [
          fact(
            'device',
            `${escape(deviceText(report.device))} <small>${escape(report.device.title)}</small>`,
          ),
        ];
  const storage = storageText(report);
  const weights = storage === undefined ? [] : [fact('weights', escape(storage))];
  const plumbing =
    report.plumbing.length === 0 ? '' : `<h2>Plumbing</h2>${tableOf(report.plumbing, report, false)}`;
  const notes =
    report.notes.length === 0 ? '' : `<h2>Notes</h2><ul>${report.notes.map(noteHtml).join('\n')}</ul>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(model.name)}: qcc report</title><style>${style}</style></head><body>
<h1>${escape(model.name)}</h1>
<p class="sub">${io}, ${thousands(model.weights)} weights, ${thousands(report.total.operations)} multiply-accumulates a frame</p>
<dl>
${fact('throughput', `<b>${engineering(speed.framesPerSecond)}frames/s</b> at ${report.clockMhz} MHz, a frame every ${thousands(speed.initiationInterval)} cycles, ${engineering(speed.operationsPerSecond)}op/s`)}
${fact('latency', `<b>${duration(speed.latencyMicroseconds)}</b>, ${thousands(speed.latency)} cycles`)}
${fact('bound by', `${escape(speed.binding.instance)} (${escape(speed.binding.unit)}, ${thousands(speed.binding.cycles)} cycles a frame)`)}
${[...weights, ...device, ...host, ...checks].join('\n')}
</dl>
<h2>Layers</h2>
${tableOf(report.layers, report, true)}
<p><small>Resources are ${estimatesText(report)}; BRAM in units of 36 Kib. The bars show cycles a frame.</small></p>
${plumbing}
${notes}
<p><small>qcc ${escape(report.qcc)}; the same data as JSON is in report.json.</small></p>
</body></html>
`;
}
