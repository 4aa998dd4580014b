import { LineChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { budgetOf, type Device } from '../devices/index.ts';
import type { DesignPoint } from '../lower/explore.ts';
import { renumbered } from './svg.ts';
import { engineering } from './text.ts';

use([LineChart, GridComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

const size = { width: 860, height: 560 };
const colours = { line: '#3b82c4', limit: '#c43b3b', text: '#444444', grid: '#e4e4e4' };

/** The powers of the square root of ten that enclose some positive numbers. */
function bounds(values: readonly number[]): { readonly min: number; readonly max: number } {
  const step = (n: number, round: (x: number) => number): number => 10 ** (round(2 * Math.log10(n)) / 2);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [min, max] = [step(least, Math.floor), step(most, Math.ceil)];
  return min === max ? { min: min / 2, max: max * 2 } : { min, max };
}

/**
 * The designs of a network as an SVG image: LUTs to the right, frames a second upwards, both on logarithmic scales; with a device, a line
 * where it is full. The same designs give the same bytes.
 *
 * @param found - at least one design, the fastest first.
 */
export function plotFront(
  found: { readonly name: string; readonly clockMhz: number; readonly points: readonly DesignPoint[] },
  device?: Device,
): string {
  const { name, clockMhz, points } = found;
  const full = device && budgetOf(device).lut;
  const luts = points.map(({ lut }) => Math.max(1, lut));
  const x = bounds(full === undefined ? luts : [...luts, full]);
  const y = bounds(points.map(({ fps }) => fps));
  const axis = {
    type: 'log' as const,
    nameLocation: 'middle' as const,
    nameTextStyle: { color: colours.text, fontSize: 14 },
    axisLabel: { color: colours.text, formatter: (value: number) => engineering(value).trim() },
    splitLine: { show: true, lineStyle: { color: colours.grid } },
  };
  const limit =
    device === undefined
      ? {}
      : {
          markLine: {
            symbol: 'none',
            animation: false,
            lineStyle: { color: colours.limit, type: 'dashed' as const },
            label: { color: colours.limit, formatter: `${device.name} is full` },
            data: [{ xAxis: full ?? 0 }],
          },
        };
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      title: {
        text: `${name} at ${clockMhz} MHz`,
        left: 'center',
        textStyle: { color: colours.text, fontSize: 16 },
      },
      grid: { left: 80, right: 40, top: 60, bottom: 60 },
      xAxis: { ...axis, name: 'LUT', nameGap: 32, ...x },
      yAxis: { ...axis, name: 'frames/s', nameGap: 55, ...y },
      series: [
        {
          type: 'line',
          symbol: 'circle',
          symbolSize: 6,
          lineStyle: { color: colours.line, width: 1.5 },
          itemStyle: { color: colours.line },
          data: points.map(({ fps }, i) => [luts[i] ?? 1, fps]),
          ...limit,
        },
      ],
    });
    return `${renumbered(chart.renderToSVGString())}\n`;
  } finally {
    chart.dispose();
  }
}
