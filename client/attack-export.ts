import * as vscode from 'vscode';
import type { RunState } from '../src-attack/process/run-state.ts';

/** Saves the side-by-side figure or the report of a run where the user says; a failure keeps the results in the panel. */
export async function exportRun(run: RunState, what: 'png' | 'json'): Promise<void> {
  const bytes = contentOf(run, what);
  if (!bytes) return;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const name = `${run.model || 'model'}-leakage.${what}`.replace(/[^\w.-]+/g, '_');
  const target = await vscode.window.showSaveDialog({
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, name) } : {}),
    filters: what === 'png' ? { 'PNG image': ['png'] } : { JSON: ['json'] },
  });
  if (!target) return;
  try {
    await vscode.workspace.fs.writeFile(target, bytes);
    await vscode.window.showInformationMessage(`Saved ${target.fsPath}.`);
  } catch (error) {
    await vscode.window.showErrorMessage(
      `${target.fsPath} could not be written (${error instanceof Error ? error.message : String(error)}). The results are still in the panel: free some space or choose another folder.`,
    );
  }
}

function contentOf(run: RunState, what: 'png' | 'json'): Uint8Array | undefined {
  if (what === 'png') return run.figure ? Buffer.from(run.figure.png, 'base64') : undefined;
  return run.report ? Buffer.from(`${JSON.stringify(run.report, null, 2)}\n`) : undefined;
}
