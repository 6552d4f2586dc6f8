/** One language status item: r of n and c(M) of the active document, busy while computing; click for the log. */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { type StatusParams, statusNotification } from '../server/protocol.ts';

const severities = {
  info: vscode.LanguageStatusSeverity.Information,
  warning: vscode.LanguageStatusSeverity.Warning,
  error: vscode.LanguageStatusSeverity.Error,
};

export function createStatus() {
  const item = vscode.languages.createLanguageStatusItem('leaklint.status', [
    'javascript',
    'javascriptreact',
    'typescript',
    'typescriptreact',
    'json',
    'onnx-text',
  ]);
  item.name = 'Leaklint';
  item.command = { command: 'leaklint.showOutput', title: 'Show Log' };
  const known = new Map<string, StatusParams>();

  const refresh = () => {
    const uri = vscode.window.activeTextEditor?.document.uri.toString();
    const status = uri === undefined ? undefined : known.get(uri);
    item.text = status?.text || 'Leaklint: no model';
    item.detail = status?.detail ?? '';
    item.busy = status?.busy ?? false;
    item.severity = severities[status?.severity ?? 'info'];
  };
  const subscription = vscode.window.onDidChangeActiveTextEditor(refresh);
  refresh();

  return {
    follow(client: LanguageClient) {
      client.onNotification(statusNotification, (status: StatusParams) => {
        // URIs of server and editor may differ in escaping: compare them as the editor writes them.
        const uri = vscode.Uri.parse(status.uri).toString();
        if (status.text || status.busy) known.set(uri, status);
        else known.delete(uri);
        refresh();
      });
    },
    text: () => item.text,
    clear() {
      known.clear();
      refresh();
    },
    dispose() {
      subscription.dispose();
      item.dispose();
    },
  };
}
