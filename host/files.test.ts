import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSourceFile } from './files.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'leaklint-files-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function read(name: string, content?: string | Uint8Array) {
  const file = path.join(folder, name);
  if (content !== undefined) writeFileSync(file, content);
  return readSourceFile(file, name);
}

describe('readSourceFile', () => {
  it('gives text, without a byte order mark, and bytes for ONNX', async () => {
    expect(await read('a.ts', '\ufeffconst é = 1;')).toEqual({
      kind: 'file',
      file: { path: 'a.ts', text: 'const é = 1;' },
    });
    const binary = await read('A.ONNX', new Uint8Array([8, 255]));
    expect(binary).toMatchObject({ kind: 'file', file: { path: 'A.ONNX', bytes: new Uint8Array([8, 255]) } });
  });

  it.each<[string, string, Uint8Array | undefined, string]>([
    ['Latin-1', 'latin.ts', new Uint8Array([0x63, 0xe9, 0x63]), 'not UTF-8 text: save it'],
    ['UTF-16', 'utf16.json', new Uint8Array([0xff, 0xfe, 0x7b, 0]), 'UTF-16: save it as UTF-8'],
    ['a missing file', 'missing.ts', undefined, 'nothing there'],
  ])('explains %s', async (_, name, content, message) => {
    expect(await read(name, content)).toEqual({ kind: 'unreadable', message: expect.stringContaining(message) });
  });

  it('refuses folders, pipes and files over the limit without reading them', async () => {
    mkdirSync(path.join(folder, 'dir.ts'));
    expect(await read('dir.ts')).toMatchObject({ message: expect.stringContaining('folder') });
    await read('big.json', '');
    truncateSync(path.join(folder, 'big.json'), 40 * 1024 * 1024);
    expect(await read('big.json')).toMatchObject({
      message: expect.stringContaining('40 MiB; Leaklint reads at most 32'),
    });
    if (process.platform === 'win32') return;
    execFileSync('mkfifo', [path.join(folder, 'pipe.ts')]);
    expect(await read('pipe.ts')).toMatchObject({ message: expect.stringContaining('not a regular file') });
  });
});
