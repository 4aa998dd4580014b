export { makeReport, type ReportSource } from './report.ts';
export { reportSchema, type Check, type Report, type ReportLayer } from './schema.ts';
export { deviceText, reportText } from './text.ts';
export { reportHtml } from './html.ts';
