import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRelatedFiles } from './related-files.ts';

let base: string;
beforeAll(() => {
  base = mkdtempSync(path.join(tmpdir(), 'leaklint-related-'));
  const files = {
    'package.json': '{}',
    'model.js': 'export const build = 1;',
    'near.mjs': "import {build} from './model.js';",
    'src/far.ts': "const {build} = require('../model');",
    'src/other.ts': "import x from './model';",
    'node_modules/dep/index.js': "import '../../model.js'",
    'lib/index.js': 'export * from "../model";',
    'notes.txt': "import './model'",
    'latin.js': Buffer.from([0xe9]),
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(base, name)), { recursive: true });
    writeFileSync(path.join(base, name), content);
  }
});
afterAll(() => rmSync(base, { recursive: true }));

describe('files around the one that is read', () => {
  it('are read by path, tell that they were, and give way to open documents', () => {
    const asked: string[] = [];
    const open = new Map([[path.join(base, 'near.mjs'), 'typed']]);
    const { read } = createRelatedFiles({ base, open, onRead: file => void asked.push(path.relative(base, file)) });
    expect(read('model.js')).toBe('export const build = 1;');
    expect(read('near.mjs')).toBe('typed');
    expect(read('lost.js')).toBeUndefined();
    expect(asked).toEqual(['model.js', 'near.mjs', 'lost.js']);
  });

  it('are code or JSON, regular and UTF-8', () => {
    const { read } = createRelatedFiles({ base });
    for (const name of ['notes.txt', 'src', 'latin.js', '/dev/zero', 'model.js/x.js'])
      expect(read(name)).toBeUndefined();
  });

  it('change with the disk', () => {
    const { read } = createRelatedFiles({ base });
    writeFileSync(path.join(base, 'changing.js'), 'one');
    expect(read('changing.js')).toBe('one');
    writeFileSync(path.join(base, 'changing.js'), 'three');
    expect(read('changing.js')).toBe('three');
  });

  it('that import a file are found in its project, packages apart, the nearest first', () => {
    const found = createRelatedFiles({ base }).importers('model.js');
    expect(found[0]).toBe('near.mjs');
    const absolute = createRelatedFiles({ base: 'elsewhere' }).importers(path.join(base, 'model.js'));
    expect(absolute).toEqual(found.map(name => path.join(base, name)));
    expect([...found].sort()).toEqual(['lib/index.js', 'near.mjs', 'src/far.ts']);
    expect(createRelatedFiles({ base }).importers('lib/index.js')).toEqual([]);
  });
});
