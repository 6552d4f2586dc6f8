import * as fs from 'node:fs';
import * as path from 'node:path';
import { installOnce } from './install-once.mjs';
import { installPackages } from './npm-packages.mjs';

/**
 * VS Code servers as the npm package code-server carries them, each with the Node it was built for. Nothing is
 * compiled, and nothing but the npm registry is asked.
 * @typedef {'current' | 'minimum'} Edition
 * @type {Record<Edition, { codeServer: string, node: string }>}
 */
export const editions = {
  current: { codeServer: '4.139.1', node: '24.21.0' },
  // VS Code 1.100: the oldest that package.json's engines.vscode claims.
  minimum: { codeServer: '4.100.3', node: '20.20.2' },
};

/** Why this machine can't run the VS Code server; undefined where it can. */
export function unsupported() {
  if (process.platform !== 'linux') return `the VS Code server of npm runs on Linux, this is ${process.platform}`;
  if (!['x64', 'arm64'].includes(process.arch)) return `there is no VS Code server for ${process.arch}`;
  return undefined;
}

/**
 * @param {Edition} edition
 * @returns {Promise<{ node: string, entry: string }>} the Node to run, and the script for it to run
 */
export async function installVsCode(edition) {
  const versions = editions[edition];
  const runtime = `node-linux-${process.arch}`;
  const folder = await installOnce(`vscode-server-${versions.codeServer}-${process.arch}`, async target => {
    await installPackages(target, { 'code-server': versions.codeServer, [runtime]: versions.node });
    const server = path.join(target, 'node_modules/code-server/lib/vscode');
    await installPackages(server);
    await installPackages(path.join(server, 'extensions'));
    fs.accessSync(path.join(target, 'node_modules', runtime, 'bin/node'), fs.constants.X_OK);
  });
  return {
    node: path.join(folder, 'node_modules', runtime, 'bin/node'),
    entry: path.join(folder, 'node_modules/code-server/lib/vscode/out/server-main.js'),
  };
}
