import assert from 'node:assert/strict';
import { withVsCode } from './vscode.mjs';

const workspace = { folder: 'examples/federated-mnist', openFile: 'src/leaky-model.ts' };

/**
 * The figures in the lens above the model.
 * @param {import('./vscode.mjs').Page} page
 * @param {RegExp} expected
 */
async function lens(page, expected) {
  const found = page.locator('.codelens-decoration', { hasText: expected }).first();
  await found.waitFor({ timeout: 60_000 });
  return found.innerText();
}

export const tests = {
  'a quick fix says what becomes of r, and does it': () =>
    withVsCode(workspace, async ({ page, editor, palette, shot }) => {
      await lens(page, /r = 784 of 784/);
      await editor.locator('.view-line span > span', { hasText: 'conv2d' }).first().click();
      await palette('Quick Fix...');
      const menu = page.locator('.action-widget');
      const fix = menu.locator('.monaco-list-row', { hasText: /→\sr\sfalls\sfrom\s100/ }).first();
      await fix.waitFor({ timeout: 30_000 });
      await shot('what-if-before');
      const promised = /to\s([\d.]+)\s%/.exec(await fix.innerText())?.[1];
      await fix.click();
      const shown = /\(([\d.]+)\s%\)/.exec(await lens(page, /r = (?!784)\d+ of 784/))?.[1];
      assert.ok(Math.abs(Number(shown) - Number(promised)) <= 0.5, `${promised} % promised, ${shown} % in the lens`);
      await shot('what-if-after');
    }),

  'hardening shows a small table and applies the chosen row': () =>
    withVsCode(workspace, async ({ page, palette, editor, shot }) => {
      await lens(page, /r = 784 of 784/);
      await palette('Leaklint: Suggest Hardening');
      const rows = page.locator('.quick-input-list .monaco-list-row', { hasText: /r\s100\s%\s→/ });
      await rows.first().waitFor({ timeout: 60_000 });
      await shot('hardening-table');
      await rows.first().click();
      await lens(page, /r = (?!784)\d+ of 784/);
      assert.ok(await editor.isVisible());
      await shot('hardening-applied');
    }),
};
