import { describe, expect, it } from 'vitest';
import { defaultConfig } from './config.ts';
import { fileFilterOf, matcherOf } from './globs.ts';

describe('globs', () => {
  it.each([
    ['src', 'src/a/b.ts', true],
    ['src/', 'src/a.ts', true],
    ['./src', 'src/a.ts', true],
    ['src', 'lib/src/a.ts', false],
    ['**/*.onnx', 'a.onnx', true],
    ['**/*.onnx', '.hidden/a.onnx', true],
    ['models/*.onnx', 'models/deep/a.onnx', false],
    ['{a,b}/**', 'b/x/y.json', true],
    ['[', 'a', false],
  ])('%s on %s: %s', (glob, path, matches) => {
    expect(matcherOf([glob])(path)).toBe(matches);
  });

  it('include and exclude', () => {
    const filter = fileFilterOf({ ...defaultConfig, include: ['src'], exclude: ['src/old'] });
    expect(['src/a.ts', 'src/old/a.ts', 'test/a.ts'].map(filter)).toEqual([true, false, false]);
    expect(fileFilterOf(defaultConfig)('anything')).toBe(true);
  });
});
