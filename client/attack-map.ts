/** What the gradient of a run's images holds: measured on request, kept with the panel's state. */
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { RunState } from '../src-attack/process/run-state.ts';
import type { VerifySpec } from '../src-attack/process/verify-protocol.ts';
import { progressText } from '../src-attack/process/verify-text.ts';
import { measure } from './measure.ts';
import type { MapState } from './webview/attack/messages.ts';

/** Larger inputs get their map from a smaller twin: only an exact measurement has one. */
const largestWhole = 4096;

export interface MapPanel {
  readonly model: { readonly uri: string; readonly name: string };
  readonly run: RunState | null;
  readonly map: MapState | null;
}

/** @param show gives the map a new state, in the panel and on its page */
export function createMapMeasurement(
  client: () => LanguageClient | undefined,
  panel: () => MapPanel | undefined,
  show: (map: MapState | null) => void,
) {
  let running: CancellationTokenSource | undefined;

  async function start(): Promise<void> {
    const { run, model } = panel() ?? {};
    const server = client();
    const spec = run && specOf(run);
    if (!server || !model || !spec || running) return;
    const stop = new CancellationTokenSource();
    running = stop;
    /** Whatever comes from a measurement that was dropped in the meantime is not shown. */
    const tell = (map: MapState) => {
      if (running === stop) show(map);
    };
    tell({ ...begun, message: 'Preparing.' });
    try {
      const report = await measure(server, { uri: model.uri, model: model.name, spec }, stop.token, progress =>
        tell({ ...begun, message: progressText(progress), share: progress.rank / Math.max(1, progress.most) }),
      );
      tell(
        report ? { status: 'done', message: '', share: 1, report, shown: true } : stopped('Measuring was cancelled.'),
      );
    } catch (error) {
      tell({ ...stopped(error instanceof Error ? error.message : String(error)), status: 'failed' });
    } finally {
      if (running === stop) running = undefined;
      stop.dispose();
    }
  }

  return {
    start,
    cancel: () => running?.cancel(),
    /** Another run: what was measured for the last one does not belong to it. */
    drop(): void {
      running?.cancel();
      running = undefined;
      if (panel()?.map) show(null);
    },
    shown(shown: boolean): void {
      const map = panel()?.map;
      if (map?.report) show({ ...map, shown });
    },
  };
}

const begun = { status: 'running', share: 0, report: null, shown: false } as const;

function stopped(message: string): MapState {
  return { status: 'stopped', message, share: 0, report: null, shown: false };
}

/** The state of a map after the window was reloaded. */
export function restoredMap(map: MapState | null | undefined): MapState | null {
  return map?.status === 'running' ? stopped('The window was reloaded while it was measured.') : (map ?? null);
}

/** The images of a run as the measurement takes them; null for a captured gradient, whose images nobody knows. */
function specOf({ spec: { source, labels, preprocess, seed } }: RunState): Omit<VerifySpec, 'model'> | null {
  if (source.kind !== 'image') return null;
  const { paths } = source;
  return { seed, batch: paths.length, pictures: { paths, labels, preprocess }, largestWhole };
}
