/**
 * The read-only file system of `leaklint-onnx:` documents, which show `.onnx` files as text. A file system, and not a
 * provider of document contents, since VS Code reopens only documents of file systems when its window is loaded again.
 */
import * as vscode from 'vscode';
import { onnxTextScheme } from '../server/protocol.ts';
import { fileOfText, watchFile } from './onnx-files.ts';

export interface OnnxTextFiles {
  readonly disposables: vscode.Disposable[];
  /** Every text that is open is made again. */
  refreshAll(): void;
}

/** @param textOf the text of a `.onnx` file; never fails */
export function registerOnnxTextFiles(textOf: (file: vscode.Uri) => Promise<string>): OnnxTextFiles {
  const changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  const watchers = new Map<string, vscode.Disposable>();
  /** When texts became others by more than a new time of their file, milliseconds since 1970. */
  const refreshed = new Map<string, number>();

  function announce(uri: vscode.Uri): void {
    refreshed.set(uri.toString(), Date.now());
    changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  // VS Code asks to watch what is visible; what a hidden document says must be true as well.
  function follow({ uri }: vscode.TextDocument): void {
    if (uri.scheme !== onnxTextScheme || watchers.has(uri.toString())) return;
    watchers.set(
      uri.toString(),
      watchFile(fileOfText(uri), () => announce(uri)),
    );
  }

  function leave({ uri }: vscode.TextDocument): void {
    watchers.get(uri.toString())?.dispose();
    watchers.delete(uri.toString());
  }

  const readOnly = () => {
    throw vscode.FileSystemError.NoPermissions('This is the text of a binary .onnx file, which is shown only.');
  };
  const provider: vscode.FileSystemProvider = {
    onDidChangeFile: changed.event,
    async stat(uri) {
      const { type, ctime, mtime } = await vscode.workspace.fs.stat(fileOfText(uri));
      // No size: it would take making the text, and VS Code would ask before it opens one as large as the model.
      return { type, ctime, mtime: Math.max(mtime, refreshed.get(uri.toString()) ?? 0), size: 0 };
    },
    async readFile(uri) {
      const file = fileOfText(uri);
      // Fails where there is no such file.
      await vscode.workspace.fs.stat(file);
      return new TextEncoder().encode(await textOf(file));
    },
    readDirectory: () => [],
    watch: () => ({ dispose: () => {} }),
    createDirectory: readOnly,
    writeFile: readOnly,
    delete: readOnly,
    rename: readOnly,
  };

  for (const document of vscode.workspace.textDocuments) follow(document);
  return {
    disposables: [
      changed,
      vscode.workspace.registerFileSystemProvider(onnxTextScheme, provider, {
        isReadonly: new vscode.MarkdownString('This is the text of a binary `.onnx` file, which Leaklint only shows.'),
        isCaseSensitive: true,
      }),
      vscode.workspace.onDidOpenTextDocument(follow),
      vscode.workspace.onDidCloseTextDocument(leave),
      {
        dispose: () => {
          for (const watcher of watchers.values()) watcher.dispose();
        },
      },
    ],
    refreshAll: () => {
      for (const uri of watchers.keys()) announce(vscode.Uri.parse(uri));
    },
  };
}
