// A real VS Code with the packaged extension, in a browser, for the tests in *.e2e.mjs.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { startBrowser } from '../../scripts/lib/chromium.mjs';
import { out, root, vsix } from '../../scripts/lib/paths.mjs';
import { startVsCode } from '../../scripts/lib/vscode-server.mjs';

export const shots = path.join(out, 'shots');

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('playwright-core').Locator} Locator
 * @typedef {import('playwright-core').FrameLocator} FrameLocator
 * @typedef {{ browser: import('playwright-core').Browser, server: import('../../scripts/lib/vscode-server.mjs').VsCodeServer }} Host
 * @typedef {{
 *   page: Page,
 *   folder: string,
 *   editor: Locator,
 *   paletteRow: (command: string) => Promise<Locator>,
 *   palette: (command: string) => Promise<void>,
 *   hover: (text: string) => Promise<Locator>,
 *   frame: () => FrameLocator,
 *   saveAs: (file: string) => Promise<void>,
 *   kept: (key: string, text: string) => Promise<void>,
 *   reload: () => Promise<void>,
 *   shot: (name: string) => Promise<void>,
 * }} Window
 */

/** The workspaces have no node_modules: TypeScript's own complaints would only hide ours. */
const SETTINGS = { 'typescript.validate.enable': false, 'javascript.validate.enable': false };

/** @type {Promise<Host> | undefined} */
let host;

/** One server and one browser serve all tests; each test has a window of its own. @returns {Promise<Host>} */
function sharedHost() {
  host ??= (async () => {
    if (!fs.existsSync(vsix)) throw new Error(`${vsix} is missing: run npm run package`);
    const server = await startVsCode({ extension: vsix, settings: SETTINGS });
    try {
      return { server, browser: await startBrowser() };
    } catch (error) {
      await server.stop();
      throw error;
    }
  })();
  return host;
}

/** Ends what the tests shared. */
export async function closeHost() {
  const running = await host?.catch(() => undefined);
  await running?.browser.close();
  await running?.server.stop();
}

/**
 * Opens the command palette on a command. The palette lists what is there when it opens, so that a window that is
 * still loading extensions needs a second look.
 * @param {Page} page
 * @param {string} command its title, with its category
 * @returns {Promise<Locator>} the command's row
 */
async function paletteRow(page, command) {
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: command }).first();
  for (let attempt = 1; ; attempt++) {
    await page.keyboard.press('F1');
    await page.locator('.quick-input-widget input').fill(`>${command}`);
    try {
      await row.waitFor({ timeout: 5_000 });
      return row;
    } catch (error) {
      if (attempt === 10) throw error;
      await page.keyboard.press('Escape');
    }
  }
}

/**
 * Rests the pointer on a text in the editor until a hover of ours is there.
 * @param {Page} page
 * @param {Locator} editor
 * @param {string} text a whole token
 * @returns {Promise<Locator>} the hover
 */
async function hoverOver(page, editor, text) {
  const hover = page.locator('.monaco-hover:not(.hidden)', { hasText: /gradient leakage/i }).first();
  await editor.locator('.view-line span > span', { hasText: text }).first().hover();
  await hover.waitFor({ timeout: 30_000 });
  return hover;
}

/**
 * Answers VS Code's own save dialog with a path. The dialog puts in its own suggestion when it has read the folder, and
 * follows what is typed with a delay, before which Enter only opens a folder.
 * @param {Page} page
 * @param {string} file absolute
 */
async function saveAs(page, file) {
  const dialog = page.locator('.quick-input-widget');
  const input = dialog.locator('input').first();
  await input.waitFor({ timeout: 30_000 });
  for (let attempt = 0; attempt < 30; attempt++) {
    await input.fill(file);
    await page.waitForTimeout(1000);
    if ((await input.inputValue()) !== file) continue;
    await input.press('Enter');
    try {
      await dialog.waitFor({ state: 'hidden', timeout: 10_000 });
      return;
    } catch {
      // it opened a folder instead: once more
    }
  }
  throw new Error(`The save dialog did not take ${file}`);
}

/** @param {Page} page @param {string} name */
async function screenshot(page, name) {
  fs.mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: path.join(shots, `${name}.png`) });
}

/**
 * Waits until VS Code has written some of its state, which it does once a minute: what it writes when a window closes may
 * be lost on a busy machine.
 * @param {Page} page
 * @param {string} key part of the key of the state
 * @param {string} text part of its value
 */
async function waitUntilKept(page, key, text) {
  const isKept = async (/** @type {string[]} */ [key = '', text = '']) => {
    /** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
    const done = request =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name));
      try {
        for (const store of Array.from(database.objectStoreNames)) {
          const objects = database.transaction(store).objectStore(store);
          const [keys, values] = await Promise.all([done(objects.getAllKeys()), done(objects.getAll())]);
          if (keys.some((each, i) => String(each).includes(key) && String(values[i]).includes(text))) return true;
        }
      } finally {
        database.close();
      }
    }
    return false;
  };
  // Not waitForFunction: to it a promise is as good as true.
  for (const end = Date.now() + 150_000; !(await page.evaluate(isKept, [key, text])); ) {
    if (Date.now() > end) throw new Error(`VS Code has not kept ${text} under ${key}`);
    await page.waitForTimeout(1000);
  }
}

/** @param {Page} page @param {string} url */
async function openWindow(page, url) {
  await page.goto(url);
  await page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
}

/**
 * Opens a folder of the repository in a window of a real VS Code that has the packaged extension, and uses it.
 * @template T
 * @param {{ folder: string, openFile?: string, size?: { width: number, height: number } }} options
 *   `folder`: relative to the root, copied first, so that a test may change it; `openFile`: relative to it
 * @param {(window: Window) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withVsCode({ folder, openFile, size = { width: 1280, height: 800 } }, use) {
  const { browser, server } = await sharedHost();
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), 'leaklint-e2e-'));
  const copy = path.join(parent, path.basename(folder));
  fs.cpSync(path.join(root, folder), copy, { recursive: true });
  const context = await browser.newContext({ viewport: size });
  const page = await context.newPage();
  try {
    await openWindow(
      page,
      server.url(copy, openFile ? [['openFile', server.remoteUri(path.join(copy, openFile))]] : []),
    );
    const editor = page.locator('.editor-instance .monaco-editor').first();
    if (openFile) await editor.locator('.view-line').first().waitFor({ timeout: 60_000 });
    return await use({
      page,
      folder: copy,
      editor,
      paletteRow: command => paletteRow(page, command),
      palette: async command => (await paletteRow(page, command)).click(),
      hover: text => hoverOver(page, editor, text),
      frame: () => page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame'),
      saveAs: file => saveAs(page, file),
      kept: (key, text) => waitUntilKept(page, key, text),
      // Without the files to open: with them, VS Code would not restore its editors.
      reload: () => openWindow(page, server.url(copy)),
      shot: name => screenshot(page, name),
    });
  } catch (error) {
    await screenshot(page, `failed-${Date.now()}`).catch(() => undefined);
    throw error;
  } finally {
    await context.close();
    fs.rmSync(parent, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
