import { ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { renumbered } from './svg.ts';

use([ScatterChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** One method as the plot shows it. */
export interface ComparedMethod {
  readonly method: string;
  readonly right: number;
  readonly frames: number;
  readonly bitsPerWeight: number;
  readonly design?: { readonly cycles: number };
}

const size = { width: 1300, height: 520 };
const colours = { text: '#444444', grid: '#e4e4e4' };
/** Colours that are told apart with any colour vision (Okabe and Ito), with shapes that make 28 marks of them. */
const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];
const shapes = ['circle', 'rect', 'triangle', 'diamond'];

/** The mark of the method at `index` in one of the two grids; methods with the same numbers shine through each other. */
function series(grid: number, index: number, name: string, point: readonly [x: number, y: number]) {
  return {
    type: 'scatter' as const,
    name,
    xAxisIndex: grid,
    yAxisIndex: grid,
    symbol: shapes[index % shapes.length] ?? 'circle',
    symbolSize: 11,
    itemStyle: { color: palette[index % palette.length] ?? colours.text, opacity: 0.75 },
    data: [[...point]],
  };
}

/**
 * Methods of quantization as an SVG image: the part of frames that are right upwards, over the bits of a weight on the left and over the
 * cycles of a frame within the common budget on the right; a legend says which mark is which method, since labels beside marks would cover each other. The same numbers give the same bytes.
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
      legend: {
        orient: 'vertical',
        left: 1040,
        top: 60,
        itemWidth: 12,
        itemHeight: 12,
        textStyle: { color: colours.text, width: 225, overflow: 'truncate' },
        data: methods.map(({ method }) => method),
      },
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
      series: methods.flatMap((each, i) => [
        series(0, i, each.method, [each.bitsPerWeight, percent(each)]),
        ...(each.design === undefined
          ? []
          : [series(1, i, each.method, [each.design.cycles, percent(each)])]),
      ]),
    });
    return `${renumbered(chart.renderToSVGString())}\n`;
  } finally {
    chart.dispose();
  }
}
