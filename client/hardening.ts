/** "Suggest Hardening": a small table of combined changes, each analysed; the chosen one is applied as an edit. */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { type HardenParams, type HardenResult, type HardenRow, hardenRequest } from '../server/protocol.ts';

interface RowItem extends vscode.QuickPickItem {
  readonly row: HardenRow;
}

export function registerHardening(client: () => LanguageClient | undefined): vscode.Disposable {
  return vscode.commands.registerCommand('leaklint.suggestHardening', async (argument?: HardenParams) => {
    const uri = argument?.uri ?? vscode.window.activeTextEditor?.document.uri.toString();
    const running = client();
    if (uri === undefined || !running?.isRunning()) {
      await vscode.window.showInformationMessage('Open model code first, then run “Leaklint: Suggest Hardening”.');
      return;
    }
    // From the Models view, the file may not be open yet: the server analyses documents.
    await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
    const params: HardenParams = { uri, ...(argument?.model === undefined ? {} : { model: argument.model }) };
    const result = await search(running, params);
    if (result === undefined) return;
    if (!result?.rows.length) {
      await vscode.window.showInformationMessage(result?.note ?? 'Leaklint found no model in this file.');
      return;
    }
    const chosen = await choose(result);
    if (chosen) await apply(vscode.Uri.parse(uri), result.version, chosen);
  });
}

/** null where there is no model; undefined when the search was cancelled. */
async function search(client: LanguageClient, params: HardenParams): Promise<HardenResult | null | undefined> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: 'Leaklint: analysing changes…',
    cancellable: true,
  };
  return vscode.window.withProgress(options, async (_, token) => {
    try {
      const result = await client.sendRequest<HardenResult | null>(hardenRequest, params, token);
      return token.isCancellationRequested ? undefined : result;
    } catch (error) {
      if (token.isCancellationRequested) return undefined;
      throw error;
    }
  });
}

async function choose(result: HardenResult): Promise<HardenRow | undefined> {
  const items = result.rows.map(
    (row): RowItem => ({
      label: row.leak,
      description: [row.metric, row.parameters && `parameters ${row.parameters}`].filter(Boolean).join(' · '),
      detail: row.changes.join(' · '),
      row,
    }),
  );
  const picked = await vscode.window.showQuickPick(items, {
    title: `${result.model}: now ${result.figures}`,
    placeHolder: result.note,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.row;
}

async function apply(uri: vscode.Uri, version: number, row: HardenRow): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  if (document.version !== version) {
    await vscode.window.showWarningMessage('The file has changed since it was analysed: suggest again.');
    return;
  }
  const edit = new vscode.WorkspaceEdit();
  for (const { range, newText } of row.edits) {
    const { start, end } = range;
    edit.replace(uri, new vscode.Range(start.line, start.character, end.line, end.character), newText);
  }
  await vscode.workspace.applyEdit(edit);
}
