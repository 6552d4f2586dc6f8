import * as vscode from 'vscode';

/** Opens the walkthrough's leaky model as an unsaved document, to be changed freely. */
export function registerExample(context: vscode.ExtensionContext): vscode.Disposable {
  return vscode.commands.registerCommand('leaklint.openExample', async () => {
    const file = vscode.Uri.joinPath(context.extensionUri, 'media', 'walkthrough', 'example.ts');
    const content = new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
    const document = await vscode.workspace.openTextDocument({ language: 'typescript', content });
    await vscode.window.showTextDocument(document);
  });
}
