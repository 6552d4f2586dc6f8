// Packages what the last build left in dist/ as a .vsix, with the native runtime of one platform.
//   node scripts/package.mjs [--target linux-x64|linux-arm64|darwin-arm64|win32-x64|win32-arm64|universal] [--out FILE]
//   The default is this machine's platform; `universal` has WebAssembly only, and runs everywhere.
import { parseArgs } from 'node:util';
import { createVSIX } from '@vscode/vsce';
import { root, vsix } from './lib/paths.mjs';
import { machineTarget, nativeTargets, placeRuntime } from './lib/runtimes.mjs';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: vsix },
    target: { type: 'string', default: machineTarget() ?? 'universal' },
  },
});
if (values.target !== 'universal' && !nativeTargets.includes(values.target)) {
  throw new Error(`There is no runtime for ${values.target}; there are ${nativeTargets.join(', ')} and universal`);
}
const target = values.target === 'universal' ? undefined : values.target;
placeRuntime(target);
await createVSIX({
  cwd: root,
  packagePath: values.out,
  ...(target ? { target } : {}),
  // Everything else that runs is bundled.
  dependencies: false,
  allowMissingRepository: true,
  rewriteRelativeLinks: false,
});
