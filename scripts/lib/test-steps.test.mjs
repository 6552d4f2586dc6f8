import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { expect, it } from 'vitest';
import { root } from './paths.mjs';
import { vitestResults } from './test-steps.mjs';

const file = path.join(root, 'a.test.ts');
const passed = { fullName: 'adds', status: 'passed' };
const failed = { fullName: 'divides', status: 'failed' };

it.each([
  ['no report', undefined, false, ['FAIL vitest runs']],
  ['passes', [{ name: file, status: 'passed', assertionResults: [passed] }], true, ['ok a.test.ts: adds']],
  [
    'a failure',
    [{ name: file, status: 'failed', assertionResults: [passed, failed] }],
    false,
    ['ok a.test.ts: adds', 'FAIL a.test.ts: divides'],
  ],
  [
    'a file that does not load',
    [{ name: file, status: 'failed', assertionResults: [] }],
    false,
    ['FAIL a.test.ts: loads'],
  ],
  [
    'an error outside of tests',
    [{ name: file, status: 'passed', assertionResults: [passed] }],
    false,
    ['ok a.test.ts: adds', 'FAIL vitest ends without errors'],
  ],
])('vitest results: %s', (_name, testResults, ok, expected) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'leaklint-steps-'));
  const report = path.join(folder, 'report.json');
  if (testResults) fs.writeFileSync(report, JSON.stringify({ testResults }));
  const results = vitestResults(report, ok);
  fs.rmSync(folder, { recursive: true });
  expect(results.map(test => `${test.passed ? 'ok' : 'FAIL'} ${test.title}`)).toEqual(expected);
});
