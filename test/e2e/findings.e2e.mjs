import assert from 'node:assert/strict';
import { withVsCode } from './vscode.mjs';

const workspace = { folder: 'test/exthost/workspace', openFile: 'model.ts' };

export const tests = {
  'a leaky layer is underlined, and its hover says how much it gives away': () =>
    withVsCode(workspace, async ({ editor, hover, shot }) => {
      await editor.locator('.squiggly-warning').first().waitFor({ timeout: 60_000 });
      const text = await (await hover('conv2d')).innerText();
      assert.match(text, /rank\(U\)/);
      await shot('hover');
    }),

  'a code lens above the model says r of n and c(M)': () =>
    withVsCode(workspace, async ({ page, shot }) => {
      const lens = page.locator('.codelens-decoration', { hasText: /r = \d+ of \d+.*c\(M\) = / }).first();
      await lens.waitFor({ timeout: 60_000 });
      await shot('code-lens');
    }),

  'the palette offers every command': () =>
    withVsCode(workspace, async ({ page, palette, paletteRow, shot }) => {
      await paletteRow('Leaklint: Show Layer Report');
      await shot('palette');
      await page.keyboard.press('Escape');
      await palette('Leaklint: Show Output');
      await page.locator('.panel .monaco-editor').first().waitFor({ timeout: 30_000 });
    }),
};
