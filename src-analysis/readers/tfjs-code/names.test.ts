import { describe, expect, it } from 'vitest';
import { neverCancelled } from '../reader.ts';
import { readTfjsCode } from './read.ts';

function read(text: string, path = 'model.ts') {
  return readTfjsCode({ path, text }, neverCancelled);
}

const dense = 'tf.layers.dense({units: 2, inputShape: [3]})';
const list = `{layers: [${dense}]}`;

describe('names of models', () => {
  const cases: [what: string, code: string, names: string[]][] = [
    ['the name option', `const m = tf.sequential({name: 'net', layers: [${dense}]})`, ['net']],
    ['a variable', `const net = tf.sequential(${list})`, ['net']],
    [
      'a variable, through await, parentheses and types',
      `let net; net = (await tf.sequential(${list})) as any`,
      ['net'],
    ],
    ['a field', `class A { constructor() { this.net = tf.sequential(${list}); } }`, ['net']],
    ['a property', `const nets = {big: tf.sequential(${list}), small: tf.sequential(${list})}`, ['big', 'small']],
    ['the function around', `function build() { return tf.sequential(${list}); }`, ['build']],
    ['the arrow function around', `export const build = () => tf.sequential(${list})`, ['build']],
    ['nothing', `train(tf.sequential(${list}))`, ['model']],
    [
      'the same name twice',
      `function a() { const m = tf.sequential(${list}); } function b() { const m = tf.sequential(${list}); }`,
      ['m (a)', 'm (b)'],
    ],
    [
      'the same name twice in one function',
      `{ const m = tf.sequential(${list}); } { const m = tf.sequential(${list}); }`,
      ['m #1', 'm #2'],
    ],
    [
      'calls that make different models, and a call that makes the same again',
      `function build(units, act = 'relu') { const m = tf.sequential(); m.add(tf.layers.dense({units, inputShape: [3], activation: act})); return m; }
       build(32); build(64, 'tanh'); build(32);`,
      ['build(32)', "build(64, 'tanh')"],
    ],
    [
      'a function that is called counts by its calls only',
      `function build(n) { return tf.sequential({layers: [tf.layers.dense({units: n, inputShape: [3]})]}); } function main() { build(4); }`,
      ['build'],
    ],
    [
      'several models in a loop',
      `for (const units of [1, 2]) tf.sequential({layers: [tf.layers.dense({units, inputShape: [3]})]})`,
      ['model #1', 'model #2'],
    ],
    [
      'what an uncalled function adds to a model',
      `const m = tf.sequential(${list}); function grow() { m.add(tf.layers.reLU()); }`,
      ['m', 'm after grow()'],
    ],
    [
      'a model that an uncalled function fills',
      `const m = tf.sequential(); function fill() { m.add(${dense}); }`,
      ['m'],
    ],
  ];
  it.each(cases)('%s', (_what, code, names) => {
    expect(read(code).models.map(model => model.name)).toEqual(names);
  });
});

describe('names of layers', () => {
  it('are those that the code gives, else the type and its number among the layers of that type', () => {
    const code = `
      const inner = tf.sequential({name: 'inner', layers: [tf.layers.dense({units: 2, inputShape: [2], name: 'own'}), tf.layers.dense({units: 2})]});
      const shared = tf.layers.dense({units: 2});
      const x = tf.input({shape: [2]});
      const y = shared.apply(inner.apply(shared.apply(tf.layers.dense({units: 2}).apply(x))));
      const m = tf.model({inputs: x, outputs: y});`;
    expect(read(code).models[0]?.layers.map(layer => layer.name)).toEqual([
      'input_1',
      'dense_1',
      'dense_2',
      'inner/own',
      'inner/dense_2',
      'dense_2 (2)',
    ]);
  });
});

describe('names that clash', () => {
  it('are told apart all the same', () => {
    const code = `const a = tf.layers.dense({units: 2, name: 'a'}), b = tf.layers.dense({units: 2, name: 'a (2)'});
      const x = tf.input({shape: [2], name: 'a'});
      const m = tf.model({inputs: x, outputs: a.apply(b.apply(a.apply(x)))});`;
    expect(read(code).models[0]?.layers.map(layer => layer.name)).toEqual(['a', 'a (2)', 'a (2) (2)', 'a (3)']);
  });
});

describe('ranges', () => {
  it('are the name token and the whole call', () => {
    const code = `import { layers as L, sequential } from '@tensorflow/tfjs';
      const make = n => L['dense']({units: n, inputShape: [2]});
      const m = sequential({layers: [make(3), L.conv2d({}), new L.Dense({units: 1})]});`;
    const [model] = read(code).models;
    const cut = (range?: { start: number; end: number }) => range && code.slice(range.start, range.end);
    expect(model && [cut(model.range), cut(model.fullRange)]).toEqual([
      'sequential',
      'sequential({layers: [make(3), L.conv2d({}), new L.Dense({units: 1})]})',
    ]);
    expect(model?.layers.map(layer => [cut(layer.range), cut(layer.fullRange)])).toEqual([
      [undefined, undefined],
      ["'dense'", "L['dense']({units: n, inputShape: [2]})"],
      ['conv2d', 'L.conv2d({})'],
      ['Dense', 'new L.Dense({units: 1})'],
    ]);
  });
});

describe('where TensorFlow.js comes from', () => {
  const cases: [code: string, path?: string][] = [
    [`import * as tf from '@tensorflow/tfjs'; tf.sequential(${list})`],
    [
      `import * as flow from '@tensorflow/tfjs-node-gpu'; flow.sequential({layers: [flow.layers.dense({units: 2, inputShape: [3]})]})`,
    ],
    [
      `import flow from '@tensorflow/tfjs-node'; flow.sequential({layers: [flow.layers.dense({units: 2, inputShape: [3]})]})`,
    ],
    [
      "import { sequential as make, layers as L } from '@tensorflow/tfjs-layers'; make({layers: [L.dense({units: 2, inputShape: [3]})]})",
    ],
    [
      "import { default as flow } from 'https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@4.22.0/+esm'; flow.sequential({layers: [flow.layers.dense({units: 2, inputShape: [3]})]})",
    ],
    [
      "const { sequential, layers: { dense } } = require('@tensorflow/tfjs'); sequential({layers: [dense({units: 2, inputShape: [3]})]})",
    ],
    [
      `let tf; if (gpu) tf = require('@tensorflow/tfjs-node-gpu'); else tf = require('@tensorflow/tfjs-node'); tf.sequential(${list})`,
    ],
    [
      `async function f() { const flow = await import('@tensorflow/tfjs'); flow.sequential({layers: [flow.layers.dense({units: 2, inputShape: [3]})]}) }`,
    ],
    [
      `import('@tensorflow/tfjs').then(flow => flow.sequential({layers: [flow.layers.dense({units: 2, inputShape: [3]})]}))`,
    ],
    [
      `import tf = require('@tensorflow/tfjs'); import layers = tf.layers; tf.sequential({layers: [layers.dense({units: 2, inputShape: [3]})]})`,
    ],
    [`tf.sequential(${list})`],
    [`window.tf.sequential({layers: [globalThis.tf.layers.dense({units: 2, inputShape: [3]})]})`],
    [`export default function build(tf) { return tf.sequential(${list}) }`],
    [`import * as tf from './tf'; tf.sequential(${list})`],
    [
      `import { tf } from '../lib'; const { layers } = tf; tf.sequential({layers: [layers.dense({units: 2, inputShape: [3]})]})`,
    ],
    [
      `/* tf */ import * as ml from '@tensorflow/tfjs'; const L = ml['layers']; ml.sequential({layers: [L['dense']({units: 2, inputShape: [3]})]})`,
    ],
    [
      `const View = () => { const m = tf.sequential(${list}); return <div onClick={() => m.fit()}>{'a // b'}</div>; }`,
      'view.jsx',
    ],
    [`const View = (p: {n: number}) => { const m = tf.sequential(${list}); return <b>x</b>; }`, 'view.tsx'],
    [`const m = <any>tf.sequential(${list});`, 'a.cts'],
    [`module.exports = () => tf.sequential(${list});`, 'a.cjs'],
  ];
  it.each(cases)('%s', (code, path) => {
    const [model, ...others] = read(code, path).models;
    expect(others).toEqual([]);
    expect(model?.layers.map(layer => layer.outputShapes)).toEqual([[[3]], [[2]]]);
    expect(model?.gaps).toEqual([]);
  });

  it('is not what merely looks like it', () => {
    expect(
      read(`import {layers, sequential} from './tensorflow'; sequential({layers: [layers.dense({units: 1})]})`).models,
    ).toEqual([]);
    expect(read('const a = 1; // nothing of interest').comments).toEqual([]);
  });
});

describe('comments', () => {
  it('are found outside of strings, templates, regular expressions and JSX text', () => {
    const code = `#!/usr/bin/env node
      // leaklint-disable-next-line soluble-layer: reason
      const a = '// no', b = "/* no */", c = \`// no \${/* yes 1 */ 1 /* yes 2 */} // no\`, d = /\\/\\/ no/, e = 4 / 2 / 1; // yes 3
      tf.sequential(/* yes 4 */); /** yes
       5 */
      const f = <p title="// no">// no {/* yes 6 */}</p>; /* yes 7`;
    const { comments } = read(code, 'a.jsx');
    expect(comments.map(comment => comment.text)).toEqual([
      'leaklint-disable-next-line soluble-layer: reason',
      ...['yes 1', 'yes 2', 'yes 3', 'yes 4', '* yes\n       5', 'yes 6', 'yes 7'],
    ]);
    for (const { range, text } of comments) expect(code.slice(range.start, range.end)).toContain(text);
  });
});
