// npm start: everything from a fresh clone to the findings in the bundled examples. Needs nothing but Node and npm.
import { requireNode } from './lib/node-version.mjs';

requireNode(20, 0);
const { runScript } = await import('./lib/processes.mjs');
const { build, installDependencies } = await import('./lib/setup.mjs');

/** @param {string} what */
function fail(what) {
  console.error(`\nnpm start failed: ${what}.`);
  process.exit(1);
}

if (!(await installDependencies())) fail('the dependencies could not be installed');
if (!(await build())) fail('the build failed');

console.log('\n> leaklint check examples\n');
const check = await runScript('bin/leaklint.mjs', ['check', 'examples']);
// 1 means findings, which the examples have on purpose; anything else is our failure.
if (check.code !== 0 && check.code !== 1) fail(`leaklint check examples: ${check.reason}`);
