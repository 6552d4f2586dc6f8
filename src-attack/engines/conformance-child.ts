/**
 * Runs the conformance suite on one engine in a process of its own, for engines whose libraries may end the process or
 * read its environment: `node conformance.mjs <engine> <folder of the packages>`. Prints one line of JSON: what was
 * found, or why the engine is absent.
 */
import { chooseEngine } from './choose.ts';
import { findDisagreements } from './conformance.ts';

const [name = '', folder = ''] = process.argv.slice(2);

async function answer(): Promise<object> {
  const chosen = await chooseEngine(name, { folder }).catch((error: Error) => error.message);
  if (typeof chosen === 'string') return { absent: chosen };
  return { found: await findDisagreements(chosen.engine, 'float32') };
}

console.log(JSON.stringify(await answer()));
// Libraries keep threads that would hold the process open.
process.exit(0);
