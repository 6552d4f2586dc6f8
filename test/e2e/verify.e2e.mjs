import { withVsCode } from './vscode.mjs';

const workspace = { folder: 'examples/federated-mnist', openFile: 'src/hardened-model.ts' };

export const tests = {
  'verifying numerically shows the rank and the map over a picture': () =>
    withVsCode(workspace, async ({ editor, palette, frame, shot }) => {
      await editor.locator('.codelens-decoration', { hasText: 'Verify numerically' }).waitFor({ timeout: 60_000 });
      await palette('Leaklint: Verify Leakage Numerically');
      const page = frame();
      await page.getByRole('heading', { name: /measured gradient leakage/ }).waitFor({ timeout: 120_000 });
      await page.getByText(/^r = \d+ of \d+/).waitFor();
      await page.locator('canvas[role=img]').waitFor();
      await page.getByLabel('Picture').selectOption('Balloon');
      await page.locator('canvas[role=img]').hover();
      await shot('verify');
      await page.getByLabel('Picture').selectOption('the map alone');
      await shot('verify-map');
    }),
};
