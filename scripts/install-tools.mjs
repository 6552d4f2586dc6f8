// Downloads what the tests in VS Code need, into the cache folder: a VS Code server and, where there is none, a browser.
//   node scripts/install-tools.mjs [minimum]     minimum: the oldest VS Code we support, too
import { startBrowser } from './lib/chromium.mjs';
import { installVsCode, unsupported } from './lib/vscode-install.mjs';

if (!unsupported()) {
  await installVsCode('current');
  if (process.argv.includes('minimum')) await installVsCode('minimum');
  const browser = await startBrowser();
  await browser.close();
}
