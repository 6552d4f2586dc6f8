/** The extension: starts the language server, owns the commands and the status item. Computes nothing. */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { type DebugResult, debugRequest, type OnnxTable } from '../server/protocol.ts';
import { registerAttackPanel } from './attack-panel.ts';
import { debugInformation } from './debug-information.ts';
import { registerHardening } from './hardening.ts';
import { createClient } from './language-client.ts';
import { registerReports } from './layer-report.ts';
import { registerModelsTree, type TreeNode } from './models-tree.ts';
import { registerOnnxTable } from './onnx-table.ts';
import { registerOnnxText } from './onnx-text.ts';
import { registerRulePages, ruleUriBase } from './rule-pages.ts';
import { createStatus } from './status.ts';
import { registerVerification } from './verify.ts';
import { registerExample } from './walkthrough.ts';
import type { PanelState, Setup } from './webview/attack/messages.ts';
import type { VerifyState } from './webview/verify/messages.ts';

let client: LanguageClient | undefined;

/** What tests in the extension host may look at. */
export interface ExtensionApi {
  statusText(): string;
  attack(): PanelState | undefined;
  attackSetup(part: Partial<Setup>): void;
  attackRun(): Promise<void>;
  debug(): Promise<DebugResult | undefined>;
  verified(): VerifyState | undefined;
  modelsTree: vscode.TreeDataProvider<TreeNode>;
  onnxTable(): OnnxTable | undefined;
}

export async function activate(context: vscode.ExtensionContext): Promise<ExtensionApi> {
  const output = vscode.window.createOutputChannel('Leaklint', { log: true });
  const status = createStatus();
  context.subscriptions.push(output, status);

  const attacks = registerAttackPanel(context, () => client);
  const verification = registerVerification(context, () => client);
  const models = registerModelsTree(() => client);
  const onnxTables = registerOnnxTable(context, () => client);
  const onnxTexts = registerOnnxText(() => client);

  const start = async () => {
    client = createClient(context, output, { ruleUriBase: ruleUriBase() });
    status.follow(client);
    attacks.follow(client);
    models.follow(client);
    onnxTables.follow(client);
    await client.start().finally(models.started);
  };

  context.subscriptions.push(
    ...registerRulePages(context),
    ...registerReports(() => client),
    ...attacks.disposables,
    ...verification.disposables,
    ...models.disposables,
    ...onnxTexts.disposables,
    ...onnxTables.disposables,
    registerHardening(() => client),
    registerExample(context),
    vscode.commands.registerCommand('leaklint.showOutput', () => output.show()),
    vscode.commands.registerCommand('leaklint.restartServer', async () => {
      status.clear();
      await client?.dispose();
      await start();
      onnxTables.refreshAll();
      onnxTexts.refreshAll();
      output.info('Language server restarted.');
    }),
    vscode.commands.registerCommand('leaklint.printDebugInformation', async () => {
      output.info(await debugInformation(context, client));
      output.show();
    }),
  );
  try {
    await start();
  } catch (error) {
    output.error(error instanceof Error ? error : String(error));
    const choice = await vscode.window.showErrorMessage(
      'Leaklint could not start its language server. Its log says why; “Leaklint: Restart Server” tries again.',
      'Show Log',
    );
    if (choice) output.show();
  }
  return {
    statusText: () => status.text(),
    attack: attacks.state,
    attackSetup: attacks.setup,
    attackRun: attacks.run,
    verified: verification.state,
    debug: async () => client?.sendRequest<DebugResult>(debugRequest),
    modelsTree: models.provider,
    onnxTable: onnxTables.shown,
  };
}

export async function deactivate(): Promise<void> {
  await client?.dispose();
}
