/** Which `.onnx` file a command is about, and what happens to it on disk. */
import * as vscode from 'vscode';
import { onnxTextEnding, onnxTextScheme } from '../server/protocol.ts';

export const tableViewType = 'leaklint.onnxTable';

/** The read-only document that shows a `.onnx` file as text. */
export function textUriOf(file: vscode.Uri): vscode.Uri {
  return file.with({ scheme: onnxTextScheme, path: file.path + onnxTextEnding });
}

/** The file that a text document of {@link textUriOf} shows. */
export function fileOfText(text: vscode.Uri): vscode.Uri {
  return text.with({ scheme: 'file', path: text.path.slice(0, -onnxTextEnding.length) });
}

export function isOnnxFile(uri: vscode.Uri): boolean {
  return uri.scheme === 'file' && /\.onnx$/i.test(uri.path);
}

/** The `.onnx` file of the active editor, shown as table or as text. */
export function activeOnnxFile(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (input instanceof vscode.TabInputCustom && isOnnxFile(input.uri)) return input.uri;
  if (input instanceof vscode.TabInputText && input.uri.scheme === onnxTextScheme) return fileOfText(input.uri);
  return undefined;
}

/** The document or file of the active editor, a `.onnx` file in its table included: what commands without an argument are about. */
export function activeModelUri(): string | undefined {
  return (vscode.window.activeTextEditor?.document.uri ?? activeOnnxFile())?.toString();
}

/** What a command was given, or else the active editor's file, or else one that the user picks. */
export async function chooseOnnxFile(given: unknown): Promise<vscode.Uri | undefined> {
  const uri = given instanceof vscode.Uri ? given : activeOnnxFile();
  if (uri?.scheme === onnxTextScheme) return fileOfText(uri);
  if (uri) return uri;
  const files = await vscode.workspace.findFiles('**/*.onnx', '**/node_modules/**', 1000);
  if (files.length === 0) {
    await vscode.window.showInformationMessage('Leaklint found no .onnx file in this workspace.');
    return undefined;
  }
  const items = files.map(file => ({ label: vscode.workspace.asRelativePath(file), file }));
  return (await vscode.window.showQuickPick(items, { title: 'ONNX model' }))?.file;
}

/** Calls back, not more often than sensible, when the file is written again, appears or goes. */
export function watchFile(file: vscode.Uri, changed: () => void): vscode.Disposable {
  const folder = vscode.Uri.joinPath(file, '..');
  // Characters that mean something in a glob stand for themselves in a file's name.
  const name = (file.path.split('/').pop() ?? '').replace(/[*?[\]{}]/g, '?');
  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, name));
  let timer: NodeJS.Timeout | undefined;
  const soon = (event: vscode.Uri) => {
    if (event.path !== file.path) return;
    clearTimeout(timer);
    // Large files are written in many pieces.
    timer = setTimeout(changed, 300);
  };
  watcher.onDidChange(soon);
  watcher.onDidCreate(soon);
  watcher.onDidDelete(soon);
  return {
    dispose: () => {
      clearTimeout(timer);
      watcher.dispose();
    },
  };
}
