/**
 * The attack panel's page. It draws a {@link PanelState}: in VS Code one that the extension sends and updates, in a
 * saved report one that stands in the page itself.
 */
import type { SavedRun } from '../../../src-attack/report/html.ts';
import { createCharts } from './charts.ts';
import { createMapControls } from './map-controls.ts';
import { type FromPage, type PanelState, received, type Setup, type ToPage } from './messages.ts';
import { createResults } from './results.ts';
import { createSetupForm } from './setup-form.ts';
import { createSweep } from './sweep.ts';
import './style.css';

interface VsCodeApi {
  postMessage(message: FromPage): void;
  setState(state: PanelState): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

const embedded = document.getElementById('report-state');
if (embedded) showReport(JSON.parse(embedded.textContent ?? 'null') as SavedRun);
else runPanel(acquireVsCodeApi());

function runPanel(api: VsCodeApi): void {
  const form = createSetupForm(element('setup'), choose, message => api.postMessage(message));
  const results = createResults(
    element('results'),
    createMapControls(message => api.postMessage(message)),
  );
  const charts = createCharts(element('charts'));
  const sweep = createSweep(element('sweep'));
  let state: PanelState | undefined;
  let revision = 0;
  let drawRequested = false;
  let saved = 0;

  const draw = () => {
    drawRequested = false;
    if (!state) return;
    form.update(state);
    results.update(state);
    charts.update(state.run);
    sweep.update(state.run);
    // Saving serialises every picture: once a second is enough to survive a reload.
    if (Date.now() - saved > 1000 || state.run?.status !== 'running') {
      saved = Date.now();
      api.setState(state);
    }
  };
  /** Shown at once: what is typed next finds the form as it will stay. */
  function choose(part: Partial<Setup>): void {
    if (!state) return;
    state = { ...state, setup: { ...state.setup, ...part } };
    revision++;
    api.postMessage({ type: 'setup', part, revision });
    form.update(state);
  }
  window.addEventListener('message', ({ data }: MessageEvent<ToPage>) => {
    state = received(state, revision, data);
    if (!drawRequested) {
      drawRequested = true;
      requestAnimationFrame(draw);
    }
  });
  api.postMessage({ type: 'ready' });
}

function showReport(state: SavedRun): void {
  element('setup').remove();
  createResults(element('results')).update(state);
  createCharts(element('charts')).update(state.run);
  createSweep(element('sweep')).update(state.run);
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found;
}
