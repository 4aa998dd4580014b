import type { DesignPort, HwGraph } from '../hw/index.ts';

export function harnessSource(hw: HwGraph, ports: readonly DesignPort[], version: string): string {
  return `// ${hw.name} ${ports.length} ${version}\n`;
}
