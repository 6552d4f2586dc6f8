/** The page of a measured identifiable dimension: the figures, and the map over a picture. */
import type { Measurement, VerifyReport } from '../../../src-attack/process/verify-protocol.ts';
import { make } from '../attack/dom.ts';
import type { FromVerifyPage, ToVerifyPage, VerifyState } from './messages.ts';
import { createOverlay } from './overlay.ts';
import './style.css';

declare function acquireVsCodeApi(): { postMessage(message: FromVerifyPage): void; setState(state: VerifyState): void };

const api = acquireVsCodeApi();
window.addEventListener('message', ({ data }: MessageEvent<ToVerifyPage>) => {
  api.setState(data.state);
  show(data.state);
});
api.postMessage({ type: 'ready' });

function show({ report, images }: VerifyState): void {
  const { measured, twin } = report;
  const shown = twin && 'rank' in twin && !measured.map ? twin : measured;
  document
    .querySelector('main')
    ?.replaceChildren(
      make('h1', {}, `${report.model}: measured gradient leakage`),
      make('p', { className: 'headline' }, rankLine(measured)),
      make('p', {}, `The analysis says ${report.predicted}.`),
      ...twinParts(report),
      ...(shown.map
        ? [make('h2', {}, 'What the gradient determines of each pixel'), createOverlay(shown.map, images)]
        : []),
      make('h2', {}, 'How it was measured'),
      figures(shown),
      make('h2', {}, 'Assumed'),
      make('ul', { className: 'assumptions' }, ...shown.assumptions.map(sentence => make('li', {}, sentence))),
    );
}

function rankLine({ rank, unknowns, bound, certain }: Measurement): string {
  const share = `${((100 * rank) / unknowns).toFixed(1)} %`;
  const doubt = certain ? '' : ' Some directions are so near to rounding that the rank is not certain.';
  return `r ${bound === 'at least' ? '≥' : '='} ${rank} of ${unknowns} (${share}).${doubt}`;
}

function twinParts({ twin }: VerifyReport): HTMLElement[] {
  if (!twin) return [];
  if (!('rank' in twin)) return [make('p', {}, `No smaller twin was measured: ${twin.reason}.`)];
  const shape = twin.inputShape.slice(1).join(' × ');
  return [
    make('p', {}, `The same model on a picture of ${shape}: ${rankLine(twin)}`),
    make(
      'p',
      { className: 'note' },
      'This is a smaller twin: its share stands for the model’s only as far as the model treats all of the picture alike.',
    ),
  ];
}

function figures(measured: Measurement): HTMLElement {
  const rows = [
    ['Jacobian', `${measured.equations} equations × ${measured.unknowns} unknowns`],
    ['Input', `[${measured.inputShape.join(', ')}]`],
    ['New part of the last direction that counts', measured.smallestKept.toExponential(1)],
    ['Largest part of what is left', measured.largestDropped.toExponential(1)],
    ['Computed by', `${measured.engine}, float64, ${measured.seconds.toFixed(1)} s`],
  ] as const;
  return make(
    'table',
    {},
    make(
      'tbody',
      {},
      ...rows.map(([name, value]) =>
        make('tr', {}, make('th', { attributes: { scope: 'row' } }, name), make('td', {}, value)),
      ),
    ),
  );
}
