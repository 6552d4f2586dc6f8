import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forgetListings, mayReferTo } from './importers.ts';
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
    'alias/tsconfig.json': '{"compilerOptions": {"paths": {"@/*": ["../*"], "near": ["./gone.ts"]}}}',
    'alias/use.ts': "import {build} from '@/model';",
    'alias/other.ts': "import {build} from '@/near/model'; import react from 'model';",
    'web/index.html':
      '<script src="js/sketch.js"></script><script type="module">import {x} from "./js/net.js";</script>',
    'web/js/sketch.js': 'const m = 1;',
    'web/js/net.js': 'export const x = 1;',
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

  it('give a few bytes of any regular file', () => {
    const { bytes } = createRelatedFiles({ base });
    expect(bytes?.('notes.txt', 1, 3)).toEqual(new TextEncoder().encode('mpo'));
    const nothing = [
      bytes?.('notes.txt', 15, 9),
      bytes?.('src', 0, 1),
      bytes?.('/dev/zero', 0, 1),
      bytes?.('lost', 0, 1),
    ];
    expect([...nothing, bytes?.('notes.txt', 0, 5000)]).toEqual(new Array(5).fill(undefined));
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
    expect([...found].sort()).toEqual(['alias/use.ts', 'lib/index.js', 'near.mjs', 'src/far.ts']);
    expect(createRelatedFiles({ base }).importers('lib/index.js')).toEqual([]);
  });

  it('may be pages: these load scripts and import modules', () => {
    const searched: string[] = [];
    const related = createRelatedFiles({ base, onSearch: target => void searched.push(path.relative(base, target)) });
    expect(related.pages?.('web/js/sketch.js')).toEqual(['web/index.html']);
    expect(related.pages?.('web/js/net.js')).toEqual([]);
    expect(related.importers('web/js/net.js')).toEqual(['web/index.html']);
    expect(searched).toEqual(['web/js/sketch.js', 'web/js/net.js', 'web/js/net.js'].map(path.normalize));
  });

  it('that are new are found at once where listings are forgotten', () => {
    const { importers } = createRelatedFiles({ base });
    expect(importers('web/js/net.js')).toEqual(['web/index.html']);
    writeFileSync(path.join(base, 'web/js/new.js'), "import {x} from './net';");
    forgetListings();
    expect(importers('web/js/net.js')).toEqual(['web/js/new.js', 'web/index.html']);
  });

  it.each([
    ['/p/a.js', "import {x} from './model'", true],
    ['/p/a.js', 'const x = require("@/nets/model.js");', true],
    ['/p/a.js', "import x from '#any';", true],
    ['/p/index.html', '<script src="js/model.js?v=1"></script>', true],
    ['/p/js/b.js', "import x from '.';", false],
    ['/p/a.js', "import x from './models'", false],
    ['/p/a.md', "import {x} from './model'", false],
  ])('%s with %s may refer to a model: %s', (file, text, expected) => {
    expect(mayReferTo(file, text, path.resolve('/p/js/model.ts'))).toBe(expected);
  });
});
