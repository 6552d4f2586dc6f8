import * as fs from 'node:fs';
import * as path from 'node:path';
import { globSync } from 'tinyglobby';
import { root } from './paths.mjs';

/** Platforms, by VS Code's names, that onnxruntime-node carries native code for. */
export const nativeTargets = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];

/** This machine's name among them; undefined where only WebAssembly runs. */
export function machineTarget() {
  const name = `${process.platform}-${process.arch}`;
  return nativeTargets.includes(name) ? name : undefined;
}

/**
 * The files of ONNX Runtime that an installed extension needs beside its bundles: WebAssembly, which runs everywhere,
 * and one platform's native code. All platforms' together would be 110 MB to download.
 * @param {string | undefined} target
 * @returns {string[]} paths relative to node_modules
 */
export function runtimeFiles(target) {
  const patterns = [
    'onnxruntime-common/package.json',
    'onnxruntime-common/dist/{cjs,esm}/**/*.{js,json}',
    'onnxruntime-web/package.json',
    'onnxruntime-web/dist/{ort.node.min.js,ort.node.min.mjs,ort-wasm-simd-threaded.mjs,ort-wasm-simd-threaded.wasm}',
    ...(target
      ? [
          'onnxruntime-node/package.json',
          'onnxruntime-node/dist/*.js',
          `onnxruntime-node/bin/*/${target.replace('-', '/')}/*`,
        ]
      : []),
  ];
  return globSync(patterns, { cwd: path.join(root, 'node_modules') }).sort();
}

/** @param {string} file */
function sizeOf(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.size;
}

/**
 * Puts the runtime where the bundles' own look-up finds it, and nothing else there. Files that are there already are
 * left alone: something may be running them.
 * @param {string | undefined} target
 */
export function placeRuntime(target) {
  const source = path.join(root, 'node_modules');
  const destination = path.join(root, 'dist/node_modules');
  const files = runtimeFiles(target);
  for (const file of globSync('**', { cwd: destination })) {
    if (!files.includes(file)) fs.rmSync(path.join(destination, file));
  }
  for (const file of files) {
    const [from, to] = [path.join(source, file), path.join(destination, file)];
    if (sizeOf(from) !== sizeOf(to)) fs.cpSync(from, to, { dereference: true });
  }
}
