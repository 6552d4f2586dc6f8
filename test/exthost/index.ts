// Runs inside the extension host, which calls run(). Every *.suite.ts beside this file is run.
import * as fs from 'node:fs';
import * as path from 'node:path';
import Mocha from 'mocha';
import * as vscode from 'vscode';

interface TestResult {
  title: string;
  passed: boolean;
  error?: string;
}

/** Written after every test, so that what passed before a crash is known; `complete` says that all tests were run. */
function writeResults(tests: TestResult[], complete: boolean): void {
  const file = process.env.LEAKLINT_TEST_RESULTS;
  if (!file) throw new Error('LEAKLINT_TEST_RESULTS is not set: start these tests with npm run test:exthost');
  const host = `${vscode.env.appName} ${vscode.version}, Node ${process.versions.node}`;
  fs.writeFileSync(file, JSON.stringify({ complete, host, tests }));
}

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, forbidPending: true, reporter: 'min' });
  for (const file of fs.readdirSync(__dirname).sort()) {
    if (file.endsWith('.suite.cjs')) mocha.addFile(path.join(__dirname, file));
  }
  const tests: TestResult[] = [];
  writeResults(tests, false);
  const failures = await new Promise<number>(resolve => {
    const runner = mocha.run(resolve);
    runner.on('pass', test => tests.push({ title: test.fullTitle(), passed: true }));
    runner.on('fail', (test, error) =>
      tests.push({ title: test.fullTitle(), passed: false, error: error.stack ?? String(error) }),
    );
    runner.on('test end', () => writeResults(tests, false));
  });
  writeResults(tests, true);
  if (failures > 0) throw new Error(`${failures} failed`);
}
