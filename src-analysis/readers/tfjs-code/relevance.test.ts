import { describe, expect, it } from 'vitest';
import { usesTensorflow } from './mentions.ts';
import { parseSource } from './parse.ts';
import { relevantNodes } from './relevance.ts';

function parsed(code: string) {
  const source = parseSource('m.ts', code);
  if (!source) throw new Error('not parsed');
  return source;
}

describe('code that uses TensorFlow.js', () => {
  it.each<[code: string, uses: boolean]>([
    ['// tf is not used here\nconst a = "tf";', false],
    ['switch (kind) { case "tf": other.layers.push(1); }', false],
    ['layers.dense({units: 3})', true],
    ['import {layers} from "./k"; const a = () => k.layers.conv2d({});', true],
    ['const model = K.sequential();', true],
    ['window["tf"].ready()', true],
    ["import '@tensorflow/tfjs'", true],
    ["export * from './tf';", true],
    ["const {sequential: make} = require('@tensorflow/tfjs');", true],
    ["const it = await import('@tensorflow/tfjs-node');", true],
    ['tf.sequential()', true],
    ['function make(tf) {}', true],
  ])('%s: %s', (code, uses) => {
    expect(usesTensorflow(parsed(code))).toBe(uses);
  });
});

describe('functions worth a look', () => {
  const cases: readonly [what: string, code: string, relevant: readonly string[]][] = [
    ['that mention it, and not others', 'function a() { tf.sequential(); } function b() { return 1; } b();', ['a']],
    [
      'that call these',
      'function a() { b(1); } function b() { c(); } function c() { tf.input(); } function d() {}',
      ['a', 'b', 'c'],
    ],
    [
      'that use what these assign',
      'let model; function a() { model = tf.sequential(); } function b() { model.add(x); }',
      ['a', 'b'],
    ],
    [
      'by the names of members',
      'class A { a() { this.net = tf.model(); } b() { this.net.fit(); } c() {} }',
      ['A', 'a', 'b'],
    ],
    [
      'by parts of a pattern',
      "const {dense, conv: [c]} = require('./tf'); const a = () => dense(); function b() { c(); } function d() {}",
      ['a', 'b'],
    ],
    [
      'that import it under other names',
      "import net, {x as y} from '@tensorflow/tfjs'; function a() { y(); } function b() { x(); }",
      ['a'],
    ],
    [
      'that go through a list',
      'const all = [tf.layers.dense()]; function a() { for (const one of all) b(one); } function b(x) { x.apply(); }',
      ['a'],
    ],
    ['that call what cannot be told', 'function a() { this[name](); } function b() { this["c"](); }', ['a']],
    [
      'that use what a module hands on',
      "import {build} from './net'; function a() { build(3); } function b() {}",
      ['a'],
    ],
  ];

  it.each(cases)('are those %s', (_what, code, relevant) => {
    const nodes = relevantNodes(parsed(code), specifier => specifier === './net');
    const named = /^(?:async )?(?:function|class) (\w+)|^(\w+)\(/;
    const names = [...nodes].flatMap(node => {
      const text = node.getText();
      const [, declared, method] = named.exec(text) ?? /^(\w+) = \(/.exec(text) ?? [];
      return declared ?? method ?? [];
    });
    expect([...new Set(names)].filter(name => /^[abcdA]$/.test(name)).sort()).toEqual([...relevant].sort());
  });

  it('are found in deep and long code', () => {
    const deep = `${'a+'.repeat(20_000)}a = tf; function f() { ${'g('.repeat(300)}${')'.repeat(300)} }`;
    expect(relevantNodes(parsed(deep), () => false).size).toBeGreaterThan(0);
  });
});
