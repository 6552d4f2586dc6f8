import * as fs from 'node:fs';
import * as path from 'node:path';
import { withVsCode } from './vscode.mjs';

const workspace = { folder: 'examples/federated-mnist', openFile: 'src/leaky-model.ts' };

/** @param {string} folder @param {Record<string, unknown>} settings */
function writeSettings(folder, settings) {
  fs.mkdirSync(path.join(folder, '.vscode'), { recursive: true });
  fs.writeFileSync(path.join(folder, '.vscode', 'settings.json'), JSON.stringify(settings));
}

export const tests = {
  'the tree lists the models of every format, and a click on a layer goes to it': () =>
    withVsCode(workspace, async ({ page, palette, editor, shot }) => {
      await editor.locator('.squiggly-warning').first().waitFor({ timeout: 60_000 });
      await palette('Leaklint: Focus on Models View');
      const tree = page.locator('.tree-explorer-viewlet-tree-view');
      const row = (/** @type {string | RegExp} */ text) => tree.locator('.monaco-list-row', { hasText: text });
      await row('digits-cnn.onnx').waitFor({ timeout: 60_000 });
      await row('model.json').waitFor();
      await row('leaky_digits').locator('.monaco-tl-twistie').click();
      await row('leaky_digits').hover();
      await shot('models-tree');
      await row('conv2d_2').click();
      await page.getByText('Ln 18, Col 29').waitFor({ timeout: 30_000 });
    }),

  '“leak” among the workspace’s symbols says which models leak': () =>
    withVsCode(workspace, async ({ page, editor, palette, shot }) => {
      await editor.locator('.squiggly-warning').first().waitFor({ timeout: 60_000 });
      await palette('Go to Symbol in Workspace...');
      await page.locator('.quick-input-widget input').fill('#leak');
      const rows = page.locator('.quick-input-list .monaco-list-row', { hasText: /leaks\s(≈\s)?\d+\sof\s784/ });
      await rows.nth(3).waitFor({ timeout: 60_000 });
      await shot('workspace-symbols');
    }),

  'inlay hints show the output shape of each layer': () =>
    withVsCode(workspace, async ({ folder, editor, shot }) => {
      writeSettings(folder, { 'leaklint.inlayHints.outputShapes': true });
      await editor
        .locator('.view-line', { hasText: /→\s\[\d+/ })
        .first()
        .waitFor({ timeout: 60_000 });
      await shot('inlay-hints');
    }),
};
