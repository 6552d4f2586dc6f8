import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { withVsCode } from './vscode.mjs';

const workspace = { folder: 'test/exthost/workspace', openFile: 'model.ts' };
const panel = 'Leaklint: Run Leakage Attack';

/** @param {import('playwright-core').FrameLocator} page @param {string} method @param {boolean} on */
async function tick(page, method, on) {
  await page.locator(`#setup input[type=checkbox][value="${method}"]`).setChecked(on);
}

/** @param {import('playwright-core').FrameLocator} page @param {string} method */
function card(page, method) {
  return page.locator('figure', { has: page.locator('figcaption', { hasText: method }) });
}

export const tests = {
  'palette, panel, live pictures, result, export, reload': () =>
    withVsCode(workspace, async ({ page, folder, editor, palette, frame, saveAs, kept, reload, shot }) => {
      await editor.locator('.squiggly-warning').first().waitFor({ timeout: 60_000 });
      await palette(panel);
      const view = frame();
      await view.locator('#run').waitFor({ timeout: 60_000 });
      await tick(view, 'r-gap', true);
      // Enough for this model, and less to wait for on a busy machine.
      await view.locator('#steps').fill('6');
      await view.locator('#steps').press('Tab');
      await shot('attack-setup');
      await view.locator('#run').click();
      await card(view, 'gauss-newton').locator('img:not([hidden])').waitFor({ timeout: 60_000 });
      await view.locator('.status', { hasText: /^Done/ }).waitFor({ timeout: 120_000 });
      const scores = await card(view, 'gauss-newton').locator('.scores').innerText();
      assert.match(scores, /PSNR/);
      assert.ok(/pixel-exact/.test(scores) || Number(/PSNR ([\d.]+)/.exec(scores)?.[1]) > 30, scores);
      await shot('attack-result');

      // Measured while the picture is exported.
      await view.locator('#map').click();
      const target = path.join(folder, 'exported.png');
      await view.locator('#export-png').click();
      await saveAs(target);
      for (let tries = 0; !fs.existsSync(target) && tries < 100; tries++) await page.waitForTimeout(100);
      assert.equal(fs.readFileSync(target).subarray(1, 4).toString(), 'PNG');

      await card(view, 'Target').locator('canvas').waitFor({ timeout: 120_000 });

      // What only the measured map says: the last that the page saved.
      await kept('workbench.parts.editor', 'predicted');
      await reload();
      const restored = frame();
      await restored.locator('.status', { hasText: /^Done/ }).waitFor({ timeout: 120_000 });
      assert.equal(await card(restored, 'gauss-newton').locator('.scores').innerText(), scores);
      await card(restored, 'Target').locator('canvas').waitFor();
      await shot('attack-restored');
    }),

  'a batch of two, a chain of defences and a sweep': () =>
    withVsCode(
      { folder: 'test/e2e/batch', openFile: 'model.ts', size: { width: 1500, height: 1500 } },
      async ({ editor, palette, frame, shot }) => {
        await editor.locator('.squiggly-warning').first().waitFor({ timeout: 60_000 });
        await palette(panel);
        const view = frame();
        await view.locator('#run').waitFor({ timeout: 60_000 });
        await tick(view, 'r-gap', true);
        await view.locator('#batch').check();
        await view.locator('#setup .images label', { hasText: 'Balloon' }).locator('input').check();
        assert.equal(await view.locator('#label').inputValue(), '0, 1');
        await view.locator('#defence-kind').selectOption('noise');
        await view.locator('#sweep-levels').check();
        await view.locator('#defence').fill('clip:1 noise:1e-4..1e-1');
        await view.locator('#defence').press('Tab');
        await view.locator('#run').click();
        await view.locator('.status', { hasText: /^Done/ }).waitFor({ timeout: 120_000 });
        assert.equal(await card(view, 'Targets').locator('img:not([hidden])').count(), 2);
        assert.equal(await card(view, 'gauss-newton').locator('img:not([hidden])').count(), 2);
        assert.match(await card(view, 'gauss-newton').locator('.scores').innerText(), /mean PSNR .* best /);
        assert.match(await card(view, 'r-gap').locator('.note').innerText(), /takes one image/);
        assert.match(await view.locator('ul.defence').innerText(), /clipped to norm 1/);
        const rows = view.locator('table.levels tbody tr');
        assert.deepEqual(await rows.locator('th').allInnerTexts(), ['without', '1e-4', '0.001', '0.01', '0.1']);
        assert.equal(await rows.locator('td', { hasText: /dB · SSIM/ }).count(), 5);
        await shot('attack-batch');
        await rows.last().scrollIntoViewIfNeeded();
        await shot('attack-sweep');
      },
    ),

  'cancel keeps what was reached; the map of what the gradient holds': () =>
    withVsCode(workspace, async ({ editor, palette, frame, shot }) => {
      await editor.locator('.squiggly-warning').first().waitFor({ timeout: 60_000 });
      await palette(panel);
      const view = frame();
      await view.locator('#run').waitFor({ timeout: 60_000 });
      await tick(view, 'gauss-newton', false);
      await tick(view, 'cosine', true);
      await view.locator('#run').click();
      await card(view, 'cosine').locator('img:not([hidden])').waitFor({ timeout: 60_000 });
      await view.locator('#cancel').click();
      await view.locator('.status', { hasText: /^Cancelled/ }).waitFor({ timeout: 10_000 });
      assert.ok(await card(view, 'cosine').locator('img').isVisible());
      await shot('attack-cancelled');

      // By keyboard, as without a mouse.
      await view.locator('#map').focus();
      await view.locator('#map').press('Enter');
      const words = view.locator('.map-words', { hasText: 'Of the pixels' });
      await words.waitFor({ timeout: 120_000 });
      assert.match(await words.innerText(), /r = 768 of 768 .*100\.0 % are determined/);
      const covered = card(view, 'Target').locator('canvas');
      assert.match((await covered.getAttribute('aria-label')) ?? '', /What the gradient lost is covered/);
      assert.equal(await view.locator('#map').innerText(), 'Hide what the gradient holds');
      await view.locator('#map').press('Enter');
      await card(view, 'Target').locator('img').waitFor();
      await view.locator('#map').press('Enter');
      await covered.waitFor();
      await covered.scrollIntoViewIfNeeded();
      await shot('attack-map');
    }),
};
