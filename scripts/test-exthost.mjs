// Runs test/exthost inside the extension host of a real VS Code.   node scripts/test-exthost.mjs [minimum]
//   minimum: in the oldest VS Code that package.json claims, instead of a current one
//   VERBOSE=1 shows the extension host's console, KEEP=1 keeps the server's data folder
import * as fs from 'node:fs';
import * as path from 'node:path';
import { startBrowser } from './lib/chromium.mjs';
import { exthostWorkspace, readHostResults } from './lib/exthost.mjs';
import { out, root } from './lib/paths.mjs';
import { clearResults, conclude, printResult, saveResults } from './lib/results.mjs';
import { unsupported } from './lib/vscode-install.mjs';
import { startVsCode } from './lib/vscode-server.mjs';

const SECONDS = 600;

/**
 * The workbench starts the tests because of its URL and calls `codeAutomationExit` at their end.
 * @param {import('./lib/vscode-server.mjs').VsCodeServer} server
 * @param {import('playwright-core').Page} page
 * @param {string} workspace
 * @returns {Promise<string>} how it ended, for a person
 */
async function runInBrowser(server, page, workspace) {
  const exited = new Promise(resolve => page.exposeFunction('codeAutomationExit', resolve));
  await page.exposeFunction('codeAutomationLog', (/** @type {string} */ type, /** @type {unknown[]} */ args) => {
    if (process.env.VERBOSE) console.log(`[${type}]`, ...args);
  });
  /** @type {[string, string][]} */
  const payload = [
    ['extensionDevelopmentPath', server.remoteUri(root.replace(/\/$/, ''))],
    ['extensionTestsPath', server.remoteUri(path.join(out, 'exthost/index.cjs'))],
  ];
  await page.goto(server.url(workspace, payload));
  const timer = new Promise(resolve => setTimeout(resolve, SECONDS * 1000, 'timeout').unref());
  const end = await Promise.race([exited, timer, server.exited.then(() => 'the server ended')]);
  if (end === 'timeout') await page.screenshot({ path: path.join(out, 'exthost-timeout.png') });
  return end === 0 ? '' : `The extension host ended with ${end}.`;
}

/** @param {import('./lib/vscode-install.mjs').Edition} edition */
async function main(edition) {
  const step = edition === 'current' ? 'exthost' : 'exthost-minimum';
  clearResults(step);
  const workspace = exthostWorkspace();
  const server = await startVsCode({ edition, env: { LEAKLINT_TEST_RESULTS: workspace.results } });
  let end = '';
  try {
    const browser = await startBrowser();
    try {
      end = await runInBrowser(server, await browser.newPage(), workspace.folder);
    } finally {
      await browser.close();
    }
  } finally {
    if (process.env.VERBOSE) console.log(server.logs());
    await server.stop();
  }
  const tests = readHostResults(workspace.results, end);
  fs.rmSync(workspace.parent, { recursive: true, force: true });
  for (const test of tests) printResult(test);
  saveResults(step, tests);
  conclude(tests);
}

const reason = unsupported();
if (reason) console.log(`SKIPPED: ${reason}; npm run test:desktop runs the same tests in the desktop VS Code`);
else await main(process.argv[2] === 'minimum' ? 'minimum' : 'current');
