import { describe, expect, test } from 'vitest';
import { emitRtl } from '../../compiler/emit/index.ts';
import { freeze } from '../../compiler/hw/index.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { randomSource } from '../conformance/bench.ts';

// The Verilog of one small instance of every registered unit, for people to read: a change of a template shows here as text.
describe.each([...units.values()].map((unit) => [unit.name, unit] as const))('unit %s', (name, unit) => {
  test('prints the same Verilog', async () => {
    // the first sample that is small enough to read
    const random = randomSource(4);
    let text = '';
    for (let tries = 0; tries < 200; tries++) {
      const { params, consts } = unit.sample(random);
      const node: HwNode = {
        name: 'unit',
        unit: name,
        params,
        consts,
        origin: { nodes: ['source_node'] },
        value: '',
      };
      const channels = unit.ports(node).map((port) => {
        const [outer, inner] = [
          { node: '', port: port.name },
          { node: 'unit', port: port.name },
        ];
        const [from, to] = port.direction === 'in' ? [outer, inner] : [inner, outer];
        return { name: `c_${port.name}`, stream: port.stream, from, to };
      });
      const hw = freeze({ name: 'golden', nodes: [node], channels, clockMhz: 200 });
      text = emitRtl(hw, units, { templateRoot, version: '0' }).get('rtl/golden_unit.v') ?? '';
      if (text.split('\n').length < 160) break;
    }
    expect(text).toContain('module golden_unit');
    await expect(text).toMatchFileSnapshot(`../golden/units/${name}.v.expect`);
  });
});
