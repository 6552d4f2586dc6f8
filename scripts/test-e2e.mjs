// Installs leaklint.vsix in a real VS Code and drives it in a headless browser: the tests of test/e2e/*.e2e.mjs, each of
// which exports `tests`, name → function.   node scripts/test-e2e.mjs [part of a test's name]
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { globSync } from 'tinyglobby';
import { closeHost, shots } from '../test/e2e/vscode.mjs';
import { root } from './lib/paths.mjs';
import { clearResults, conclude, printResult, saveResults } from './lib/results.mjs';
import { unsupported } from './lib/vscode-install.mjs';

const SECONDS_PER_TEST = 300;

/** @typedef {[title: string, test: () => Promise<unknown>]} NamedTest */

/** @param {string} wanted part of the names of the tests to run @returns {Promise<NamedTest[]>} */
async function findTests(wanted) {
  const tests = [];
  for (const file of globSync('test/e2e/*.e2e.mjs', { cwd: root, absolute: true }).sort()) {
    const module = await import(pathToFileURL(file).href);
    const name = path.basename(file, '.e2e.mjs');
    for (const [title, test] of Object.entries(module.tests))
      tests.push(/** @type {NamedTest} */ ([`${name}: ${title}`, test]));
  }
  return tests.filter(([title]) => title.includes(wanted));
}

/** @param {() => Promise<unknown>} test */
async function withinTime(test) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${SECONDS_PER_TEST} s`)), SECONDS_PER_TEST * 1000);
  });
  await Promise.race([test(), late]).finally(() => clearTimeout(timer));
}

/** @param {NamedTest} named @returns {Promise<import('./lib/results.mjs').TestResult>} */
async function runTest([title, test]) {
  const start = Date.now();
  /** @type {import('./lib/results.mjs').TestResult} */
  let result = { title, passed: true };
  try {
    await withinTime(test);
  } catch (error) {
    result = { title, passed: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  printResult(result, (Date.now() - start) / 1000);
  return result;
}

/**
 * A browser and a whole VS Code on a busy machine: a test that fails gets a second try. Both are printed.
 * @param {NamedTest} named
 */
async function runTestTwice([title, test]) {
  const first = await runTest([title, test]);
  return first.passed ? first : runTest([`${title} (second try)`, test]);
}

/** @param {string} wanted */
async function main(wanted) {
  clearResults('e2e');
  const results = [];
  try {
    for (const test of await findTests(wanted)) results.push(await runTestTwice(test));
  } finally {
    await closeHost();
  }
  saveResults('e2e', results);
  console.log(`Screenshots are in ${shots}`);
  conclude(results);
}

const reason = unsupported();
if (reason) console.log(`SKIPPED: ${reason}`);
else await main(process.argv[2] ?? '');
