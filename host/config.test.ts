import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../src-analysis/findings/config.ts';
import { configPathOf, findConfig, loadConfig } from './config.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'leaklint-config-'));
  mkdirSync(path.join(root, 'a/b'), { recursive: true });
  mkdirSync(path.join(root, 'c/leaklint.json'), { recursive: true });
  writeFileSync(path.join(root, 'leaklint.json'), '{"rules": {"not-covered": "off"}}');
  writeFileSync(path.join(root, 'a/leaklint.json'), '{"rules": {"soluble-layer": "off"}}');
});
afterAll(() => rmSync(root, { recursive: true }));

describe('findConfig', () => {
  it.each([
    ['a/b/x.ts', 'a/leaklint.json'],
    ['a/x.ts', 'a/leaklint.json'],
    ['c/x.ts', 'leaklint.json'],
    ['not/there/x.ts', 'leaklint.json'],
  ])('for %s takes %s, the nearest file, and no other', async (file, expected) => {
    const found = await findConfig(path.join(root, file));
    expect(found.path).toBe(path.join(root, expected));
    expect(found.problems).toEqual([]);
    const changed = Object.entries(found.config.rules).filter(
      ([id, { severity }]) => severity !== defaultConfig.rules[id]?.severity,
    );
    expect(changed.map(([id]) => id)).toEqual([expected.startsWith('a') ? 'soluble-layer' : 'not-covered']);
  });

  it('reads every configuration once with a cache', async () => {
    const cache = new Map();
    const first = await findConfig(path.join(root, 'a/b/x.ts'), cache);
    expect(await findConfig(path.join(root, 'a/y.ts'), cache)).toBe(first);
  });

  it('gives globs their paths relative to the configuration', async () => {
    const file = path.join(root, 'a/b/x.ts');
    expect(configPathOf(await findConfig(file), file, '/elsewhere')).toBe('b/x.ts');
    expect(configPathOf({ path: null, config: defaultConfig, problems: [] }, file, root)).toBe('a/b/x.ts');
  });
});

describe('loadConfig', () => {
  it('reports a missing, a non-UTF-8 and a faulty file as problems', async () => {
    const problemsOf = async (name: string, content?: string | Uint8Array) => {
      const file = path.join(root, name);
      if (content !== undefined) writeFileSync(file, content);
      return (await loadConfig(file)).problems.map(problem => problem.message);
    };
    expect(await problemsOf('missing.json')).toEqual([expect.stringContaining('nothing there')]);
    expect(await problemsOf('latin.json', new Uint8Array([0x7b, 0xe9, 0x7d]))).toEqual([
      expect.stringContaining('not UTF-8'),
    ]);
    expect(await problemsOf('faulty.json', '{"rule": 1}')).toEqual([expect.stringContaining("no key 'rule'")]);
    expect(await problemsOf('large.json', ' '.repeat(1024 * 1024 + 1))).toEqual([expect.stringContaining('1 MiB')]);
  });
});
