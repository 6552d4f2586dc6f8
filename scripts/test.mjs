// npm test: sets everything up from a fresh clone, runs every check and test, and ends with `N passed, N failed`.
//   npm test -- static|unit|package|exthost|e2e|study     only these parts
import { requireNode } from './lib/node-version.mjs';

// Vitest needs 20.19; the command line itself runs on 20.0.
requireNode(20, 19);
const { installDependencies } = await import('./lib/setup.mjs');
if (await installDependencies()) {
  const { runSteps } = await import('./lib/test-steps.mjs');
  await runSteps(process.argv.slice(2));
} else {
  console.log('\nThe dependencies could not be installed.\n0 passed, 1 failed');
  process.exitCode = 1;
}
