import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { root } from './paths.mjs';

/**
 * A fresh copy of the tests' workspace, which they may change, and a place for their results.
 * @returns {{ parent: string, folder: string, results: string }} `parent` holds the other two
 */
export function exthostWorkspace() {
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), 'leaklint-exthost-'));
  const folder = path.join(parent, 'workspace');
  fs.cpSync(path.join(root, 'test/exthost/workspace'), folder, { recursive: true });
  return { parent, folder, results: path.join(parent, 'results.json') };
}

/**
 * What the tests wrote. A host that ended badly, or before its last test, is one more failed test.
 * @param {string} file
 * @param {string} end how the host ended; empty: well
 * @returns {import('./results.mjs').TestResult[]}
 */
export function readHostResults(file, end) {
  if (!fs.existsSync(file)) return [{ title: 'the extension host runs the tests', passed: false, error: end }];
  const { complete, host, tests } = JSON.parse(fs.readFileSync(file, 'utf8'));
  console.log(host);
  const allGood = complete && tests.every((/** @type {{ passed: boolean }} */ test) => test.passed);
  if (!complete || (allGood && end))
    tests.push({ title: 'the extension host reaches the last test', passed: false, error: end });
  return tests;
}
