// What users install: exactly the files meant for them, and everything that the manifest refers to.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import JSZip from 'jszip';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const megabyte = 2 ** 20;

/** Every .cjs and every page that the build makes: a new one is shipped only once it is named here. */
const bundles = [
  'attack',
  'check-worker',
  'cli',
  'exact-worker',
  'extension',
  'onnx-worker',
  'server',
  'typescript',
  'what-ifs-worker',
  'workspace-worker',
];
const pages = ['attack', 'onnx', 'verify'];

/** Folders whose files of one kind are all shipped. */
const folders: [folder: string, extension: string][] = [
  ['docs/rules', '.md'],
  ['schemas', '.json'],
  ['syntaxes', '.json'],
  ['media', ''],
];

function filesIn(folder: string, extension: string): string[] {
  const absolute = path.join(root, folder);
  if (!fs.existsSync(absolute)) return [];
  return fs
    .readdirSync(absolute, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(extension))
    .map(entry => path.relative(root, path.join(entry.parentPath, entry.name)));
}

/** ONNX Runtime: WebAssembly, and this machine's native code where there is any. */
function runtimeFiles(): string[] {
  const native = `onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}`;
  const web = ['ort.node.min.js', 'ort.node.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];
  const files = [
    'node_modules/onnxruntime-common/package.json',
    'node_modules/onnxruntime-web/package.json',
    ...web.map(name => `node_modules/onnxruntime-web/dist/${name}`),
    ...['cjs', 'esm'].flatMap(kind => filesIn(`node_modules/onnxruntime-common/dist/${kind}`, '.js')),
    ...['cjs', 'esm'].map(kind => `node_modules/onnxruntime-common/dist/${kind}/package.json`),
  ];
  if (fs.existsSync(path.join(root, 'node_modules', native))) {
    const code = ['backend', 'binding', 'index', 'version'].map(name => `dist/${name}.js`);
    files.push(...['package.json', ...code].map(name => `node_modules/onnxruntime-node/${name}`));
    files.push(...filesIn(`node_modules/${native}`, ''));
  }
  return files.map(name => `dist/${name}`);
}

function expectedFiles(): string[] {
  return [
    'package.json',
    'readme.md',
    'changelog.md',
    'LICENSE.txt',
    'THIRD-PARTY-NOTICES.md',
    'bin/leaklint.mjs',
    ...bundles.map(name => `dist/${name}.cjs`),
    ...pages.flatMap(name => [`dist/webview/${name}.js`, `dist/webview/${name}.css`]),
    ...runtimeFiles(),
    ...folders.flatMap(([folder, extension]) => filesIn(folder, extension)),
  ];
}

/** Paths of files in a manifest: every string that starts with "./", wherever it stands. */
function pathsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('./') ? [value.slice(2)] : [];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(pathsIn) : [];
}

describe('leaklint.vsix', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'leaklint-package-'));
  const file = path.join(folder, 'leaklint.vsix');
  let zip: JSZip;
  let names: string[];

  beforeAll(async () => {
    execFileSync(process.execPath, ['scripts/package.mjs', '--out', file], { cwd: root, stdio: 'pipe' });
    zip = await JSZip.loadAsync(fs.readFileSync(file));
    names = Object.keys(zip.files)
      .filter(name => name.startsWith('extension/'))
      .map(name => name.slice('extension/'.length));
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  it('holds exactly the files that users need', () => {
    expect(names.sort()).toEqual(expectedFiles().sort());
  });

  it('holds every file that the manifest refers to', async () => {
    const manifest = JSON.parse((await zip.file('extension/package.json')?.async('string')) ?? '');
    const { main, bin, contributes } = manifest;
    const paths = pathsIn({ main, bin, contributes });
    expect(paths).toContain('dist/extension.cjs');
    expect(paths.filter(name => !names.includes(name))).toEqual([]);
  });

  it('holds no path of the machine that built it', async () => {
    const texts = names.map(async name => [name, await zip.file(`extension/${name}`)?.async('string')] as const);
    const leaking = (await Promise.all(texts)).filter(([, text]) => text?.includes(root));
    expect(leaking.map(([name]) => name)).toEqual([]);
  });

  it('names the licence of every bundled package', async () => {
    const notices = (await zip.file('extension/THIRD-PARTY-NOTICES.md')?.async('string')) ?? '';
    for (const name of ['typescript', 'vscode-languageclient', 'vscode-languageserver', 'onnxruntime-node']) {
      expect(notices).toMatch(new RegExp(`^## ${name} \\d`, 'm'));
    }
  });

  it('is smaller than 35 MB, most of it ONNX Runtime', () => {
    expect(fs.statSync(file).size).toBeLessThan(35 * megabyte);
  });
});
