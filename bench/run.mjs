/**
 * `npm run bench [name …]`: bundles the named measurements (by default all that need nothing else) and runs them one
 * after the other.
 * Each is a file of this folder that prints its own tables.
 */
import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = path.dirname(fileURLToPath(import.meta.url));
const known = [
  'rank-law',
  'layer-systems',
  'identifiable-dimension',
  'measured-dimension',
  'attack-step',
  'attack-targets',
  'onnx-fuzz',
  'onnx-shapes',
  'onnx-text-fuzz',
  'tfjs-fuzz',
];
/** Those that need something that is not in the repository. */
const byHand = ['tfjs-corpus', 'onnx-editor'];
const asked = process.argv.slice(2);
const unknown = asked.filter(name => ![...known, ...byHand].includes(name));
if (unknown.length > 0) {
  console.error(`No measurement ${unknown.join(', ')}. There are: ${[...known, ...byHand].join(', ')}.`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : known) {
  const outfile = path.join(folder, '../out/bench', `${name}.mjs`);
  await build({
    entryPoints: [path.join(folder, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
  console.log(`\n# ${name}\n`);
  const { status } = spawnSync(process.execPath, [outfile], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
