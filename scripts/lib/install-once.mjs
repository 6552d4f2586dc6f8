import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from './paths.mjs';

const HEARTBEAT_MS = 5_000;

/** @param {string} lock file that holds its owner's process id, and that a living owner keeps touching */
function isStale(lock) {
  try {
    if (Date.now() - fs.statSync(lock).mtimeMs > 12 * HEARTBEAT_MS) return true;
    process.kill(Number(fs.readFileSync(lock, 'utf8')), 0);
    return false;
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    // EPERM: it lives, under another user. ENOENT: given back meanwhile; the next attempt to take it will tell.
    return code === 'ESRCH';
  }
}

/**
 * @param {string} lock
 * @param {string} what for the message to somebody who waits
 */
async function take(lock, what) {
  for (let told = false; ; await sleep(500)) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    if (isStale(lock)) fs.rmSync(lock, { force: true });
    else if (!told) {
      console.log(`Waiting for another process that installs ${what}…`);
      told = true;
    }
  }
}

/**
 * A folder of the tools' cache, filled on first use. It is filled under another name and renamed when complete: a
 * folder that exists is whole, however an earlier attempt ended. The lock only saves a second download.
 * @param {string} name names contents and version: what is installed under a name never changes
 * @param {(folder: string) => Promise<void>} install
 * @returns {Promise<string>} the folder
 */
export async function installOnce(name, install) {
  const cache = cacheFolder();
  const folder = path.join(cache, name);
  if (fs.existsSync(folder)) return folder;
  fs.mkdirSync(cache, { recursive: true });
  const lock = `${folder}.lock`;
  await take(lock, name);
  const heartbeat = setInterval(() => fs.utimesSync(lock, new Date(), new Date()), HEARTBEAT_MS);
  try {
    if (fs.existsSync(folder)) return folder;
    for (const file of fs.readdirSync(cache)) {
      if (file.startsWith(`${name}.partial`)) fs.rmSync(path.join(cache, file), { recursive: true, force: true });
    }
    const partial = fs.mkdtempSync(`${folder}.partial-`);
    const start = Date.now();
    console.log(`Installing ${name} into ${cache}…`);
    await install(partial);
    fs.renameSync(partial, folder);
    console.log(`Installed ${name} in ${Math.round((Date.now() - start) / 1000)} s`);
    return folder;
  } finally {
    clearInterval(heartbeat);
    fs.rmSync(lock, { force: true });
  }
}
