/** "Show Layer Report": the table of every layer of a document's models, as a read-only text document beside it. */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { type ReportParams, type ReportResult, reportRequest, type ShowReportArgument } from '../server/protocol.ts';
import { activeModelUri } from './onnx-files.ts';

const scheme = 'leaklint-report';

export function registerReports(client: () => LanguageClient | undefined): vscode.Disposable[] {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const provider: vscode.TextDocumentContentProvider = {
    onDidChange: changed.event,
    async provideTextDocumentContent(uri) {
      const running = client();
      if (!running) return 'Leaklint’s language server is not running. “Leaklint: Restart Server” starts it.';
      const params: ReportParams = { uri: uri.query };
      return (await running.sendRequest<ReportResult>(reportRequest, params)).text;
    },
  };
  const show = async (argument?: ShowReportArgument) => {
    const source = argument?.uri ?? activeModelUri();
    if (!source) {
      await vscode.window.showInformationMessage(
        'Open a file with a model first, then run “Leaklint: Show Layer Report”.',
      );
      return;
    }
    const name = vscode.Uri.parse(source).path.split('/').pop() ?? 'model';
    const uri = vscode.Uri.from({ scheme, path: `/${name} layers.txt`, query: source });
    changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, {
      viewColumn: vscode.ViewColumn.Beside,
      preview: true,
      preserveFocus: true,
    });
  };
  return [
    changed,
    vscode.workspace.registerTextDocumentContentProvider(scheme, provider),
    vscode.commands.registerCommand('leaklint.showLayerReport', show),
  ];
}
