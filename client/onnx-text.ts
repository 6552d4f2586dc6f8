/** "Open ONNX as Text": a `.onnx` file as a read-only document in the textual syntax of ONNX. */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { type OnnxFileParams, type OnnxTextResult, onnxTextRequest, onnxTextScheme } from '../server/protocol.ts';
import { chooseOnnxFile, fileOfText, textUriOf, watchFile } from './onnx-files.ts';

export function registerOnnxText(client: () => LanguageClient | undefined): vscode.Disposable[] {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const watchers = new Map<string, vscode.Disposable>();

  async function textOf(file: vscode.Uri): Promise<OnnxTextResult> {
    const running = client();
    if (!running)
      return { failure: 'Leaklint’s language server is not running. “Leaklint: Restart Server” starts it.' };
    const params: OnnxFileParams = { uri: file.toString() };
    return running.sendRequest<OnnxTextResult>(onnxTextRequest, params);
  }

  const provider: vscode.TextDocumentContentProvider = {
    onDidChange: changed.event,
    async provideTextDocumentContent(uri) {
      const file = fileOfText(uri);
      if (!watchers.has(uri.toString()))
        watchers.set(
          uri.toString(),
          watchFile(file, () => changed.fire(uri)),
        );
      const result = await textOf(file);
      return 'text' in result ? result.text : `# ${file.path.split('/').pop()}: ${result.failure}\n`;
    },
  };

  async function open(argument?: unknown): Promise<void> {
    const file = await chooseOnnxFile(argument);
    if (file) await showOnnxText(file);
  }

  return [
    changed,
    vscode.workspace.registerTextDocumentContentProvider(onnxTextScheme, provider),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      watchers.get(uri.toString())?.dispose();
      watchers.delete(uri.toString());
    }),
    vscode.commands.registerCommand('leaklint.openOnnxAsText', open),
    {
      dispose: () => {
        for (const watcher of watchers.values()) watcher.dispose();
      },
    },
  ];
}

/** @param layer name of a layer to go to */
export async function showOnnxText(file: vscode.Uri, layer?: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument(textUriOf(file));
  const editor = await vscode.window.showTextDocument(document, { preview: false });
  const range = layer === undefined ? undefined : await placeOf(document, layer);
  if (!range) return;
  editor.selection = new vscode.Selection(range.start, range.end);
  editor.revealRange(range, vscode.TextEditorRevealType.InCenter);
}

/** Where a layer stands, by the outline. */
async function placeOf(document: vscode.TextDocument, layer: string): Promise<vscode.Range | undefined> {
  const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[] | undefined>(
    'vscode.executeDocumentSymbolProvider',
    document.uri,
  );
  const layers = symbols?.flatMap(model => model.children ?? []);
  return layers?.find(({ name }) => name === layer)?.selectionRange;
}
