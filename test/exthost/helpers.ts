// What the suites need of VS Code's API. Places in a document are named by their text.
import * as path from 'node:path';
import * as vscode from 'vscode';

export const extensionId = 'leaklint.leaklint';

/** Asks until there is an answer other than undefined, false or null; fails by name when there is none in time. */
export async function until<T>(
  what: string,
  ask: () => Thenable<T | undefined> | T | undefined,
  milliseconds = 30_000,
): Promise<T> {
  for (const end = Date.now() + milliseconds; ; await new Promise(resolve => setTimeout(resolve, 100))) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`No ${what} within ${milliseconds / 1000} s`);
  }
}

/** A path in the tests' workspace, a fresh copy of test/exthost/workspace. */
export function workspacePath(relative: string): string {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!folder) throw new Error('The tests run in a workspace folder');
  return path.join(folder.uri.fsPath, relative);
}

/** Opens a file of the workspace in an editor. */
export async function openFixture(relative: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(workspacePath(relative));
  await vscode.window.showTextDocument(document);
  return document;
}

/** Opens unsaved text in an editor. */
export async function openText(language: string, content: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument({ language, content });
  await vscode.window.showTextDocument(document);
  return document;
}

/** Where a text first stands in the document, or first after another text. */
export function rangeOf(document: vscode.TextDocument, text: string, after = ''): vscode.Range {
  const content = document.getText();
  const start = content.indexOf(text, content.indexOf(after) + after.length);
  if (!content.includes(after) || start < 0) throw new Error(`${JSON.stringify(text)} is not in ${document.fileName}`);
  return new vscode.Range(document.positionAt(start), document.positionAt(start + text.length));
}

/** Replaces text in the document, as typing does. */
export async function replaceText(document: vscode.TextDocument, text: string, replacement: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, rangeOf(document, text), replacement);
  if (!(await vscode.workspace.applyEdit(edit)))
    throw new Error(`VS Code did not apply the edit to ${document.fileName}`);
}

function ourDiagnostics(document: vscode.TextDocument): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(document.uri).filter(diagnostic => diagnostic.source === 'leaklint');
}

/** Leaklint's diagnostics of a document, once they satisfy the condition; by default, once there are any. */
export function diagnosticsOf(
  document: vscode.TextDocument,
  accept: (diagnostics: vscode.Diagnostic[]) => boolean = diagnostics => diagnostics.length > 0,
): Promise<vscode.Diagnostic[]> {
  return until(`diagnostics of ${path.basename(document.fileName)}`, () => {
    const diagnostics = ourDiagnostics(document);
    return accept(diagnostics) ? diagnostics : undefined;
  });
}

/** The rule id that a diagnostic carries as its code. */
export function ruleOf(diagnostic: vscode.Diagnostic): string {
  const { code } = diagnostic;
  return String(typeof code === 'object' ? code.value : code);
}

/** The text of all hovers over the first place where `text` stands, once one of them matches. */
export function hoverText(document: vscode.TextDocument, text: string, expected: RegExp): Promise<string> {
  const position = rangeOf(document, text).start;
  return until(`hover over ${text} that matches ${expected}`, async () => {
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      position,
    );
    const contents = hovers.flatMap(hover => hover.contents);
    const shown = contents.map(content => (typeof content === 'string' ? content : content.value)).join('\n\n');
    return expected.test(shown) ? shown : undefined;
  });
}

/** The code lenses of a document whose title matches, once there are any. */
export function codeLenses(document: vscode.TextDocument, expected: RegExp): Promise<vscode.CodeLens[]> {
  return until(`code lens that matches ${expected}`, async () => {
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      document.uri,
      100,
    );
    const matching = lenses.filter(lens => expected.test(lens.command?.title ?? ''));
    return matching.length > 0 ? matching : undefined;
  });
}

/** The quick fix with this title at a place, once it is offered. */
export function codeAction(
  document: vscode.TextDocument,
  range: vscode.Range,
  title: string,
): Promise<vscode.CodeAction> {
  return until(`quick fix ${JSON.stringify(title)}`, async () => {
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      document.uri,
      range,
      vscode.CodeActionKind.QuickFix.value,
    );
    return actions.find(action => action.title === title);
  });
}

/** Does what choosing a code action does: its edit, then its command. */
export async function applyCodeAction(action: vscode.CodeAction): Promise<void> {
  if (action.edit && !(await vscode.workspace.applyEdit(action.edit)))
    throw new Error(`${action.title} was not applied`);
  if (action.command) await vscode.commands.executeCommand(action.command.command, ...(action.command.arguments ?? []));
}

/** Closes every editor; unsaved changes are dropped. */
export async function closeEditors(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}
