/** The editor of `.onnx` files: a read-only table of the model's layers with their verdicts. */
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import {
  commands,
  type OnnxFileParams,
  type OnnxTable,
  onnxTableChangedNotification,
  onnxTableRequest,
  type RunAttackArgument,
} from '../server/protocol.ts';
import { chooseOnnxFile, tableViewType, watchFile } from './onnx-files.ts';
import { onnxPage } from './onnx-page.ts';
import { showOnnxText } from './onnx-text.ts';
import type { FromOnnxPage, ToOnnxPage } from './webview/onnx/messages.ts';
import { webviewPage } from './webview-page.ts';

interface OpenTable {
  readonly uri: vscode.Uri;
  refresh(): Promise<void>;
}

export function registerOnnxTable(context: vscode.ExtensionContext, client: () => LanguageClient | undefined) {
  const open = new Set<OpenTable>();
  let last: OnnxTable | undefined;

  async function tableOf(uri: vscode.Uri): Promise<OnnxTable> {
    const running = client();
    const failed = (message: string): OnnxTable => ({ model: null, errors: [message], refining: false });
    if (!running) return failed('Leaklint’s language server is not running. “Leaklint: Restart Server” starts it.');
    const params: OnnxFileParams = { uri: uri.toString() };
    return running
      .sendRequest<OnnxTable>(onnxTableRequest, params)
      .catch(error => failed(error instanceof Error ? error.message : String(error)));
  }

  const provider: vscode.CustomReadonlyEditorProvider = {
    openCustomDocument: uri => ({ uri, dispose: () => {} }),
    resolveCustomEditor({ uri }, panel) {
      const { webview } = panel;
      const post = (message: ToOnnxPage) => void webview.postMessage(message);
      let asked = 0;
      const table: OpenTable = {
        uri,
        async refresh() {
          const question = ++asked;
          const answer = await tableOf(uri);
          // A later question has the newer answer.
          if (question !== asked) return;
          last = answer;
          post({ type: 'table', file: path.posix.basename(uri.path), table: answer });
        },
      };
      open.add(table);
      const watcher = watchFile(uri, () => void table.refresh());
      panel.onDidDispose(() => {
        open.delete(table);
        watcher.dispose();
      });
      webview.options = {
        enableScripts: true,
        localResourceRoots: [vscode.Uri.joinPath(context.extensionUri, 'dist', 'webview')],
      };
      webview.onDidReceiveMessage((message: FromOnnxPage) => receive(uri, table, message));
      webview.html = webviewPage(webview, context.extensionUri, onnxPage);
    },
  };

  async function receive(uri: vscode.Uri, table: OpenTable, message: FromOnnxPage): Promise<void> {
    switch (message.type) {
      case 'ready':
        await table.refresh();
        break;
      case 'attack': {
        const argument: RunAttackArgument = { uri: uri.toString(), model: message.model };
        await vscode.commands.executeCommand(commands.runLeakageAttack, argument);
        break;
      }
      case 'text':
        await showOnnxText(uri, message.layer);
        break;
    }
  }

  async function openTable(argument?: unknown): Promise<void> {
    const file = await chooseOnnxFile(argument);
    if (file) await vscode.commands.executeCommand('vscode.openWith', file, tableViewType);
  }

  return {
    /** Every new connection to the server: tables that are open ask again. */
    follow(connected: LanguageClient): void {
      connected.onNotification(onnxTableChangedNotification, (params: OnnxFileParams) => {
        for (const table of open)
          if (table.uri.toString() === vscode.Uri.parse(params.uri).toString()) void table.refresh();
      });
    },
    refreshAll(): void {
      for (const table of open) void table.refresh();
    },
    /** What was shown last; for tests. */
    shown: () => last,
    disposables: [
      vscode.window.registerCustomEditorProvider(tableViewType, provider, { supportsMultipleEditorsPerDocument: true }),
      vscode.commands.registerCommand('leaklint.openOnnxTable', openTable),
    ],
  };
}
