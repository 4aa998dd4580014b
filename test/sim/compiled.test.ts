import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HwGraph, UnitDefinition } from '../../compiler/hw/index.ts';
import { DiagnosticError } from '../../compiler/diagnostics/index.ts';
import { dripping, paced, paceUnits } from '../../compiler/lower/pace.ts';
import { createRandom } from '../../compiler/random.ts';
import { activity, fifoOccupancy } from '../../sim/activity.ts';
import { runCompiled } from '../../sim/compiled.ts';
import { createEngine } from '../../sim/index.ts';
import { resolve } from '../../sim/netlist.ts';
import { schedule } from '../../sim/schedule.ts';
import { units } from '../../templates/registry.ts';
import { benchDesign, randomSource } from '../conformance/bench.ts';
import { compile, randomDag } from '../lower/nets.ts';
import { toyChain, toyUnits } from './toys.ts';

/** What a run comes to, in the general engine and in the compiled one. */
function both(hw: HwGraph, known: ReadonlyMap<string, UnitDefinition>, frames: number): [unknown, unknown] {
  const net = resolve(hw, known);
  const general = (): unknown => {
    try {
      const plan = schedule(net, { frames, record: 'ends' });
      const ends = [...net.inputs, ...net.outputs].map((c) => {
        const [times] = plan.times[c] ?? [];
        const beats = net.channels[c]?.beats ?? 0;
        return [times?.cycleOf(0), net.outputs.includes(c) ? times?.cycleOf(beats - 1) : 0];
      });
      return {
        cycles: plan.cycles,
        ends,
        steady: plan.steady !== null,
        interval: plan.steady === null ? 0 : plan.steady.cycles / plan.steady.frames,
        activity: activity(net, plan),
        fifos: fifoOccupancy(net, plan),
        status: plan.status,
      };
    } catch (error) {
      if (error instanceof DiagnosticError && error.diagnostics[0]?.code === 'QCC5030') return 'still';
      throw error;
    }
  };
  const run = runCompiled(net, frames);
  if (run === null) throw new Error(`${hw.name} has a model without a table`);
  if (run === 'still') return [general(), run];
  const compiled = {
    cycles: run.cycles,
    ends: [...net.inputs, ...net.outputs].map((c) => [
      run.first[c],
      net.outputs.includes(c) ? run.last[c] : 0,
    ]),
    steady: run.steady !== null,
    interval: run.steady === null ? 0 : run.steady.cycles / run.steady.frames,
    activity: activity(net, run),
    fifos: fifoOccupancy(net, run),
    status: run.status,
  };
  return [general(), compiled];
}

/** A design of the registry's units: branches that meet again, and FIFOs of any depths. */
const designs = fc
  .record({
    seed: fc.integer({ min: 1, max: 1e6 }),
    layers: fc.integer({ min: 2, max: 8 }),
    width: fc.integer({ min: 2, max: 9 }),
    cycles: fc.integer({ min: 4, max: 90 }),
    depths: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
  })
  .map(({ seed, layers, width, cycles, depths }) => {
    const graph = randomDag(createRandom(seed), { layers, width, inputs: 1 });
    const { hw } = compile(graph, { clockMhz: 100, fps: 1e8 / Math.max(cycles, width), style: 'folded' });
    let next = 0;
    const nodes = hw.nodes.map((node) =>
      node.unit === 'fifo'
        ? { ...node, params: { ...node.params, depth: depths[next++ % depths.length] ?? 1 } }
        : node,
    );
    return { hw: { ...hw, nodes }, cycles };
  });

describe('the compiled engine', () => {
  test.each([...units.values()].map((unit) => [unit.name, unit] as const))(
    'runs unit %s as the general one does',
    (_, unit) => {
      for (let seed = 1; seed <= 12; seed++) {
        const hw = benchDesign(unit, 1, randomSource(seed));
        for (const frames of [0, 1, 2, 40]) {
          const [general, compiled] = both(hw, units, frames);
          expect(compiled).toEqual(general);
        }
      }
    },
  );

  test('runs designs with branches as the general one does: free, paced, beat by beat, up to a standstill', () => {
    let still = 0;
    fc.assert(
      fc.property(designs, fc.constantFrom(1, 7, 300), ({ hw, cycles }, frames) => {
        const known = new Map([...units, ...paceUnits]);
        for (const design of [hw, paced(hw, cycles), dripping(hw, 300)]) {
          const [general, compiled] = both(design, known, frames);
          if (compiled === 'still') still++;
          expect(compiled).toEqual(general);
        }
      }),
      { numRuns: 40, seed: Number(process.env['QCC_SEED'] ?? 7) },
    );
    // the test means something only if some do stand still
    expect(still).toBeGreaterThan(0);
  });

  test('leaves designs alone in which a model has no table', () => {
    const hw = toyChain({ elem: { kind: 'int', bits: 32 }, elements: 4, lanes: 1 }, [
      { unit: 'fifo', depth: 2, elements: 4, lanes: 1, weights: [] },
    ]);
    expect(runCompiled(resolve(hw, toyUnits), 3)).toBe(null);
    expect(createEngine(hw, toyUnits).time({ frames: 3 }).cycles).toBeGreaterThan(0);
  });
});
