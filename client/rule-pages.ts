/** Rule pages come with the extension, so that "explain this" works offline. */
import * as vscode from 'vscode';

const handlerPath = '/rules/';

/** Links of this form reach {@link registerRulePages}'s URI handler, whichever product VS Code runs as. */
export function ruleUriBase(): string {
  return `${vscode.env.uriScheme}://leaklint.leaklint${handlerPath}`;
}

export function registerRulePages(context: vscode.ExtensionContext): vscode.Disposable[] {
  const open = async (ruleId: unknown) => {
    // The id comes from a link or another extension: only names of pages may become part of a path.
    if (typeof ruleId !== 'string' || !/^[a-z][a-z-]*$/.test(ruleId)) return;
    const page = vscode.Uri.joinPath(context.extensionUri, 'docs', 'rules', `${ruleId}.md`);
    await vscode.commands.executeCommand('markdown.showPreview', page);
  };
  return [
    vscode.commands.registerCommand('leaklint.openRulePage', open),
    vscode.window.registerUriHandler({
      handleUri: uri => (uri.path.startsWith(handlerPath) ? open(uri.path.slice(handlerPath.length)) : undefined),
    }),
  ];
}
