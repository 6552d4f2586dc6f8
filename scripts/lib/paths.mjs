import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));
/** Build products that are never packaged: test bundles, results, screenshots. */
export const out = path.join(root, 'out');
export const vsix = path.join(root, 'leaklint.vsix');

/** @param {string} folder */
export function isWritable(folder) {
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A folder under the system's temporary folder that only this user can have filled. */
function privateTemporaryFolder() {
  const folder = path.join(os.tmpdir(), `leaklint-cache-${process.getuid?.() ?? 'user'}`);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.getuid && fs.statSync(folder).uid !== process.getuid()) return fs.mkdtempSync(`${folder}-`);
  return folder;
}

/**
 * Where downloaded tools (VS Code server, browser) are kept between runs: $LEAKLINT_CACHE, else `leaklint` in
 * $XDG_CACHE_HOME or ~/.cache, else a temporary folder. Outside the repository, so that packaging stays quick.
 */
export function cacheFolder() {
  if (process.env.LEAKLINT_CACHE) return path.resolve(process.env.LEAKLINT_CACHE);
  const usual = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'leaklint');
  return isWritable(usual) ? usual : privateTemporaryFolder();
}
