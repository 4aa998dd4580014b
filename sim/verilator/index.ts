export * from './build.ts';
export * from './design.ts';
export * from './runner.ts';
export { probeTools, type ToolName, type ToolReport } from './tools.ts';
