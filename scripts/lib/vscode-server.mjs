import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { installVsCode } from './vscode-install.mjs';

/**
 * @typedef {{
 *   authority: string,
 *   logs: () => string,
 *   exited: Promise<unknown>,
 *   stop: () => Promise<void>,
 *   url: (folder: string, payload?: [string, string][]) => string,
 *   remoteUri: (file: string) => string,
 * }} VsCodeServer
 */

const SETTINGS = {
  'workbench.startupEditor': 'none',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'git.openRepositoryInParentFolders': 'never',
  'update.showReleaseNotes': false,
};

/** @returns {Promise<number>} */
function freePort() {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/**
 * Our environment without what would confuse another VS Code: we may have been started by one, or by npm.
 * @param {Record<string, string>} extra
 */
function cleanEnvironment(extra) {
  const entries = Object.entries({ ...process.env, ...extra });
  return Object.fromEntries(entries.filter(([name]) => !/^(VSCODE_|ELECTRON_|npm_|NODE_OPTIONS)/.test(name)));
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} address
 * @param {() => string} logs
 */
async function untilItAnswers(child, address, logs) {
  for (const end = Date.now() + 60_000; ; await sleep(100)) {
    try {
      if ((await fetch(`http://${address}/version`)).ok) return;
    } catch {
      // not listening yet
    }
    if (child.exitCode !== null || Date.now() > end) throw new Error(`The VS Code server did not start:\n${logs()}`);
  }
}

/** @param {import('node:child_process').ChildProcess} child */
async function stopProcess(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise(resolve => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(timer);
}

/**
 * Starts a real VS Code server with empty user data of its own, reachable only with a random token.
 * @param {{
 *   edition?: import('./vscode-install.mjs').Edition,
 *   extension?: string,
 *   env?: Record<string, string>,
 *   host?: string,
 *   port?: number,
 *   settings?: Record<string, unknown>,
 * }} [options] `extension`: a .vsix to install; `env`: for the extension host
 * @returns {Promise<VsCodeServer>}
 */
export async function startVsCode(options = {}) {
  const { edition = 'current', extension, env = {}, host = '127.0.0.1' } = options;
  const { node, entry } = await installVsCode(edition);
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'leaklint-vscode-'));
  const machine = path.join(data, 'data/Machine');
  fs.mkdirSync(machine, { recursive: true });
  fs.writeFileSync(path.join(machine, 'settings.json'), JSON.stringify({ ...SETTINGS, ...options.settings }));
  const environment = cleanEnvironment(env);
  if (extension) {
    const args = [entry, '--server-data-dir', data, '--install-extension', extension];
    const { stdout } = await promisify(execFile)(node, args, { env: environment });
    if (!stdout.includes('successfully installed')) throw new Error(`VS Code did not install ${extension}:\n${stdout}`);
  }
  const port = options.port ?? (await freePort());
  const token = randomBytes(16).toString('hex');
  const log = path.join(data, 'server.log');
  const logs = () => fs.readFileSync(log, 'utf8');
  const stream = fs.openSync(log, 'w');
  const flags = ['--accept-server-license-terms', '--disable-workspace-trust', '--enable-smoke-test-driver'];
  const where = ['--server-data-dir', data, '--host', host, '--port', String(port), '--connection-token', token];
  const child = spawn(node, [entry, ...where, '--telemetry-level', 'off', ...flags], {
    env: environment,
    stdio: ['ignore', stream, stream],
  });
  const exited = new Promise(resolve => child.once('exit', resolve));
  const authority = `${host}:${port}`;
  const stop = async () => {
    await stopProcess(child);
    if (process.env.KEEP) console.log(`kept ${data}`);
    else fs.rmSync(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    await untilItAnswers(child, authority, logs);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    authority,
    logs,
    exited,
    stop,
    remoteUri: file => `vscode-remote://${authority}${file}`,
    url: (folder, payload = []) => {
      const query = new URLSearchParams({ tkn: token, folder });
      if (payload.length > 0) query.set('payload', JSON.stringify(payload));
      return `http://${authority}/?${query}`;
    },
  };
}
