/** Target and reconstructions side by side, each with its scores in words. */
import type { PngPicture, Scores } from '../../../src-attack/process/protocol.ts';
import { type MethodState, type RunState, secondsLeft } from '../../../src-attack/process/run-state.ts';
import type { SavedRun } from '../../../src-attack/report/html.ts';
import { make, setText } from './dom.ts';

interface Card {
  readonly root: HTMLElement;
  readonly picture: HTMLImageElement;
  readonly progress: HTMLProgressElement;
  readonly caption: HTMLElement;
  readonly note: HTMLElement;
}

export function createResults(root: HTMLElement) {
  const title = make('h1');
  const summary = make('p', { className: 'summary' });
  const status = make('p', { className: 'status', attributes: { role: 'status', 'aria-live': 'polite' } });
  const grid = make('div', { className: 'grid' });
  const assumptions = make('ul', { className: 'assumptions', attributes: { 'aria-label': 'Assumptions' } });
  root.append(title, summary, status, grid, assumptions);
  const cards = new Map<string, Card>();

  function card(key: string, heading: string): Card {
    const known = cards.get(key);
    if (known) return known;
    const made: Card = {
      root: make('figure'),
      picture: make('img', { alt: '', className: 'pixels' }),
      progress: make('progress', { max: 1 }),
      caption: make('p', { className: 'scores' }),
      note: make('p', { className: 'note' }),
    };
    made.progress.setAttribute('aria-label', `Progress of ${heading}`);
    made.root.append(make('figcaption', {}, heading), made.picture, made.progress, made.caption, made.note);
    cards.set(key, made);
    return made;
  }

  return {
    update({ model, run }: SavedRun) {
      setText(title, `Gradient leakage of ${model.name}`);
      setText(summary, model.summary);
      setText(status, statusLine(run));
      if (!run) return;
      const target = card('target', 'Target');
      show(target, run.target, 'The image that the gradient was computed from');
      target.root.hidden = run.status !== 'queued' && run.status !== 'starting' && !run.target;
      target.progress.hidden = true;
      setText(
        target.caption,
        run.label
          ? `label ${run.label.value}${run.label.from === 'inferred' ? ' (inferred from the gradient)' : ''}`
          : '',
      );
      const shown = [
        target,
        ...run.methods.map(method => updateMethod(card(`method ${method.method}`, method.method), method)),
      ];
      if (grid.childElementCount !== shown.length || shown.some((c, i) => grid.children[i] !== c.root)) {
        grid.replaceChildren(...shown.map(c => c.root));
      }
      if (assumptions.childElementCount !== run.assumptions.length) {
        assumptions.replaceChildren(...run.assumptions.map(assumption => make('li', {}, assumption)));
      }
    },
  };
}

function updateMethod(card: Card, method: MethodState): Card {
  show(card, method.picture, `Reconstruction by ${method.method}: ${scoreText(method.scores)}`);
  card.progress.hidden = method.status !== 'running';
  if (method.steps) card.progress.value = Math.min(1, method.step / method.steps);
  else card.progress.removeAttribute('value');
  const residual = method.residual === null ? '' : `residual ${method.residual.toExponential(1)}`;
  setText(card.caption, [scoreText(method.scores), residual].filter(Boolean).join(' · '));
  setText(card.note, noteText(method));
  return card;
}

function show(card: Card, picture: PngPicture | null, alt: string): void {
  const source = picture ? `data:image/png;base64,${picture.png}` : '';
  card.picture.hidden = !picture;
  if (card.picture.src !== source && picture) card.picture.src = source;
  card.picture.alt = alt;
}

function scoreText(scores: Scores | null): string {
  if (!scores) return '';
  const psnr = scores.psnr === null ? 'PSNR ∞ (pixel-exact)' : `PSNR ${scores.psnr.toFixed(1)} dB`;
  return `${psnr} · SSIM ${scores.ssim.toFixed(3)} · MSE ${scores.mse.toExponential(1)}`;
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
      return method.picture ? `stopped at ${steps}` : 'not run';
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
      const running = run.methods.find(method => method.status === 'running');
      return running ? `Running ${running.method}${engine}.` : `Preparing${engine}.`;
    }
    case 'done':
      return `Done${engine}, seed ${run.spec.seed}.`;
    default:
      return run.message;
  }
}
