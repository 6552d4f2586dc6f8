import * as fs from 'node:fs';
import * as path from 'node:path';
import { out } from './paths.mjs';

/** @typedef {{ title: string, passed: boolean, error?: string }} TestResult */

/** @param {string} step */
function file(step) {
  return path.join(out, 'results', `${step}.json`);
}

/** Forgets a step's last results, so that a step that dies leaves none. @param {string} step */
export function clearResults(step) {
  fs.rmSync(file(step), { force: true });
}

/**
 * Keeps a step's results for whoever adds the steps up.
 * @param {string} step
 * @param {TestResult[]} tests
 */
export function saveResults(step, tests) {
  fs.mkdirSync(path.dirname(file(step)), { recursive: true });
  fs.writeFileSync(file(step), JSON.stringify(tests, null, 1));
}

/**
 * @param {string} step
 * @returns {TestResult[] | undefined} undefined: the step died before its end
 */
export function loadResults(step) {
  if (!fs.existsSync(file(step))) return undefined;
  return JSON.parse(fs.readFileSync(file(step), 'utf8'));
}

/** @param {TestResult} test @param {number} [seconds] */
export function printResult({ title, passed, error }, seconds) {
  const time = seconds === undefined ? '' : ` (${seconds.toFixed(1)} s)`;
  console.log(`  ${passed ? 'ok  ' : 'FAIL'} ${title}${time}`);
  if (error) console.log(error.replace(/^/gm, '       '));
}

/**
 * Prints a step's total and sets the exit code: no test at all is a failure.
 * @param {TestResult[]} tests
 */
export function conclude(tests) {
  const failed = tests.filter(test => !test.passed).length;
  console.log(`${tests.length - failed} passed, ${failed} failed`);
  if (failed > 0 || tests.length === 0) process.exitCode = 1;
}
