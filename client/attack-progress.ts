import * as vscode from 'vscode';
import { isActive, type RunState } from '../src-attack/process/run-state.ts';
import type { PanelState } from './webview/attack/messages.ts';

/** VS Code's own progress notification beside the panel, with a cancel button, until the run ends. */
export async function showProgress(
  id: number,
  state: () => PanelState | undefined,
  changed: vscode.Event<PanelState>,
  cancel: () => Promise<void>,
): Promise<void> {
  const current = () => (state()?.run?.id === id ? state()?.run : null);
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Leakage attack', cancellable: true },
    async (progress, token) => {
      token.onCancellationRequested(() => void cancel());
      let reported = 0;
      await new Promise<void>(resolve => {
        const look = () => {
          const run = current();
          if (!run || !isActive(run)) {
            subscription.dispose();
            resolve();
            return;
          }
          const done = shareDone(run);
          progress.report({ message: messageOf(run), increment: Math.max(0, 100 * (done - reported)) });
          reported = Math.max(reported, done);
        };
        const subscription = changed(look);
        look();
      });
    },
  );
}

function shareDone(run: RunState): number {
  const shares = run.methods.map(method => {
    if (method.status === 'done' || method.status === 'failed') return 1;
    return method.steps ? Math.min(1, method.step / method.steps) : 0;
  });
  const swept = run.sweep ? run.sweep.levels.length * shares.length : 0;
  const done = shares.reduce((sum, share) => sum + share, 0) + (run.sweep?.results.length ?? 0);
  return done / Math.max(1, shares.length + swept);
}

function messageOf(run: RunState): string {
  const swept = run.sweep?.running;
  if (swept) return `sweep, level ${swept.level + 1}: ${swept.method}, step ${swept.step}`;
  const running = run.methods.find(method => method.status === 'running');
  if (!running) return run.message || 'preparing';
  const psnr = running.scores?.psnr;
  return `${running.method}: step ${running.step}${psnr ? `, ${psnr.toFixed(1)} dB` : ''}`;
}
