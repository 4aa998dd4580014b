import { ScatterChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { renumbered } from './svg.ts';

use([ScatterChart, GridComponent, TitleComponent, SVGRenderer]);

/** One method as the plot shows it. */
export interface ComparedMethod {
  readonly method: string;
  readonly right: number;
  readonly frames: number;
  readonly bitsPerWeight: number;
  readonly design?: { readonly cycles: number };
}

const size = { width: 1100, height: 520 };
const colours = { point: '#3b82c4', text: '#444444', grid: '#e4e4e4' };

/** One cloud of labelled points. */
function series(index: number, points: readonly (readonly [x: number, y: number, name: string])[]) {
  return {
    type: 'scatter' as const,
    xAxisIndex: index,
    yAxisIndex: index,
    symbolSize: 9,
    itemStyle: { color: colours.point },
    label: { show: true, position: 'right' as const, color: colours.text, formatter: '{b}' },
    labelLayout: { moveOverlap: 'shiftY' as const },
    data: points.map(([x, y, name]) => ({ name, value: [x, y] })),
  };
}

/**
 * Methods of quantization as an SVG image: the part of frames that are right upwards, over the bits of a weight on the left and over the
 * cycles of a frame within the common budget on the right. The same numbers give the same bytes.
 */
export function plotComparison(name: string, measure: string, methods: readonly ComparedMethod[]): string {
  const axis = {
    nameLocation: 'middle' as const,
    nameTextStyle: { color: colours.text, fontSize: 14 },
    axisLabel: { color: colours.text },
    splitLine: { show: true, lineStyle: { color: colours.grid } },
    scale: true,
  };
  const percent = ({ right, frames }: ComparedMethod): number => (100 * right) / frames;
  const upwards = { ...axis, type: 'value' as const, name: `${measure}, %`, nameGap: 50 };
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      title: { text: name, left: 'center', textStyle: { color: colours.text, fontSize: 16 } },
      grid: [
        { left: 80, width: 400, top: 60, bottom: 60 },
        { left: 610, width: 400, top: 60, bottom: 60 },
      ],
      xAxis: [
        { ...axis, type: 'value', gridIndex: 0, name: 'bits a weight', nameGap: 32, min: 0, scale: false },
        { ...axis, type: 'log', gridIndex: 1, name: 'cycles a frame', nameGap: 32 },
      ],
      yAxis: [
        { ...upwards, gridIndex: 0 },
        { ...upwards, gridIndex: 1 },
      ],
      series: [
        series(
          0,
          methods.map((each) => [each.bitsPerWeight, percent(each), each.method]),
        ),
        series(
          1,
          methods.flatMap((each) =>
            each.design === undefined ? [] : [[each.design.cycles, percent(each), each.method] as const],
          ),
        ),
      ],
    });
    return `${renumbered(chart.renderToSVGString())}\n`;
  } finally {
    chart.dispose();
  }
}
