import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { searchFiles } from './search.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'leaklint-search-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function search(files: readonly string[], isIncluded = (_: string) => true) {
  for (const file of files) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), '');
  }
  const unreadable: string[] = [];
  const found: string[] = [];
  const relative = (file: string) => path.relative(root, file).split(path.sep).join('/');
  const options = {
    isIncluded: async (file: string) => isIncluded(relative(file)),
    onUnreadable: (folder: string) => unreadable.push(relative(folder)),
  };
  for await (const file of searchFiles(root, options)) found.push(relative(file));
  return { found, unreadable };
}

test('a folder’s own files come first, by name, then its folders', async () => {
  const { found } = await search(['z/b.ts', 'z/a.onnx', 'model.json', 'c.mjs', 'a/deep/x.tsx']);
  expect(found).toEqual(['c.mjs', 'model.json', 'a/deep/x.tsx', 'z/a.onnx', 'z/b.ts']);
});

test('files without a reader, dependencies, products and hidden folders are passed over', async () => {
  const { found } = await search(['notes.md', 'node_modules/m/a.ts', 'sub/dist/a.js', '.git/a.json', 'A.ONNX']);
  expect(found).toEqual(['A.ONNX']);
});

test('what the configuration leaves out is left out', async () => {
  const { found } = await search(['a.ts', 'legacy/b.ts'], file => !file.startsWith('legacy/'));
  expect(found).toEqual(['a.ts']);
});

test('links are not followed, so that cycles end', async () => {
  mkdirSync(path.join(root, 'a'));
  symlinkSync(root, path.join(root, 'a', 'back'));
  expect((await search(['a/x.ts'])).found).toEqual(['a/x.ts']);
});

test('a folder that cannot be read is told, and the search goes on', async () => {
  mkdirSync(path.join(root, 'gone'));
  const removeGone = (file: string) => {
    if (file === 'a.ts') rmSync(path.join(root, 'gone'), { recursive: true });
    return true;
  };
  expect(await search(['a.ts', 'z/x.ts'], removeGone)).toEqual({ found: ['a.ts', 'z/x.ts'], unreadable: ['gone'] });
});
