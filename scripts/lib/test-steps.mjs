import * as fs from 'node:fs';
import * as path from 'node:path';
import { out, root } from './paths.mjs';
import { runScript } from './processes.mjs';
import { clearResults, loadResults } from './results.mjs';
import { unsupported } from './vscode-install.mjs';

/**
 * @typedef {import('./results.mjs').TestResult} TestResult
 * @typedef {{ part: string, name: string, needsBuild?: boolean, run: () => Promise<TestResult[]> }} Step
 */

/**
 * A check that is one test: its exit code.
 * @param {string} part
 * @param {string} name
 * @param {string} script
 * @param {string[]} [args]
 * @returns {Step}
 */
function check(part, name, script, args = []) {
  const run = async () => {
    const { ok, reason } = await runScript(script, args);
    return [{ title: name, passed: ok, error: reason }];
  };
  return { part, name, run };
}

/** @param {string} project folder of a tsconfig.json */
function types(project) {
  return check('static', `types of ${project}`, 'node_modules/typescript/bin/tsc', ['--noEmit', '-p', project]);
}

/**
 * What Vitest's JSON report holds. A file that could not be loaded is a failed test, and so is a run that ends badly
 * although every test passed.
 * @param {string} report
 * @param {boolean} ok
 * @returns {TestResult[]}
 */
export function vitestResults(report, ok) {
  if (!fs.existsSync(report)) return [{ title: 'vitest runs', passed: false }];
  /** @type {TestResult[]} */
  const tests = [];
  for (const file of JSON.parse(fs.readFileSync(report, 'utf8')).testResults) {
    const name = path.relative(root, file.name);
    for (const { fullName, status } of file.assertionResults) {
      if (status === 'passed' || status === 'failed')
        tests.push({ title: `${name}: ${fullName}`, passed: status === 'passed' });
    }
    const explained = file.assertionResults.some((/** @type {{ status: string }} */ test) => test.status === 'failed');
    if (file.status === 'failed' && !explained) tests.push({ title: `${name}: loads`, passed: false });
  }
  if (!ok && tests.every(test => test.passed)) tests.push({ title: 'vitest ends without errors', passed: false });
  return tests;
}

/** @returns {Promise<TestResult[]>} */
async function runVitest() {
  const report = path.join(out, 'results/unit.json');
  fs.rmSync(report, { force: true });
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { ok } = await runScript('node_modules/vitest/vitest.mjs', args, { seconds: 1500 });
  return vitestResults(report, ok);
}

/**
 * Tests in VS Code, by a script that saves its results.
 * @param {string} part
 * @param {string} name of the step and of its results
 * @param {string} script
 * @param {string[]} [args]
 * @returns {Step}
 */
function inVsCode(part, name, script, args = []) {
  const run = async () => {
    clearResults(name);
    const { ok, reason } = await runScript(script, args, { seconds: 1500 });
    const results = loadResults(name);
    // Only another system than Linux may have nothing to run the tests in.
    if (!results && ok && unsupported()) return [];
    return results ?? [{ title: `${name} runs to its end`, passed: false, error: reason }];
  };
  return { part, name, needsBuild: true, run };
}

/**
 * A part of the study: models that leak all, some and hardly any of their input. Ends after ten minutes on any machine.
 * @returns {Step}
 */
function study() {
  const results = path.join(out, 'results/study.jsonl');
  const models = ['--seed', '20261140', '--models', '8', '--narrow', '8'];
  const limits = ['--minutes', '10', '--check', '0.9', '--results', results];
  const run = async () => {
    fs.rmSync(results, { force: true });
    const { ok, reason } = await runScript('study/run.mjs', [...models, ...limits], { seconds: 1200 });
    return [{ title: 'what is predicted is what is found', passed: ok, error: reason }];
  };
  return { part: 'study', name: 'study', run };
}

/** @returns {Step} */
function tools() {
  // Started now, so that the download goes on beside the checks that need none of it.
  const installed = runScript('scripts/install-tools.mjs', ['minimum'], { capture: true, seconds: 1200 });
  const run = async () => {
    const { ok, output, reason } = await installed;
    console.log(output.trim() || 'already there');
    return ok ? [] : [{ title: 'VS Code and a browser are installed', passed: false, error: reason }];
  };
  return { part: 'tools', name: 'VS Code and a browser', run };
}

/** What each part needs, by the parts of steps. @type {Record<string, string[]>} */
const PARTS = {
  static: ['static'],
  unit: ['build', 'unit'],
  package: ['build', 'package'],
  exthost: ['build', 'tools', 'exthost'],
  e2e: ['build', 'package', 'tools', 'e2e'],
  study: ['study'],
};

/** @param {string[]} parts @returns {Step[]} */
function plan(parts) {
  const wanted = new Set(parts.flatMap(part => PARTS[part] ?? []));
  const desktop = unsupported() !== undefined;
  const projects = ['.', 'src-analysis', 'client/webview', 'scripts'];
  const steps = [
    check('static', 'Biome', 'node_modules/@biomejs/biome/bin/biome', ['check', '.']),
    ...projects.filter(project => fs.existsSync(path.join(root, project, 'tsconfig.json'))).map(types),
    check('build', 'build', 'scripts/build.mjs'),
    { ...check('package', 'package', 'scripts/package.mjs'), needsBuild: true },
    { part: 'unit', name: 'unit', run: runVitest },
    ...(wanted.has('tools') && !desktop ? [tools()] : []),
    ...(desktop
      ? [inVsCode('exthost', 'desktop', 'scripts/test-desktop.mjs')]
      : [
          inVsCode('exthost', 'exthost', 'scripts/test-exthost.mjs'),
          inVsCode('exthost', 'exthost-minimum', 'scripts/test-exthost.mjs', ['minimum']),
        ]),
    inVsCode('e2e', 'e2e', 'scripts/test-e2e.mjs'),
    study(),
  ];
  return steps.filter(({ part }) => wanted.has(part));
}

/** @param {TestResult[]} tests */
function count(tests) {
  const failed = tests.filter(test => !test.passed).length;
  return `${tests.length - failed} passed, ${failed} failed`;
}

/**
 * Runs every step, whatever became of those before, and prints the total as the last line.
 * @param {string[]} asked parts; none: all
 */
export async function runSteps(asked) {
  const unknown = asked.find(part => !(part in PARTS));
  if (unknown) throw new Error(`There is no part ${unknown}; there are ${Object.keys(PARTS).join(', ')}`);
  const summary = [];
  /** @type {TestResult[]} */
  const all = [];
  let built = true;
  for (const step of plan(asked.length > 0 ? asked : Object.keys(PARTS))) {
    console.log(`\n=== ${step.name}`);
    const start = Date.now();
    const missing = { title: step.name, passed: false, error: 'not run: the build failed' };
    /** @type {TestResult[]} */
    const results = step.needsBuild && !built ? [missing] : await step.run();
    if (step.part === 'build') built = results.every(test => test.passed);
    all.push(...results);
    summary.push(`${step.name}: ${count(results)}, ${Math.round((Date.now() - start) / 1000)} s`);
  }
  console.log(`\n=== summary\n${summary.join('\n')}\n`);
  for (const { title, error } of all.filter(test => !test.passed)) {
    console.log(`FAILED ${title}${error ? ` (${error.split('\n')[0]})` : ''}`);
  }
  if (all.length === 0 || all.some(test => !test.passed)) process.exitCode = 1;
  console.log(count(all));
}
