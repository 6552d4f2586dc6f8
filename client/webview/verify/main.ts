/** The page of a measured identifiable dimension: the figures, and the map over a picture. */
import { type Measurement, mapped, type VerifyReport } from '../../../src-attack/process/verify-protocol.ts';
import { comparisonText, rankText, twinText, twinWarning } from '../../../src-attack/process/verify-text.ts';
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
  const { whole, twin } = report;
  const withMap = mapped(report);
  const shown = withMap ?? whole ?? (twin && 'rank' in twin ? twin : null);
  const [map] = withMap?.maps ?? [];
  document
    .querySelector('main')
    ?.replaceChildren(
      make('h1', {}, `${report.model}: measured gradient leakage`),
      make('p', { className: 'headline' }, whole ? `${rankText(whole)}.` : tooLarge(report)),
      make('p', {}, `The analysis says ${comparisonText(report.predicted, whole)}.`),
      ...twinParts(report),
      ...(map ? [make('h2', {}, 'What the gradient determines of each pixel'), createOverlay(map, images)] : []),
      ...(shown ? howMeasured(shown) : []),
    );
}

function tooLarge({ unknowns }: VerifyReport): string {
  return `With ${unknowns} unknowns the model is too large to be measured whole.`;
}

function twinParts(report: VerifyReport): HTMLElement[] {
  const { twin } = report;
  if (!twin) return [];
  if (!('rank' in twin)) return [make('p', {}, `No smaller twin was measured: ${twin.reason}.`)];
  return [
    make('p', {}, `Measured on ${twinText(twin)}: ${rankText(twin)}.`),
    make('p', {}, `The analysis says of the twin ${comparisonText(twin.predicted, twin)}.`),
    make('p', { className: 'note' }, twinWarning(report)),
  ];
}

function howMeasured(shown: Measurement): HTMLElement[] {
  return [
    make('h2', {}, 'How it was measured'),
    figures(shown),
    make('h2', {}, 'Assumed'),
    make('ul', { className: 'assumptions' }, ...shown.assumptions.map(sentence => make('li', {}, sentence))),
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
