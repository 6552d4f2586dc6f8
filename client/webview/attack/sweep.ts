/** What is left to see at every level of a defence: two charts, and the same as a table with pictures. */
import uPlot from 'uplot';
import type { Scores, SweepResult } from '../../../src-attack/process/protocol.ts';
import type { RunState, SweepState } from '../../../src-attack/process/run-state.ts';
import { make } from './dom.ts';
import { axisStyle, chartHeight, chartWidth, lineColour } from './plot-style.ts';
import { decibels } from './score-text.ts';

interface Chart {
  readonly title: string;
  readonly value: (scores: Scores) => number | null;
}

/** From here on nobody sees a difference: better reconstructions are drawn at this height. dB. */
const highestPsnr = 60;

const charts: readonly Chart[] = [
  {
    title: `PSNR (dB, drawn up to ${highestPsnr})`,
    value: ({ psnr }) => Math.min(highestPsnr, psnr ?? highestPsnr),
  },
  { title: 'SSIM', value: ({ ssim }) => ssim },
];

export function createSweep(root: HTMLElement) {
  let plots: uPlot[] = [];
  let shown = '';

  new ResizeObserver(() => {
    for (const plot of plots) plot.setSize({ width: chartWidth(root), height: chartHeight });
  }).observe(root);

  return {
    update(run: RunState | null) {
      const sweep = run?.sweep ?? null;
      root.hidden = !sweep;
      const state = sweep && run ? `${run.id} ${sweep.results.length}` : '';
      if (state === shown) return;
      shown = state;
      for (const plot of plots) plot.destroy();
      root.replaceChildren();
      plots = [];
      if (!sweep || !run) return;
      // What cannot treat the model is not swept; its card says why.
      const methods = run.methods.filter(method => method.status !== 'failed').map(method => method.method);
      const holder = make('div', { className: 'charts' });
      root.append(
        make('h2', {}, `Defence sweep: ${sweep.defence} over ${sweep.parameter}`),
        make('p', { className: 'summary' }, `${sweep.parameter}: ${sweep.meaning}.`),
        holder,
        tableOf(run, sweep, methods),
      );
      if (sweep.results.length === 0) return;
      plots = charts.map(chart => {
        const label = `${chart.title} against ${sweep.parameter}; the table below holds the same values`;
        const place = make('div', { className: 'chart', attributes: { role: 'img', 'aria-label': label } });
        holder.append(place);
        return new uPlot(optionsOf(chart, run, sweep, methods, chartWidth(root)), dataOf(chart, sweep, methods), place);
      });
    },
  };
}

function at(sweep: SweepState, level: number, method: string): SweepResult | undefined {
  return sweep.results.find(result => result.level === level && result.method === method);
}

function dataOf(chart: Chart, sweep: SweepState, methods: readonly string[]): uPlot.AlignedData {
  const lines = methods.map(method =>
    sweep.levels.map((_, level) => {
      const scores = at(sweep, level, method)?.scores;
      return scores ? chart.value(scores) : null;
    }),
  );
  return [[...sweep.levels], ...lines];
}

function optionsOf(
  chart: Chart,
  run: RunState,
  sweep: SweepState,
  methods: readonly string[],
  width: number,
): uPlot.Options {
  const axis = axisStyle();
  // Levels at equal ratios stand at equal distances.
  const [first = 1, second = 2, third = 3] = sweep.levels;
  const logarithmic = first > 0 && Math.abs(second / first - third / second) < Math.abs(third - 2 * second + first);
  return {
    title: chart.title,
    width,
    height: chartHeight,
    scales: { x: logarithmic ? { time: false, distr: 3 } : { time: false } },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map(tick => (tick === null ? '' : short(tick))) },
      { ...axis, size: 48 },
    ],
    series: [
      { label: sweep.parameter, value: (_, value) => (value === null ? '' : short(value)) },
      ...methods.map(method => ({
        label: method,
        stroke: lineColour(method, run),
        width: 2,
        spanGaps: true,
        points: { show: true, size: 6 },
      })),
    ],
  };
}

function tableOf(run: RunState, sweep: SweepState, methods: readonly string[]): HTMLTableElement {
  const caption = `Reconstructions at every level of ${sweep.defence}${run.targets.length > 1 ? ' (scores: means of the batch; pictures: its first image)' : ''}`;
  const head = make('tr', {}, ...[sweep.parameter, ...methods, 'what the client did'].map(text => header(text, 'col')));
  const without = make(
    'tr',
    {},
    header('without', 'row'),
    ...run.methods
      .filter(method => methods.includes(method.method))
      .map(method => cell(method.pictures[0]?.png, method.scores, false, method.note)),
    make('td', { className: 'words' }, run.defence.join('; ') || 'nothing'),
  );
  const rows = sweep.levels.map((level, index) => {
    const results = methods.map(method => at(sweep, index, method));
    return make(
      'tr',
      {},
      header(short(level), 'row'),
      ...results.map(result =>
        cell(result?.picture?.png, result?.scores ?? null, result?.status === 'failed', result?.note),
      ),
      make('td', { className: 'words' }, results.find(result => result)?.description ?? ''),
    );
  });
  return make(
    'table',
    { className: 'levels' },
    make('caption', {}, caption),
    make('thead', {}, head),
    make('tbody', {}, without, ...rows),
  );
}

function header(text: string, scope: 'row' | 'col'): HTMLTableCellElement {
  return make('th', { scope }, text);
}

function cell(png: string | undefined, scores: Scores | null, failed: boolean, note = ''): HTMLTableCellElement {
  if (failed) return make('td', { title: note }, 'cannot run');
  if (!png && !scores) return make('td', {}, '…');
  const text = scores ? `${decibels(scores.psnr)} · SSIM ${scores.ssim.toFixed(2)}` : '';
  const picture = png ? [make('img', { src: `data:image/png;base64,${png}`, alt: '', className: 'thumbnail' })] : [];
  return make('td', { title: note }, ...picture, make('span', {}, text));
}

/** Levels as they were written: 0.001, 1e-5. */
function short(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  return magnitude < 1e-3 || magnitude >= 1e5
    ? value.toExponential(1).replace('.0e', 'e')
    : String(Number(value.toPrecision(3)));
}
