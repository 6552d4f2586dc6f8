/** "Open ONNX as Text": a `.onnx` file as a read-only document in the textual syntax of ONNX. */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { type OnnxFileParams, type OnnxTextResult, onnxTextRequest } from '../server/protocol.ts';
import { chooseOnnxFile, textUriOf } from './onnx-files.ts';
import { type OnnxTextFiles, registerOnnxTextFiles } from './onnx-text-files.ts';

export function registerOnnxText(client: () => LanguageClient | undefined): OnnxTextFiles {
  async function textOf(file: vscode.Uri): Promise<string> {
    const params: OnnxFileParams = { uri: file.toString() };
    const result = await answer(client(), params);
    return 'text' in result ? result.text : failureText(file, result.failure);
  }

  async function open(argument?: unknown): Promise<void> {
    const file = await chooseOnnxFile(argument);
    if (file) await showOnnxText(file);
  }

  const files = registerOnnxTextFiles(textOf);
  return {
    ...files,
    disposables: [...files.disposables, vscode.commands.registerCommand('leaklint.openOnnxAsText', open)],
  };
}

/** Every sentence on a line of its own, as a comment. */
function failureText(file: vscode.Uri, failure: string): string {
  const lines = [`${file.path.split('/').pop()} cannot be shown as text.`, ...failure.split(/(?<=\.) (?=[A-Z])/)];
  return lines.map(line => `# ${line}\n`).join('');
}

async function answer(client: LanguageClient | undefined, params: OnnxFileParams): Promise<OnnxTextResult> {
  if (!client) return { failure: 'Leaklint’s language server is not running. “Leaklint: Restart Server” starts it.' };
  return client
    .sendRequest<OnnxTextResult>(onnxTextRequest, params)
    .catch(error => ({ failure: error instanceof Error ? error.message : String(error) }));
}

/** @param layer name of a layer to go to */
export async function showOnnxText(file: vscode.Uri, layer?: string): Promise<void> {
  // Not opened first: the document, and what is wrong with it, would stay for minutes after its tab is closed.
  const editor = await vscode.window.showTextDocument(textUriOf(file), { preview: false });
  const range = layer === undefined ? undefined : await placeOf(editor.document, layer);
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
