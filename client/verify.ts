/** "Verify Leakage Numerically": measures a model's identifiable dimension and shows the figures and the map. */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { RunAttackArgument, VerifyResult } from '../server/protocol.ts';
import { progressText } from '../src-attack/process/verify-text.ts';
import { chooseModel } from './choose-model.ts';
import { measure } from './measure.ts';
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
    const model = await chooseModel(running, uri, argument?.model, 'Model to measure');
    if (!model) return;
    try {
      const report = await measureWithProgress(running, { uri, model: model.name, spec: { seed, batch: 1 } });
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

/** Undefined when the user cancelled. */
async function measureWithProgress(
  client: LanguageClient,
  wanted: Parameters<typeof measure>[1],
): Promise<VerifyResult | undefined> {
  const options = { location: vscode.ProgressLocation.Notification, title: 'Verify leakage', cancellable: true };
  return vscode.window.withProgress(options, async (notification, token) => {
    let reported = 0;
    notification.report({ message: 'preparing' });
    return measure(client, wanted, token, progress => {
      const share = (100 * progress.rank) / Math.max(1, progress.most);
      notification.report({ message: progressText(progress), increment: Math.max(0, share - reported) });
      reported = Math.max(reported, share);
    });
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
