// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the programs are text
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cancelled, neverCancelled, type ReadResult } from '../reader.ts';
import { readTfjsCode } from './read.ts';

const folder = 'test/fixtures/tfjs-code/paper';
const sources = readdirSync(folder).map(name => readFileSync(`${folder}/${name}`, 'utf8'));

/** Reads a text, and checks what holds of every result, whatever the text. */
function read(text: string, path = 'model.ts'): ReadResult {
  const result = readTfjsCode({ path, text }, neverCancelled);
  const inText = (range?: { start: number; end: number }) =>
    !range || (range.start >= 0 && range.start <= range.end && range.end <= text.length);
  const ranges = [...result.errors, ...result.comments].map(entry => entry.range);
  for (const model of result.models) {
    ranges.push(model.range, model.fullRange, ...model.gaps.map(gap => gap.range));
    for (const [index, layer] of model.layers.entries()) {
      ranges.push(layer.range, layer.fullRange);
      if (layer.id !== index || layer.inputs.some(edge => edge.layer >= index)) throw new Error('layers out of order');
      if (layer.inputs.length !== layer.inputShapes.length) throw new Error('an input without a shape');
    }
    const ends = [...model.inputs, ...model.outputs];
    if (ends.some(edge => model.layers[edge.layer] === undefined)) throw new Error('an edge to nowhere');
    if (new Set(model.layers.map(layer => layer.name)).size !== model.layers.length) throw new Error('a name twice');
  }
  if (!ranges.every(inText)) throw new Error('a range outside of the text');
  return result;
}

const dense = 'tf.layers.dense({units: 2, inputShape: [2]})';
const tf = "import * as tf from '@tensorflow/tfjs';\n";

describe('unfinished code', () => {
  it('is read at every length', () => {
    for (const source of sources) for (let end = 0; end < source.length; end += 29) read(source.slice(0, end));
  });

  it('yields the layers understood so far', () => {
    const text = `${tf}const m = tf.sequential();\nm.add(${dense});\nm.add(tf.layers.dense({units: 3, act`;
    expect(read(text).models[0]?.layers.map(layer => layer.outputShapes[0])).toEqual([[2], [2], [3]]);
    const list = `${tf}const m = tf.sequential({layers: [${dense}, tf.layers.dense({units: 3}), tf.layers.con`;
    expect(read(list).models[0]?.layers.map(layer => layer.op.kind)).toEqual(['input', 'dense', 'dense', 'unknown']);
  });

  it('is read with tokens deleted, repeated and exchanged', () => {
    const tokens = sources.map(source => source.match(/\s+|\w+|./gsu) ?? []);
    const edit = fc.record({ at: fc.nat(), other: fc.nat(), how: fc.constantFrom('delete', 'repeat', 'swap', 'cut') });
    fc.assert(
      fc.property(fc.nat(sources.length - 1), fc.array(edit, { minLength: 1, maxLength: 4 }), (index, edits) => {
        const text = [...(tokens[index] ?? [])];
        for (const { at, other, how } of edits) {
          if (text.length === 0) break;
          const [i, j] = [at % text.length, other % text.length];
          if (how === 'delete') text.splice(i, 1 + (other % 3));
          else if (how === 'repeat') text.splice(i, 0, text[i] ?? '', text[j] ?? '');
          else if (how === 'cut') text.length = i;
          else [text[i], text[j]] = [text[j] ?? '', text[i] ?? ''];
        }
        read(text.join(''));
      }),
      { numRuns: 1200 },
    );
  });

  it('is read whatever stands there', () => {
    const word = fc.constantFrom(
      ...[
        'tf',
        '.',
        'layers',
        'dense',
        'sequential',
        '(',
        ')',
        '{',
        '}',
        '[',
        ']',
        ',',
        ';',
        '=>',
        '=',
        'const',
        'm',
        'x',
      ],
      ...[
        'if',
        'else',
        'for',
        'of',
        'while',
        'return',
        'function',
        'class',
        'extends',
        'new',
        'this',
        'super',
        '...',
        '?.',
      ],
      ...[
        '`',
        '$' + '{',
        "'",
        '/',
        '*',
        'await',
        'async',
        'yield',
        'import',
        'from',
        '1',
        '-',
        '+',
        'add',
        'apply',
        'units',
      ],
      ...[
        'switch',
        'case',
        'default',
        ':',
        'try',
        'catch',
        'throw',
        'break',
        'continue',
        '?',
        '??=',
        'units:',
        '3',
        '\n',
      ],
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), words => {
        read(`const m = tf.sequential(); ${words.join(' ')}`, 'a.tsx');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('hostile code', () => {
  const deep = 10_000;
  const cases: Record<string, string> = {
    'nested parentheses': `const a = ${'('.repeat(deep)}1${')'.repeat(deep)}`,
    'nested brackets, not closed': `const a = ${'['.repeat(deep)}`,
    'nested blocks': '{'.repeat(deep) + '}'.repeat(deep),
    'nested calls': `f(${'g('.repeat(900)}${')'.repeat(900)})`,
    'a long chain of calls': `f${'()'.repeat(deep)}`,
    'loops without end': 'for (;;) for (;;) for (;;) {}',
    'a growing list': 'const a = []; while (true) a.push(new Array(100000).fill(a));',
    'a growing text': 'let s = "x"; for (;;) s += s + [s, s].join(s) + `${s}${s}` + s.padStart(1e9) + s.repeat(1e9);',
    'doubling lists': 'let a = [1]; for (let i = 0; i < 100; i++) a = [...a, ...a, ...a];',
    'enormous lists':
      'Array(1e9).fill(0); Array.from({length: 1e8}); const a = []; a[1e9] = 1; a.length = 1e9; [..."x".repeat(9e8)];',
    'mutual recursion': 'function a() { b(); b(); } function b() { a(); a(); } a();',
    'branching recursion on unknown conditions': 'const f = n => n === 0 ? 1 : x ? f(n - 1) : f(n - 1); f(60);',
    'classes that make themselves':
      'class A { a = new A(); get b() { return this.b; } constructor() { new A(); } } new A().b; class B extends B {} new B();',
    'values that contain themselves': `const o = {units: 2}; o.weights = o; const a = []; a.push(a, a, o); a.flat(99); a + '';
      const m = tf.sequential({layers: [tf.layers.dense(o), tf.layers.add().apply(a)]}); m.add(m); tf.model({inputs: a, outputs: a});`,
    'keys of prototypes': `const o = {__proto__: {units: 9}, ['__proto__']: 4, constructor: 1, toString: 2, units: 2, inputShape: [2]};
      o.__proto__.polluted = 1; Object.prototype.polluted = 1; const {__proto__: p, ...rest} = o; tf.sequential({layers: [tf.layers.dense(rest)]});
      tf.layers['constructor']({}); tf['__proto__'].x(); ''['constructor'](); [].constructor(1); ({}).hasOwnProperty('x');`,
    'accessors without end': 'const o = {get a() { return o.a; }, get b() { while (true) {} }}; o.a; o.b; ({...o});',
    'regular expressions that backtrack':
      'const s = "a".repeat(50000) + "!"; s.replace(/(a+)+$/, ""); s.match(/(a+)+$/); s.split(/(a+)+$/);',
    'dimensions beyond reason': `tf.sequential({layers: [tf.layers.conv2d({inputShape: [2 ** 40, -5, 1e308], filters: 2 ** 52, kernelSize: 2 ** 31, strides: 0})]})`,
    'models of models of models': `let m = tf.sequential({layers: [${dense}]}); for (let i = 0; i < 40; i++) { const n = tf.sequential(); n.add(m); n.add(m); m = n; }`,
    'two thousand models': `for (let i = 0; i < 2000; i++) tf.sequential({layers: [tf.layers.dense({units: i + 1, inputShape: [2]})]});`,
    'a thousand conditions': `const m = tf.sequential({layers: [${dense}]}); ${'if (x) m.add(tf.layers.reLU()); '.repeat(1000)}`,
    'a switch of a thousand cases': `switch (x) { ${Array.from({ length: 1000 }, (_, i) => `case ${i}: y = ${i}; break;`).join(' ')} }`,
  };
  it.each(Object.entries(cases))('%s', (_what, code) => {
    const { models } = read(tf + code);
    expect(models.reduce((sum, model) => sum + model.layers.length, 0)).toBeLessThan(60_000);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('says so when it gives up', () => {
    const given = (code: string) => read(tf + code).errors.map(error => error.message);
    expect(given('function f(n) { return f(n - 1) + f(n - 2); } f(1e9);')).toEqual([
      'The models of this file are not read to its end: it takes more steps to evaluate than Leaklint allows.',
    ]);
    expect(given(`const a = ${'('.repeat(deep)}`)).toEqual(['This file is nested too deeply to be read.']);
    const more = 'takes more rounds than Leaklint follows';
    const endless = (loop: string) => read(`${tf}const m = tf.sequential({layers: [${dense}]}); ${loop}`).models[0];
    const unfinished = endless('for (let i = 0; i < 3; ) m.add(tf.layers.reLU());');
    expect(unfinished?.gaps[0]?.reason).toContain(more);
    // Two rounds, one more that may not be, and what follows from that.
    expect(unfinished?.layers.map(layer => layer.type)).toEqual([
      'input',
      'dense',
      'reLU',
      'reLU',
      'reLU',
      'condition',
    ]);
    expect(endless('for (let i = 0; ; i++) m.add(tf.layers.reLU());')?.gaps[0]?.reason).toContain(more);
  });

  it('of ten thousand layers is read to the end', () => {
    const code = `${tf}const m = tf.sequential(); for (let i = 0; i < 10000; i++) m.add(tf.layers.dense({units: 2 + i % 3, inputShape: [2]}));`;
    const { models, errors } = read(code);
    expect(errors).toEqual([]);
    expect([models[0]?.layers.length, models[0]?.gaps.length]).toEqual([10_001, 0]);
    expect(models[0]?.layers.at(-1)?.outputShapes).toEqual([[2]]);
  });

  it('is read to the end behind long loops about data', () => {
    const data = 'for (let i = 0; i < 9000; i++) { for (let j = 0; j < 99; j++) { sum += i * j % 7; } }';
    const code = `${tf}let sum = 0; ${data} ${data} ${data} ${data} const m = tf.sequential({layers: [${dense}]});`;
    const { models, errors } = read(code);
    expect(errors).toEqual([]);
    expect([models[0]?.layers.length, models[0]?.gaps]).toEqual([2, []]);
  });

  it('stops when asked to', () => {
    let checks = 0;
    const token = {
      get isCancellationRequested() {
        return ++checks > 3;
      },
    };
    expect(() => readTfjsCode({ path: 'a.js', text: `${tf}for (let i = 0; ; i++) {}` }, token)).toThrow(Cancelled);
  });
});
