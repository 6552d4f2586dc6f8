/** "Verify Leakage Numerically": measures a model's identifiable dimension and shows the figures and the map. */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import {
  type AttackModel,
  type AttackModelsParams,
  attackModelsRequest,
  type RunAttackArgument,
  type VerifyParams,
  type VerifyProgressParams,
  type VerifyResult,
  verifyProgressNotification,
  verifyRequest,
} from '../server/protocol.ts';
import { activeModelUri } from './onnx-files.ts';
import { sampleImages } from './sample-images.ts';
import type { FromVerifyPage, ToVerifyPage, VerifyState } from './webview/verify/messages.ts';
import { type WebviewPage, webviewPage } from './webview-page.ts';

const seed = 10;

const page: WebviewPage = {
  name: 'verify',
  title: 'Verified leakage',
  images: ['extension'],
  body: '<main></main>',
};

export interface Verification {
  readonly disposables: vscode.Disposable[];
  /** What the page shows now; for tests. */
  state(): VerifyState | undefined;
}

export function registerVerification(
  context: vscode.ExtensionContext,
  client: () => LanguageClient | undefined,
): Verification {
  let shown: VerifyState | undefined;
  let lastId = 0;

  async function verify(argument?: RunAttackArgument): Promise<void> {
    const running = client();
    const uri = argument?.uri ?? activeModelUri();
    if (!running || !uri) {
      await vscode.window.showInformationMessage(
        running
          ? 'Open a file with a model first, then run “Leaklint: Verify Leakage Numerically”.'
          : 'Leaklint’s language server is not running. “Leaklint: Restart Server” starts it.',
      );
      return;
    }
    const model = argument?.model ?? (await chooseModel(running, uri));
    if (model === undefined) return;
    const params: VerifyParams = { id: ++lastId, uri, model, seed, batch: 1 };
    try {
      const report = await measure(running, params);
      if (report) shown = showPage(context, report);
    } catch (error) {
      await vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
    }
  }

  return {
    disposables: [vscode.commands.registerCommand('leaklint.verifyNumerically', verify)],
    state: () => shown,
  };
}

async function chooseModel(client: LanguageClient, uri: string): Promise<string | undefined> {
  const params: AttackModelsParams = { uri };
  const models = await client.sendRequest<AttackModel[]>(attackModelsRequest, params);
  if (models.length <= 1) {
    if (models.length === 0) await vscode.window.showInformationMessage('Leaklint finds no model in this file.');
    return models[0]?.name;
  }
  const items = models.map(({ name, summary }) => ({ label: name, description: summary }));
  return (await vscode.window.showQuickPick(items, { placeHolder: 'Which model is to be measured?' }))?.label;
}

/** Undefined when the user cancelled. */
async function measure(client: LanguageClient, params: VerifyParams): Promise<VerifyResult | undefined> {
  const options = { location: vscode.ProgressLocation.Notification, title: 'Verify leakage', cancellable: true };
  return vscode.window.withProgress(options, async (progress, token) => {
    let reported = 0;
    const listening = client.onNotification(
      verifyProgressNotification,
      ({ id, rank, most, what }: VerifyProgressParams) => {
        if (id !== params.id) return;
        const share = (100 * rank) / Math.max(1, most);
        const prefix = what === 'twin' ? 'smaller twin: ' : '';
        progress.report({
          message: `${prefix}rank ${rank} so far, at most ${most}`,
          increment: Math.max(0, share - reported),
        });
        reported = Math.max(reported, share);
      },
    );
    try {
      return await client.sendRequest<VerifyResult>(verifyRequest, params, token);
    } catch (error) {
      if (token.isCancellationRequested) return undefined;
      throw error;
    } finally {
      listening.dispose();
    }
  });
}

function showPage(context: vscode.ExtensionContext, report: VerifyResult): VerifyState {
  const root = vscode.Uri.joinPath(context.extensionUri, 'dist', 'webview');
  const samples = vscode.Uri.joinPath(context.extensionUri, 'media', 'samples');
  const panel = vscode.window.createWebviewPanel(
    'leaklint.verify',
    `Verify: ${report.model}`,
    { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
    { enableScripts: true, localResourceRoots: [root, samples] },
  );
  const images = sampleImages(context.extensionUri, panel.webview);
  const state: VerifyState = { report, images: images.map(({ title, source }) => ({ title, source })) };
  panel.webview.onDidReceiveMessage(({ type }: FromVerifyPage) => {
    if (type === 'ready') void panel.webview.postMessage({ type: 'state', state } satisfies ToVerifyPage);
  });
  panel.webview.html = webviewPage(panel.webview, context.extensionUri, page);
  return state;
}
