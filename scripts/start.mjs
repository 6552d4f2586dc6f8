// npm start: everything from a fresh clone to the findings in the bundled examples and a picture out of a gradient. Needs nothing but Node and npm.
import * as path from 'node:path';
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

const model = 'examples/federated-mnist/src/leaky-model.ts';
const attack = [
  'attack',
  model,
  '--image',
  'media/samples/digit.png',
  '--label',
  '5',
  '--method',
  'gauss-newton,r-gap',
];
console.log(`\n> leaklint ${attack.join(' ')}\n`);
const proof = await runScript('bin/leaklint.mjs', attack);
if (!proof.ok) fail(`leaklint attack: ${proof.reason}`);
console.log(`\nThe picture that came back out of the gradient: ${path.resolve('leaklint-out/figure.png')}`);
