/** Loss and PSNR over the steps, one line an attack. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { CurvePoint, MethodState, RunState } from '../../../src-attack/process/run-state.ts';
import { make } from './dom.ts';
import { axisStyle, chartHeight, chartWidth, lineColour } from './plot-style.ts';

interface Chart {
  readonly title: string;
  readonly value: (point: CurvePoint) => number | null;
}

const charts: readonly Chart[] = [
  // Losses fall by many decades; one of exactly 0 has no logarithm.
  { title: 'log₁₀ loss', value: point => (point.loss > 0 ? Math.log10(point.loss) : null) },
  { title: 'PSNR (dB)', value: point => point.psnr },
];

export function createCharts(root: HTMLElement) {
  let plots: { chart: Chart; plot: uPlot }[] = [];
  let shownMethods = '';

  function rebuild(run: RunState | null, methods: readonly MethodState[]): void {
    for (const { plot } of plots) plot.destroy();
    root.replaceChildren();
    plots = [];
    if (!run) return;
    plots = charts.map(chart => {
      const holder = make('div', {
        className: 'chart',
        attributes: {
          role: 'img',
          'aria-label': `${chart.title} over the steps; the last values stand under the pictures`,
        },
      });
      root.append(holder);
      return { chart, plot: new uPlot(optionsOf(chart, run, methods, width()), [[]], holder) };
    });
  }
  const width = () => chartWidth(root);

  new ResizeObserver(() => {
    for (const { plot } of plots) plot.setSize({ width: width(), height: chartHeight });
  }).observe(root);

  return {
    update(run: RunState | null) {
      const methods = run?.methods.filter(method => method.curve.length > 1) ?? [];
      const names = methods.map(method => method.method).join();
      if (names !== shownMethods) {
        shownMethods = names;
        rebuild(run, methods);
      }
      for (const { chart, plot } of plots) plot.setData(dataOf(chart, methods));
    },
  };
}

/** Joins the curves on their steps: uPlot wants one x axis for all lines. */
function dataOf(chart: Chart, methods: readonly MethodState[]): uPlot.AlignedData {
  const tables = methods.map(
    method => [method.curve.map(point => point.step), method.curve.map(chart.value)] as uPlot.AlignedData,
  );
  return tables.length === 0 ? [[]] : uPlot.join(tables);
}

function optionsOf(chart: Chart, run: RunState, methods: readonly MethodState[], width: number): uPlot.Options {
  const axis = axisStyle();
  return {
    title: chart.title,
    width,
    height: chartHeight,
    scales: { x: { time: false } },
    axes: [axis, { ...axis, size: 48 }],
    series: [
      { label: 'step' },
      ...methods.map(({ method }) => ({ label: method, stroke: lineColour(method, run), width: 2, spanGaps: true })),
    ],
  };
}
