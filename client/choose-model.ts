import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { type AttackModel, type AttackModelsParams, attackModelsRequest } from '../server/protocol.ts';

/**
 * The model that a command is for: the one that is named, the only one of its file, or the one that the user picks.
 * Undefined where there is none, which the user is told, or none was picked.
 */
export async function chooseModel(
  client: LanguageClient,
  uri: string,
  named: string | undefined,
  title: string,
): Promise<AttackModel | undefined> {
  const params: AttackModelsParams = { uri };
  const models = await client.sendRequest<AttackModel[]>(attackModelsRequest, params);
  if (models.length === 0) {
    await vscode.window.showInformationMessage('Leaklint found no model in this file.');
    return undefined;
  }
  const found = models.find(model => model.name === named);
  if (found ?? models.length === 1) return found ?? models[0];
  const items = models.map(model => ({ label: model.name, description: model.summary, model }));
  return (await vscode.window.showQuickPick(items, { title }))?.model;
}
