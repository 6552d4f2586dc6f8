import * as fs from 'node:fs';
import * as path from 'node:path';
import { npm } from './processes.mjs';

/**
 * Installs packages into a folder, running none of their scripts.
 * @param {string} folder holds a package.json, or gets one that lists `packages`
 * @param {Record<string, string>} [packages] name → exact version
 */
export async function installPackages(folder, packages) {
  const manifest = path.join(folder, 'package.json');
  if (packages) fs.writeFileSync(manifest, JSON.stringify({ private: true, dependencies: packages }));
  const args = ['install', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--engine-strict=false'];
  const { ok, output, reason } = await npm(args, { cwd: folder, capture: true });
  if (!ok) throw new Error(`npm install failed in ${folder} (${reason}):\n${output.trim()}`);
}
