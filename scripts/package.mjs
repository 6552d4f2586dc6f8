// Packages what the last build left in dist/ as a .vsix.   node scripts/package.mjs [--out FILE]
import { parseArgs } from 'node:util';
import { createVSIX } from '@vscode/vsce';
import { root, vsix } from './lib/paths.mjs';

const { values } = parseArgs({ options: { out: { type: 'string', default: vsix } } });
await createVSIX({
  cwd: root,
  packagePath: values.out,
  // Everything that runs is bundled.
  dependencies: false,
  allowMissingRepository: true,
  rewriteRelativeLinks: false,
});
