import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { withVsCode } from './vscode.mjs';

const digits = { folder: 'examples/federated-mnist' };
const zoo = { folder: 'test/fixtures/onnx/zoo', size: { width: 1400, height: 900 } };

/** @param {import('playwright-core').Page} page @param {string} name */
async function pick(page, name) {
  await page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().click({ timeout: 30_000 });
}

export const tests = {
  'table: figures, sort, filter, keyboard, then the node in the text with its warnings, also after a reload': () =>
    withVsCode(digits, async ({ page, folder, palette, frame, hover, kept, reload, shot }) => {
      await palette('Leaklint: Open ONNX Table');
      await pick(page, 'digits-cnn.onnx');
      const view = frame();
      const table = view.locator('table[role=grid]');
      await table.waitFor({ timeout: 60_000 });
      assert.match(await view.locator('.figures').innerText(), /r = \d+ of 784/);
      const rows = view.locator('tr[data-index]');
      const all = await rows.count();
      await shot('onnx-table');

      await view.locator('th button', { hasText: 'Unknowns' }).click();
      assert.equal(await view.locator('th[aria-sort=ascending]').innerText(), 'Unknowns');
      await view.locator('#filter').fill('conv');
      await view.locator('#count', { hasText: ` of ${all} layers` }).waitFor();
      const names = await rows.locator('td:nth-child(2)').allInnerTexts();
      assert.ok(names.length > 0 && names.length < all, names.join());

      await table.focus();
      await page.keyboard.press('End');
      await page.keyboard.press('Home');
      await view.locator('#detail', { hasText: 'Conv' }).waitFor();
      await page.keyboard.press('Enter');
      const editor = page.locator('.editor-instance .monaco-editor').first();
      await editor.locator('.squiggly-warning').first().waitFor({ timeout: 60_000 });
      await page
        .locator('.codelens-decoration', { hasText: /r = \d+ of 784/ })
        .first()
        .waitFor({ timeout: 30_000 });
      await page.keyboard.press('Control+Home');
      await shot('onnx-text');
      assert.match(await (await hover('Gemm')).innerText(), /rank\(U\)/);
      await shot('onnx-text-hover');

      await kept('workbench.parts.editor', 'leaklint-onnx');
      await reload();
      await editor.locator('.squiggly-warning').first().waitFor({ timeout: 120_000 });
      await shot('onnx-text-reloaded');
      fs.writeFileSync(path.join(folder, 'models/digits-cnn.onnx'), 'no model');
      await editor.locator('.view-line', { hasText: 'not an ONNX model' }).waitFor({ timeout: 60_000 });
    }),

  'a deep network, and a broken file': () =>
    withVsCode(zoo, async ({ page, folder, palette, frame, shot }) => {
      await palette('Leaklint: Open ONNX Table');
      await pick(page, 'light_resnet50.onnx');
      const view = frame();
      await view.locator('#count', { hasText: /^\d{3} layers/ }).waitFor({ timeout: 60_000 });
      const table = view.locator('table[role=grid]');
      await table.focus();
      await page.keyboard.press('End');
      await view.locator('tr.active td', { hasText: 'Softmax' }).first().waitFor();
      await shot('onnx-table-resnet50');

      fs.writeFileSync(path.join(folder, 'light_resnet50.onnx'), '<!DOCTYPE html>');
      await view.locator('.failure', { hasText: 'a web page' }).waitFor({ timeout: 30_000 });
      await shot('onnx-table-broken');
    }),
};
