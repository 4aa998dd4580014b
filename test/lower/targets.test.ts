import { describe, expect, test } from 'vitest';
import { DiagnosticError, Diagnostics, type Diagnostic } from '../../compiler/diagnostics/index.ts';
import { explore } from '../../compiler/lower/explore.ts';
import type { Budget } from '../../compiler/lower/plan.ts';
import type { Cost } from '../../compiler/hw/index.ts';
import { units } from '../../templates/registry.ts';
import { binaryMlp, compile, cycleModel, problems } from './nets.ts';

const net = binaryMlp([40, 24, 17, 10]);
const clockMhz = 100;

function total(plan: readonly { readonly cost: Cost }[], resource: keyof Cost): number {
  return plan.reduce((sum, { cost }) => sum + cost[resource], 0);
}

const front = explore(net, units, { clockMhz, style: 'folded', model: cycleModel(units) }, new Diagnostics());

describe('explore', () => {
  test('gives designs that get smaller as they get slower, from the fastest to the smallest', () => {
    expect(front.length).toBeGreaterThan(10);
    expect(front[0]?.interval).toBe(1);
    front.slice(1).forEach((point, i) => {
      expect(point.interval).toBeGreaterThan(front[i]?.interval ?? Infinity);
      expect(point.lut).toBeLessThan(front[i]?.lut ?? 0);
    });
    for (const { fps, interval } of front) expect(fps).toBe(1e8 / interval);
  });

  test('says what compiling for the rate then gives, but for FIFOs', () => {
    for (const { fps, interval, latency, lut } of front.filter((_, i) => i % 4 === 0)) {
      const { plan, ...found } = compile(net, { clockMhz, fps, style: 'folded' });
      expect(found.initiationInterval).toBe(interval);
      if (plan.every(({ unit }) => unit !== 'fifo')) expect(found.latency).toBe(latency);
      expect(
        total(
          plan.filter(({ unit }) => unit !== 'fifo'),
          'lut',
        ),
      ).toBe(lut);
    }
  });
});

describe('targets', () => {
  test('a latency: kept by the finished design, which is cheaper the more time there is', () => {
    const luts = [1, 2, 4, 8].map((latencyUs) => {
      const { latency, plan } = compile(net, { clockMhz, latencyUs, style: 'folded' });
      expect(latency).toBeLessThanOrEqual(latencyUs * clockMhz);
      return total(plan, 'lut');
    });
    expect(luts).toEqual([...luts].sort((a, b) => b - a));
    expect(luts[0]).toBeGreaterThan(luts[3] ?? Infinity);
  });

  test('a latency and a rate: both', () => {
    const { latency, initiationInterval } = compile(net, { clockMhz, latencyUs: 9, fps: 2e6 });
    expect(latency).toBeLessThanOrEqual(900);
    expect(initiationInterval).toBeLessThanOrEqual(50);
  });

  test('a latency that no folding reaches: the slowest layer and what would do', () => {
    const [first] = problems(net, { clockMhz, latencyUs: 0.05 });
    expect(first).toMatch(
      /^QCC4110 no folding passes a frame through in 0.05 us at 100 MHz: the fastest takes 0\.\d+ us/,
    );
    const least = Number(/takes ([\d.]+) us/.exec(first ?? '')?.[1]);
    expect(compile(net, { clockMhz, latencyUs: least }).latency).toBeLessThanOrEqual(least * clockMhz);
  });

  test('a budget alone: the fastest design that fits, and no faster one does', () => {
    for (const { lut } of front.filter((_, i) => i % 5 === 2)) {
      const { plan, initiationInterval } = compile(net, { clockMhz, budget: { lut }, style: 'folded' });
      expect(total(plan, 'lut')).toBeLessThanOrEqual(lut);
      const faster = front.filter(({ interval }) => interval < initiationInterval * 0.9);
      // a faster one may fail by the FIFOs that it needs, a tenth at most
      for (const point of faster) expect(point.lut).toBeGreaterThan(lut * 0.9);
    }
  });

  test('a budget of flip-flops or DSP blocks counts as well', () => {
    const { plan } = compile(net, { clockMhz, budget: { ff: 1200, dsp: 0 }, style: 'folded' });
    expect(total(plan, 'ff')).toBeLessThanOrEqual(1200);
    expect(total(plan, 'dsp')).toBe(0);
  });

  test('a rate beyond the budget: the resource, the layer, and the rate that would fit', () => {
    const [point] = front.filter(({ interval }) => interval >= 20);
    const budget = { lut: point?.lut ?? 0 };
    const [first] = problems(net, { clockMhz, fps: 2e7, budget, style: 'folded' });
    expect(first).toMatch(
      /^QCC4109 the cheapest design of 5 cycles a frame needs \d+ LUTs of \d+; layer act0 uses/,
    );
  });

  test('what a refusal says would do does, FIFOs included', () => {
    const said = (budget: Budget, fps?: number): Diagnostic => {
      const options = { clockMhz, budget, ...(fps === undefined ? {} : { fps }) };
      try {
        compile(net, options);
      } catch (error) {
        const found = error instanceof DiagnosticError ? error.diagnostics : [];
        const first = found.find(({ severity }) => severity === 'error');
        if (first !== undefined) return first;
        throw error;
      }
      throw new Error('it fits');
    };
    const none = said({ lut: 50 }).help ?? '';
    const least = Number(
      /^no folding fits: --budget lut=(\d+) would do, or a smaller network$/.exec(none)?.[1],
    );
    expect(total(compile(net, { clockMhz, budget: { lut: least } }).plan, 'lut')).toBeLessThanOrEqual(least);
    // one LUT less, where only the FIFOs are too many
    expect(said({ lut: least - 1 })).toMatchObject({
      found: `${least} LUTs`,
      expected: `at most ${least - 1}`,
      help: none,
    });
    const tight = { lut: Math.ceil(least * 1.1) };
    const rate = said(tight, 2e7);
    expect(rate.expected).toBe(`at most ${tight.lut}`);
    const most = Number(/^up to (\d+) frames a second fit/.exec(rate.help ?? '')?.[1]);
    expect(compile(net, { clockMhz, budget: tight, fps: most }).initiationInterval).toBeLessThanOrEqual(
      Math.ceil((clockMhz * 1e6) / most),
    );
  });

  test('a budget that nothing fits', () => {
    expect(problems(net, { budget: { lut: 50 } })[0]).toMatch(
      /^QCC4109 the smallest design needs \d+ LUTs of 50/,
    );
  });
});
