import * as fs from 'node:fs';
import * as path from 'node:path';
import { root } from './paths.mjs';
import { npm, runScript } from './processes.mjs';

/** @typedef {Record<string, { version?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }>} LockedPackages */

/**
 * @param {string} file
 * @returns {LockedPackages}
 */
function lockedPackages(file) {
  return JSON.parse(fs.readFileSync(path.join(root, file), 'utf8')).packages;
}

/**
 * Whether an installation holds what a lock file asks for. Contents are compared, not times: a checkout or an
 * `npm install` touches files without changing what they say.
 * @param {LockedPackages} installed as node_modules/.package-lock.json lists them
 * @param {LockedPackages} locked as package-lock.json lists them
 */
export function holdsWhatIsLocked(installed, locked) {
  return Object.entries(locked).every(([name, wanted]) => {
    if (name === '') return true;
    const found = installed[name];
    // Optional packages are those of other platforms.
    return found ? found.version === wanted.version : Boolean(wanted.optional || wanted.devOptional || wanted.peer);
  });
}

function dependenciesAreCurrent() {
  const hidden = 'node_modules/.package-lock.json';
  if (!fs.existsSync(path.join(root, hidden))) return false;
  return holdsWhatIsLocked(lockedPackages(hidden), lockedPackages('package-lock.json'));
}

/** Installs the dependencies unless they are there. @returns {Promise<boolean>} false: it failed, and npm said why */
export async function installDependencies() {
  if (dependenciesAreCurrent()) return true;
  console.log('Installing dependencies (npm ci)…');
  return (await npm(['ci'])).ok;
}

/** Bundles everything into dist/. @returns {Promise<boolean>} */
export async function build() {
  return (await runScript('scripts/build.mjs')).ok;
}
