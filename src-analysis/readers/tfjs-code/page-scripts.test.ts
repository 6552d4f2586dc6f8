import { describe, expect, it } from 'vitest';
import { type FilesCase, summariseFiles } from './test-summary.ts';

const tfjs = '<script src="https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@4.22.0/dist/tf.min.js"></script>\n';
const dense = 'tf.sequential({layers: [tf.layers.dense({units, inputShape: [size]})]})';
const whole = ['== m', 'input [8]', 'dense [8] -> [3]'];

const cases: readonly FilesCase[] = [
  {
    what: 'a page reads the scripts that it loads, in order, before and between its own',
    files: {
      'web/index.html': `${tfjs}<script src='js/sizes.js?v=2'></script><script>size += 1;</script>
        <script src="/js/units.js"></script><script>const m = ${dense};</script>`,
      'web/js/sizes.js': 'let size = 7; function width() { return size; }',
      'web/js/units.js': 'const units = width() - 5;',
    },
    expected: whole,
  },
  {
    what: 'what a page loads later is not there yet, modules and libraries are apart',
    files: {
      'index.html': `${tfjs}<script type="module" src="a.js"></script><script src="b.min.js"></script>
        <script>const m = tf.sequential({layers: [tf.layers.dense({units: 3, inputShape: [a, b, c]})]});</script><script src="c.js"></script>`,
      'a.js': 'var a = 1;',
      'b.min.js': 'var b = 1;',
      'c.js': 'var c = 1;',
    },
    expected: [
      '== m',
      'input [?,?,?]',
      'dense [?,?,?] -> [?,?,3]',
      'gap: The input shape of the model is not known here: `a` is not defined in this file. @ dense',
    ],
  },
  {
    what: 'a script knows what the scripts before it define, its functions what those behind it do',
    files: {
      'js/model.js': `function later() { return units; } function m() { const units = later(); return ${dense}; }`,
      'index.html': `${tfjs}<script src="js/sizes.js"></script><script src="js/model.js"></script><script src="./js/units.js"></script>`,
      'js/sizes.js': 'const size = 8;',
      'js/units.js': 'var units = 3;',
    },
    expected: whole,
  },
  {
    what: 'arguments that other scripts and the page itself pass',
    files: {
      'model.js': `function m(size, units) { return ${dense}; }`,
      'index.html': `${tfjs}<script src=model.js></script><script src="main.js"></script><script>m(size, 2);</script>`,
      'main.js': 'const size = 4; m(8, 3);',
    },
    expected: ['== m(8, 3)', 'input [8]', 'dense [8] -> [3]', '== m(4, 2)', 'input [4]', 'dense [4] -> [2]'],
  },
  {
    what: 'a helper of another script adds layers',
    files: {
      'main.js': 'const m = tf.sequential(); m.add(tf.layers.flatten({inputShape: [2, 4]})); head(m, 3);',
      'index.html': `${tfjs}<script src="head.js"></script><script src="main.js"></script>`,
      'head.js': 'function head(model, units) { model.add(tf.layers.dense({units})); }',
    },
    expected: ['== m', 'input [2,4]', 'flatten [2,4] -> [8]', 'dense [8] -> [3]'],
  },
  {
    what: 'a page that does not load the script after all, and one that loads itself and what is not there',
    files: {
      'm.js': `const size = 8, units = 3; const m = ${dense};`,
      'index.html': `${tfjs}<!-- src=m.js --><script src="index.html"></script><script src="gone.js"></script><script>throw 1;</script>`,
    },
    expected: whole,
  },
];

describe('scripts of a page', () => {
  it.each(cases)('$what', ({ files, expected }) => {
    expect(summariseFiles(files, Object.keys(files)[0] ?? '')).toEqual(expected);
  });
});
