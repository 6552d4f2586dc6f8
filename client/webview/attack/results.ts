/** Targets and reconstructions side by side: one column an attack, one row an image, each with its scores in words. */
import { type MethodState, type RunState, secondsLeft } from '../../../src-attack/process/run-state.ts';
import type { SavedRun } from '../../../src-attack/report/html.ts';
import type { PixelMap } from '../../../src-attack/verify/map.ts';
import { make, setText } from './dom.ts';
import { type createMapControls, mapsOf } from './map-controls.ts';
import type { MapState } from './messages.ts';
import { createColumn, type PictureColumn, showPictures } from './pictures.ts';
import { batchText, decibels, scoreText } from './score-text.ts';

interface Card {
  readonly root: HTMLElement;
  readonly pictures: PictureColumn;
  readonly progress: HTMLProgressElement;
  readonly caption: HTMLElement;
  readonly note: HTMLElement;
}

/** @param controls of the map; absent in a saved report, where nothing can be measured */
export function createResults(root: HTMLElement, controls?: ReturnType<typeof createMapControls>) {
  const title = make('h1');
  const summary = make('p', { className: 'summary' });
  const status = make('p', { className: 'status', attributes: { role: 'status', 'aria-live': 'polite' } });
  const grid = make('div', { className: 'grid' });
  const defence = make('ul', { className: 'defence', attributes: { 'aria-label': 'Defences' } });
  const assumptions = make('ul', { className: 'assumptions', attributes: { 'aria-label': 'Assumptions' } });
  root.append(title, summary, status, grid, ...(controls ? [controls.words] : []), defence, assumptions);
  const cards = new Map<string, Card>();

  function card(key: string, heading: string): Card {
    const known = cards.get(key);
    if (known) return known;
    const made: Card = {
      root: make('figure'),
      pictures: createColumn(),
      progress: make('progress', { max: 1 }),
      caption: make('p', { className: 'scores' }),
      note: make('p', { className: 'note' }),
    };
    made.progress.setAttribute('aria-label', `Progress of ${heading}`);
    made.root.append(make('figcaption', {}, heading), made.pictures.root, made.progress, made.caption, made.note);
    cards.set(key, made);
    return made;
  }

  return {
    update({ model, run, map = null }: SavedRun & { readonly map?: MapState | null }) {
      setText(title, `Gradient leakage of ${model.name}`);
      setText(summary, model.summary);
      setText(status, statusLine(run));
      status.classList.toggle('failed', run?.status === 'failed');
      if (!run) return;
      const rows = rowsOf(run);
      grid.classList.toggle('batch', rows > 1);
      const target = card('target', rows > 1 ? 'Targets' : 'Target');
      const maps = mapsOf(map);
      updateTarget(target, run, rows, maps);
      if (controls) {
        if (!controls.button.parentElement) target.root.append(controls.button);
        controls.update(run, map);
      }
      const shown = [
        target,
        ...run.methods.map(method => updateMethod(card(`method ${method.method}`, method.method), method, rows, maps)),
      ];
      if (grid.childElementCount !== shown.length || shown.some((c, i) => grid.children[i] !== c.root)) {
        grid.replaceChildren(...shown.map(c => c.root));
      }
      list(
        defence,
        run.defence.map(description => `Defence: ${description}`),
      );
      list(assumptions, run.assumptions);
    },
  };
}

function list(holder: HTMLElement, lines: readonly string[]): void {
  if (holder.textContent === lines.join('')) return;
  holder.replaceChildren(...lines.map(line => make('li', {}, line)));
}

/** Images of the batch; of a captured gradient the places that are reconstructed. */
function rowsOf({ targets, labels, spec }: RunState): number {
  if (targets.length > 0) return targets.length;
  return spec.source.kind === 'image' ? spec.source.paths.length : (labels?.values.length ?? 1);
}

function updateTarget(card: Card, run: RunState, rows: number, maps: readonly PixelMap[]): void {
  const { labels, targets, spec } = run;
  const inferred = labels?.from === 'inferred';
  const name = (i: number) =>
    spec.source.kind === 'image' ? (spec.source.paths[i]?.split(/[\\/]/).pop() ?? '') : 'unknown';
  showPictures(
    card.pictures,
    Array.from({ length: rows }, (_, i) => ({
      picture: targets[i] ?? null,
      map: maps[i] ?? null,
      alt: `The image that the gradient was computed from${rows > 1 ? `: ${name(i)}` : ''}`,
      // Inferred labels belong to nobody in particular.
      caption: rows === 1 ? '' : labels && !inferred ? `${name(i)}, label ${labels.values[i]}` : name(i),
    })),
  );
  card.root.hidden = run.status !== 'queued' && run.status !== 'starting' && targets.length === 0;
  card.progress.hidden = true;
  const values = labels?.values.join(', ') ?? '';
  const from = inferred ? ' (inferred from the gradient)' : '';
  setText(card.caption, labels ? `${labels.values.length === 1 ? 'label' : 'labels'} ${values}${from}` : '');
}

function updateMethod(card: Card, method: MethodState, rows: number, maps: readonly PixelMap[]): Card {
  const { images, pictures } = method;
  showPictures(
    card.pictures,
    Array.from({ length: rows }, (_, i) => ({
      picture: pictures[i] ?? null,
      map: maps[i] ?? null,
      alt: `Reconstruction${rows > 1 ? ` of image ${i + 1}` : ''} by ${method.method}: ${scoreText(images[i] ?? method.scores)}`,
      caption: rows > 1 && images[i] ? `${decibels(images[i].psnr)}, SSIM ${images[i].ssim.toFixed(3)}` : '',
    })),
  );
  // Why there is no picture stands where the pictures would.
  card.pictures.root.hidden = method.status === 'failed' && pictures.length === 0;
  card.progress.hidden = method.status !== 'running';
  if (method.steps) card.progress.value = Math.min(1, method.step / method.steps);
  else card.progress.removeAttribute('value');
  const residual = method.residual === null ? '' : `residual ${method.residual.toExponential(1)}`;
  const scores = rows > 1 ? batchText(method.scores, images) : scoreText(method.scores);
  setText(card.caption, [scores, residual].filter(Boolean).join(' · '));
  setText(card.note, noteText(method));
  return card;
}

function noteText(method: MethodState): string {
  const steps = method.steps === null ? `step ${method.step}` : `step ${method.step} of ${method.steps}`;
  switch (method.status) {
    case 'waiting':
      return 'waiting';
    case 'running': {
      const left = secondsLeft(method);
      return `${steps} · ${method.seconds.toFixed(0)} s${left === null ? '' : ` · about ${left.toFixed(0)} s left`}`;
    }
    case 'stopped':
      return method.pictures.length > 0 ? `stopped at ${steps}` : 'not run';
    case 'failed':
      return method.note;
    default:
      return [`${method.step} ${method.step === 1 ? 'step' : 'steps'} in ${method.seconds.toFixed(1)} s`, method.note]
        .filter(Boolean)
        .join(' · ');
  }
}

function statusLine(run: RunState | null): string {
  if (!run) return 'Choose attacks and an image, then run.';
  const engine = run.engine ? ` on ${run.engine.name} (${run.engine.device})` : '';
  switch (run.status) {
    case 'running': {
      const swept = run.sweep?.running;
      if (run.sweep && swept) {
        // Steps are not told here: the line is read out whenever it changes.
        return `Sweeping ${run.sweep.defence}: ${swept.method}, level ${swept.level + 1} of ${run.sweep.levels.length}${engine}.`;
      }
      const running = run.methods.find(method => method.status === 'running');
      return running ? `Running ${running.method}${engine}.` : `Preparing${engine}.`;
    }
    case 'done':
      return `Done${engine}, seed ${run.spec.seed}.`;
    default:
      return run.message;
  }
}
