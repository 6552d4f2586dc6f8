// Bundles the extension, the language server, the command line, the workers and the panel's pages into dist/, and the
// tests that run inside VS Code into out/exthost/.   node scripts/build.mjs [--watch]
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as esbuild from 'esbuild';
import { globSync } from 'tinyglobby';
import { thirdPartyNotices } from './lib/notices.mjs';
import { out, root } from './lib/paths.mjs';
import { nativeTargets, runtimeFiles } from './lib/runtimes.mjs';

const dist = path.join(root, 'dist');

/**
 * The TypeScript compiler is the largest thing we ship: bundles load one shared copy of it.
 * @type {esbuild.Plugin}
 */
const sharedTypeScript = {
  name: 'shared-typescript',
  setup(build) {
    build.onResolve({ filter: /^typescript$/ }, () => ({ path: './typescript.cjs', external: true }));
  },
};

/** @type {esbuild.BuildOptions} */
const common = {
  bundle: true,
  minify: true,
  // Node prints the line of an error that nobody caught.
  lineLimit: 160,
  // Stack traces in bug reports name our functions.
  keepNames: true,
  sourcemap: 'linked',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  absWorkingDir: root,
  outdir: dist,
};

/** @type {esbuild.BuildOptions} */
const node = {
  ...common,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  outExtension: { '.js': '.cjs' },
  // jsonc-parser's main file is UMD, whose requires cannot be followed.
  mainFields: ['module', 'main'],
  // Sources find their neighbours from their own folder in both forms: as a module under test, and bundled.
  define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
  // Native code and WebAssembly lie beside their packages' files; TensorFlow.js comes from the user's workspace.
  external: ['vscode', 'onnxruntime-node', 'onnxruntime-web', '@tensorflow/*'],
};

/**
 * @param {string} pattern
 * @param {(file: string) => string} name
 */
function entries(pattern, name) {
  const files = globSync(pattern, { cwd: root }).sort();
  return files.map(file => ({ in: file, out: name(file) }));
}

/** @returns {esbuild.BuildOptions[]} */
function shippedBundles() {
  const programs = [
    ...entries('{client/extension,server/main,cli/main}.ts', file => path.dirname(file).replace('client', 'extension')),
    ...entries('{host,server}/*-worker.ts', file => path.basename(file, '.ts')),
    ...entries('src-attack/process/main.ts', () => 'attack'),
  ];
  const typescript = [{ in: 'node_modules/typescript/lib/typescript.js', out: 'typescript' }];
  const pages = entries('client/webview/*/main.ts', file => `webview/${path.basename(path.dirname(file))}`);
  return [
    { ...node, entryPoints: programs, plugins: [sharedTypeScript] },
    {
      ...common,
      entryPoints: typescript,
      bundle: false,
      keepNames: false,
      sourcemap: false,
      outExtension: { '.js': '.cjs' },
    },
    { ...common, entryPoints: pages, platform: 'browser', format: 'iife', target: 'es2022' },
  ];
}

/** @returns {esbuild.BuildOptions} */
function testBundle() {
  const entryPoints = entries('test/exthost/{index,*.suite}.ts', file => path.basename(file, '.ts'));
  // mocha loads its own files by name at run time.
  return { ...node, entryPoints, outdir: path.join(out, 'exthost'), minify: false, external: ['vscode', 'mocha'] };
}

/**
 * Deletes what an earlier build left behind: a bundle that no longer exists must not be packaged.
 * @param {string} folder
 * @param {Set<string>} kept paths relative to the root
 */
function removeStale(folder, kept) {
  const ours = globSync('**', { cwd: folder, absolute: true, dot: true, ignore: 'node_modules/**' });
  for (const file of ours) {
    if (!kept.has(path.relative(root, file).replaceAll('\\', '/'))) fs.rmSync(file);
  }
}

async function build() {
  const results = await Promise.all([testBundle(), ...shippedBundles()].map(options => esbuild.build(options)));
  const metafiles = results.map(result => result.metafile ?? { inputs: {}, outputs: {} });
  const outputs = new Set(metafiles.flatMap(metafile => Object.keys(metafile.outputs)));
  const bundled = metafiles.slice(1).flatMap(metafile => Object.keys(metafile.inputs));
  const beside = nativeTargets.flatMap(runtimeFiles).map(file => `node_modules/${file}`);
  const notices = thirdPartyNotices([...bundled, ...beside]);
  fs.writeFileSync(path.join(root, 'THIRD-PARTY-NOTICES.md'), notices);
  removeStale(dist, outputs);
  removeStale(path.join(out, 'exthost'), outputs);
}

async function watch() {
  const all = [testBundle(), ...shippedBundles()];
  const contexts = await Promise.all(all.map(options => esbuild.context({ ...options, logLevel: 'info' })));
  await Promise.all(contexts.map(context => context.watch()));
}

try {
  await (process.argv.includes('--watch') ? watch() : build());
} catch (error) {
  // esbuild has already shown the errors that it found in the sources.
  if (!(error instanceof Error && 'errors' in error)) throw error;
  process.exitCode = 1;
}
