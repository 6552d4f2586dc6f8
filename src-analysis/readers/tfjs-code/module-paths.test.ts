import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createModulePaths } from './module-paths.ts';
import { summariseFiles } from './test-summary.ts';

type Files = Readonly<Record<string, string>>;

const candidates = (specifier: string, from: string, files: Files = {}): readonly string[] =>
  createModulePaths(path => files[path]).candidates(specifier, from);

/** The first candidate that is there. */
const resolved = (specifier: string, from: string, files: Files): string | undefined =>
  candidates(specifier, from, files).find(path => path in files);

const config = (options: unknown, more = {}): string => JSON.stringify({ compilerOptions: options, ...more });

describe('module specifiers', () => {
  it('that are relative lead where bundlers and Node look', () => {
    const first = (specifier: string, from: string) => candidates(specifier, from).slice(0, 3);
    expect(first('./x', 'a/b.js')).toEqual(['a/x', 'a/x.ts', 'a/x.tsx']);
    expect(first('../x.js?raw', 'C:\\p\\a\\b.js')).toEqual(['C:/p/x.js', 'C:/p/x.js.ts', 'C:/p/x.js.tsx']);
    expect(candidates('./x.mjs', 'b.mts')).toContain('x.mts');
    expect(first('.', 'a/b.js')).toEqual(['a/index.ts', 'a/index.tsx', 'a/index.js']);
    expect(first('../../../x', 'a/b.js')[0]).toBe('../../x');
    expect(first('../../x', '/b.js')[0]).toBe('/x');
    expect(first('./x', '//machine/share/b.js')[0]).toBe('//machine/share/x');
  });

  it('of packages and addresses lead nowhere', () => {
    for (const specifier of ['x', '@scope/x', 'node:fs', '#x', 'https://cdn/x.js', ''])
      expect(candidates(specifier, 'a.js'), specifier).toEqual([]);
  });

  const aliases: readonly [what: string, specifier: string, from: string, files: Files, expected: string][] = [
    [
      'paths of the nearest configuration, with comments and a trailing comma',
      '@/models/x',
      'app/src/pages/m.ts',
      {
        'app/tsconfig.json': '{"compilerOptions": {/* ours */ "paths": {"@/*": ["./src/*"],}}} // end',
        'tsconfig.json': config({ paths: { '@/*': ['wrong/*'] } }),
        'app/src/models/x.ts': '',
        'wrong/models/x.ts': '',
      },
      'app/src/models/x.ts',
    ],
    [
      'paths relative to baseUrl, the longest prefix, the first target that exists',
      '@lib/nets/x',
      'm.js',
      {
        'jsconfig.json': config({
          baseUrl: './src',
          paths: { '@*': ['other/*'], '@lib/*': ['gone/*', 'lib/*'], '@lib/nets': ['y'] },
        }),
        'src/lib/nets/x/index.js': '',
        'src/other/lib/nets/x.js': '',
      },
      'src/lib/nets/x/index.js',
    ],
    [
      'an exact name',
      'model',
      'a/b/m.ts',
      {
        'tsconfig.json': config({ paths: { model: ['a/net.ts'], '*': ['types/*'] } }),
        'a/net.ts': '',
        'types/model.ts': '',
      },
      'a/net.ts',
    ],
    [
      'names relative to baseUrl',
      'models/x',
      'src/pages/m.ts',
      { 'tsconfig.json': config({ baseUrl: 'src' }), 'src/models/x.tsx': '' },
      'src/models/x.tsx',
    ],
    [
      'a configuration that extends others, one of a package apart; a pattern with an end',
      '~x.model',
      'a/m.ts',
      {
        'a/tsconfig.json': config({ strict: true }, { extends: ['@tsconfig/node20', '../base', './gone'] }),
        'base.json': config({ paths: { '~*.model': ['nets/*/model'] } }, { extends: './base.json' }),
        'nets/x/model.ts': '',
      },
      'nets/x/model.ts',
    ],
    [
      'a configuration that only lists others',
      '@/x',
      'src/m.ts',
      {
        'tsconfig.json':
          '{"files": [], "references": [{"path": "./tsconfig.node.json"}, {"path": "./tsconfig.app.json"}]}',
        'tsconfig.node.json': config({}),
        'tsconfig.app.json': config({ paths: { '@/*': ['./lib/*'] } }),
        'lib/x.ts': '',
      },
      'lib/x.ts',
    ],
    [
      'the folder of the configuration that began',
      '#lib/x',
      'p/m.ts',
      {
        'p/tsconfig.json': '{"extends": "../base.json"}',
        'base.json': config({ paths: { '#lib/*': [`$\{configDir}/lib/*`] } }),
        'p/lib/x.ts': '',
      },
      'p/lib/x.ts',
    ],
    [
      'imports of package.json, by condition',
      '#nets/x.js',
      'lib/deep/m.mjs',
      {
        'package.json':
          '{"imports": {"#nets/*.js": {"types": "./t/*.d.ts", "browser": "./web/*.js", "default": ["./nets/*.js"]}}}',
        't/x.d.ts': '',
        'nets/x.js': '',
      },
      'nets/x.js',
    ],
    [
      'the custom of @ for src',
      '@/models/x',
      'p/src/a/m.vue',
      { 'p/package.json': '{}', 'p/src/models/x.js': '' },
      'p/src/models/x.js',
    ],
    [
      'the custom of ~ for the project',
      '~/models/x',
      'p/a/m.js',
      { 'p/package.json': '', 'p/models/x.ts': '' },
      'p/models/x.ts',
    ],
    [
      'the custom of $lib',
      '$lib/x',
      'src/routes/m.svelte',
      { 'package.json': '{}', 'src/lib/x.ts': '' },
      'src/lib/x.ts',
    ],
    [
      'addresses from the root that is served',
      '/src/x.js',
      'p/index.html',
      { 'p/package.json': '{}', 'p/src/x.js': '' },
      'p/src/x.js',
    ],
    ['addresses from the root without a package.json', '/x.js', 'p/index.html', { 'p/x.js': '' }, 'p/x.js'],
  ];

  it.each(aliases)('by %s', (_what, specifier, from, files, expected) => {
    expect(resolved(specifier, from, files)).toBe(expected);
    const moved = Object.fromEntries(Object.entries(files).map(([path, text]) => [`/home/me/${path}`, text]));
    expect(resolved(specifier, `/home/me/${from}`, moved)).toBe(`/home/me/${expected}`);
  });

  it('are looked up in configurations above the folder that the program runs in', () => {
    const files = { '../tsconfig.json': config({ paths: { '@/*': ['src/*'] } }), '../src/x.ts': '' };
    expect(resolved('@/x', 'm.ts', files)).toBe('../src/x.ts');
  });

  it('never fail, whatever the configuration holds', () => {
    const deep = `{"compilerOptions": ${'['.repeat(50_000)}`;
    for (const text of [deep, '', '[]', 'null', '{"extends": 3, "compilerOptions": {"paths": [1], "baseUrl": {}}}']) {
      expect(resolved('@/x', 'm.ts', { 'tsconfig.json': text, 'package.json': text, 'src/x.ts': '' })).toBe('src/x.ts');
    }
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(value, value, fc.string(), (paths, references, specifier) => {
        const text = config({ paths, baseUrl: '.' }, { extends: references, references });
        expect(Array.isArray(candidates(specifier, 'a/m.ts', { 'a/tsconfig.json': text, 'package.json': text }))).toBe(
          true,
        );
      }),
      { numRuns: 200, seed: 2 },
    );
  });

  it('make models whose figures stand in files behind an alias', () => {
    const files = {
      'src/m.ts': `import * as tf from '@tensorflow/tfjs'; import {size} from '@/config/sizes'; import lodash from 'lodash';
        const m = tf.sequential({layers: [tf.layers.dense({units: lodash.max([3]), inputShape: [size]})]});`,
      'src/config/sizes.ts': 'export const size = 8;',
      'tsconfig.json': config({ baseUrl: '.', paths: { '@/*': ['src/*'] } }),
    };
    expect(summariseFiles(files, 'src/m.ts')).toEqual([
      '== m',
      'input [8]',
      'dense [8] -> [?]',
      'gap: The output shape of `dense_1` is not known here: units: the result of `lodash.max` is not known here. @ dense',
    ]);
  });
});
