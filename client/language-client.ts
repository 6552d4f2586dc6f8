import * as vscode from 'vscode';
import { type DocumentSelector, LanguageClient, type ServerOptions, TransportKind } from 'vscode-languageclient/node';
import { type InitializationOptions, onnxTextScheme } from '../server/protocol.ts';

/** What Leaklint reads: model code, also in pages and components, model.json and ONNX text, saved or not, and .onnx files shown as text. */
export const documentSelector: DocumentSelector = [
  ...['javascript', 'javascriptreact', 'typescript', 'typescriptreact'].flatMap(language => [
    { scheme: 'file', language },
    { scheme: 'untitled', language },
  ]),
  { scheme: 'file', language: 'json' },
  { scheme: 'untitled', language: 'json' },
  ...['html', 'vue', 'svelte'].map(language => ({ scheme: 'file', language })),
  ...['file', 'untitled', onnxTextScheme].map(scheme => ({ scheme, language: 'onnx-text' })),
];

export function createClient(
  context: vscode.ExtensionContext,
  output: vscode.LogOutputChannel,
  initializationOptions: InitializationOptions,
): LanguageClient {
  const module = vscode.Uri.joinPath(context.extensionUri, 'dist', 'server.cjs').fsPath;
  const server: ServerOptions = {
    run: { module, transport: TransportKind.ipc },
    debug: { module, transport: TransportKind.ipc, options: { execArgv: ['--nolazy', '--inspect=6019'] } },
  };
  return new LanguageClient('leaklint', 'Leaklint', server, {
    documentSelector,
    initializationOptions,
    outputChannel: output,
    markdown: { isTrusted: { enabledCommands: ['leaklint.openRulePage'] } },
  });
}
