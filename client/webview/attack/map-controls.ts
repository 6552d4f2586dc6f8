/** Asks for the map of what the gradient holds, and says in words what it shows. */
import type { RunState } from '../../../src-attack/process/run-state.ts';
import { mapped, type VerifyReport } from '../../../src-attack/process/verify-protocol.ts';
import { mapText, rankText, twinText, twinWarning } from '../../../src-attack/process/verify-text.ts';
import type { PixelMap } from '../../../src-attack/verify/map.ts';
import { mapLegend } from '../pixel-map.ts';
import { make, setText } from './dom.ts';
import type { FromPage, MapState } from './messages.ts';

export function createMapControls(post: (message: FromPage) => void) {
  const button = make('button', { type: 'button', id: 'map', className: 'secondary' });
  const progress = make('progress', {
    max: 1,
    attributes: { 'aria-label': 'Progress of measuring what the gradient holds' },
  });
  const pace = make('p', { className: 'note' });
  const words = make('p', { className: 'map-words', attributes: { role: 'status', 'aria-live': 'polite' } });
  const legend = mapLegend();
  let next: Extract<FromPage, { type: 'map' }>['what'] = 'measure';
  button.addEventListener('click', () => post({ type: 'map', what: next }));

  return {
    /** Stands on the target's card. */
    button: make('div', { className: 'map' }, button, progress, pace),
    /** Stands under the pictures. */
    words: make('div', {}, words, legend),
    update(run: RunState, map: MapState | null): void {
      const known = run.targets.length > 0;
      const measuring = map?.status === 'running';
      next = measuring ? 'cancel' : map?.report ? (map.shown ? 'hide' : 'show') : 'measure';
      button.hidden = !known;
      setText(button, labels[next]);
      progress.hidden = !measuring;
      progress.value = map?.share ?? 0;
      setText(pace, measuring ? map.message : map?.report ? rankOf(map.report) : '');
      setText(words, known ? wordsOf(run, map) : '');
      legend.hidden = !map?.shown || mapsOf(map).length === 0;
    },
  };
}

const labels = {
  measure: 'Show what the gradient holds',
  cancel: 'Cancel measuring',
  show: 'Show what the gradient holds',
  hide: 'Hide what the gradient holds',
} as const;

/** The maps that are laid over the pictures, one an image; none while they are hidden. */
export function mapsOf(map: MapState | null): readonly PixelMap[] {
  return (map?.shown && map.report && mapped(map.report)?.maps) || [];
}

function wordsOf(run: RunState, map: MapState | null): string {
  if (!map || map.status === 'running') return '';
  if (!map.report) return map.message;
  const withMap = mapped(map.report);
  const maps = withMap?.maps ?? [];
  const prefix = (i: number) => (maps.length > 1 ? `Image ${i + 1}: ` : '');
  return [
    `What the gradient holds: ${rankSentence(map.report)}`,
    ...maps.map((shown, i) => `${prefix(i)}${mapText(shown)}`),
    ...(maps.length === 0
      ? ['There is no map: this model could be measured neither whole nor on a smaller picture.']
      : []),
    ...(withMap && withMap === map.report.twin ? [twinWarning(map.report)] : []),
    ...((run.spec.defences ?? []).length > 0 ? ['Measured for the gradient itself, before the defences.'] : []),
  ].join(' ');
}

/** The figure that stands beside the map. */
function rankOf({ whole, twin }: VerifyReport): string {
  if (whole) return rankText(whole);
  return twin && 'rank' in twin ? rankText(twin) : '';
}

function rankSentence(report: VerifyReport): string {
  const { whole, twin } = report;
  return !whole && twin && 'rank' in twin ? `${rankText(twin)}, measured on ${twinText(twin)}.` : `${rankOf(report)}.`;
}
