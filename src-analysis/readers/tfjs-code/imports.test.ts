import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { neverCancelled } from '../reader.ts';
import { readTfjsCode } from './read.ts';
import { type FilesCase, summariseFiles } from './test-summary.ts';

const tf = "import * as tf from '@tensorflow/tfjs';\n";
const dense = 'tf.sequential({layers: [tf.layers.dense({units, inputShape: [size]})]})';
const whole = ['== m', 'input [8]', 'dense [8] -> [3]'];

const main = (imports: string): string => `${tf}${imports}\nconst m = ${dense};`;

const cases: readonly FilesCase[] = [
  {
    what: 'named, default and namespace imports',
    files: {
      'a/m.js': `${tf}import units, {size as s} from './b'; import * as c from '../c.js';\nconst size = s * c.two / c.default.half;
        const m = ${dense};`,
      'a/b.ts': 'export const size: number = 4; export default 3;',
      'c.js': 'const two = 2; export {two}; export default {half: 1};',
    },
    expected: whole,
  },
  {
    what: 're-exports, stars, folders with an index',
    files: {
      'm.ts': main("import {size, units} from './lib';"),
      'lib/index.ts': "export {n as size} from './n.mjs'; export * from './units'; export * as all from './units';",
      'lib/n.mjs': 'export let n = 7; n += 1;',
      'lib/units.js': 'export const units = 3;',
    },
    expected: whole,
  },
  {
    what: 'CommonJS: module.exports, exports.name, JSON',
    files: {
      'm.cjs': `const tf = require('@tensorflow/tfjs-node'); const {size} = require('./size'); const units = require('./units').units;
        const {sub} = require('./config.json'); const m = ${dense.replace('[size]', '[size - sub]')};`,
      'size.js': 'module.exports = {size: 10};',
      'units.cjs': 'exports.units = 3;',
      'config.json': '{"sub": 2}',
    },
    expected: whole,
  },
  {
    what: 'a variable that changes after it is imported; an ES module required',
    files: {
      'm.js': `${tf}import {size, grow} from './size'; const {units} = require('./units'); grow(); const m = ${dense};`,
      'size.js': 'export let size = 4; export function grow() { size *= 2; }',
      'units.js': 'export const units = 3;',
    },
    expected: whole,
  },
  {
    what: 'TensorFlow.js handed on by a file of the project',
    files: {
      'm.js': `import * as tf from './tf'; import {layers} from './tf'; import size from './size'; const units = 3;
        const m = tf.sequential({layers: [layers.dense({units, inputShape: [size]})]});`,
      'tf.js': "export * from '@tensorflow/tfjs';",
      'size.js': 'module.exports = 8;',
    },
    expected: whole,
  },
  {
    what: 'files that import each other, and a file that imports itself',
    files: {
      'm.js': `${tf}import {size} from './other'; import * as self from './m'; export const units = 3; export const make = () => ${dense}; const m = make();`,
      'other.js': "import {units} from './m'; export const size = 8; export const later = () => units;",
    },
    expected: ['== make', ...whole.slice(1)],
  },
  {
    what: 'a factory of another file: its model is told there, what is added to it here',
    files: {
      'm.js': `${tf}import {build, Net} from './factory'; const m = build(8, 3); new Net(2).create(); const n = new Net(2).create(); n.add(tf.layers.dense({units: 4}));`,
      'factory.js': `${tf}export function build(size, units) { return ${dense}; }
        export class Net { constructor(units) { this.units = units; } create() { return build(1, this.units); } }
        const unused = build(99, 99);`,
    },
    expected: ['== n', 'input [1]', 'dense [1] -> [2]', 'dense [2] -> [4]'],
  },
  {
    what: 'a helper of another file adds layers',
    files: {
      'm.js': `${tf}import {head} from './head'; const m = tf.sequential(); m.add(tf.layers.flatten({inputShape: [2, 4]})); head(m, 3);`,
      'head.js': `import * as tf from '@tensorflow/tfjs'; export const head = (model, units) => model.add(tf.layers.dense({units}));`,
    },
    expected: ['== m', 'input [2,4]', 'flatten [2,4] -> [8]', 'dense [8] -> [3]'],
  },
  {
    what: 'arguments that another file passes',
    files: {
      'm.js': `${tf}export function m(size, units) { return ${dense}; }`,
      'use.js': "import {m} from './m'; async function run() { m(8, 3); }",
      'other.js': "console.log('./m is not imported here')",
    },
    expected: ['== m', 'input [8]', 'dense [8] -> [3]'],
  },
  {
    what: 'a setting of another program that may be left out is none to tell models apart by',
    files: {
      'm.js': `${tf}export function m(size) { const units = 3; return ${dense}; }`,
      'use.js': `import {m} from './m';
        class Game { constructor(args) { if (args.size == null) { args.size = 16; } this.size = args.size; } }
        class Agent { constructor(game) { this.net = m(game.size); } }
        function run() { const args = parser.parse(); const game = new Game({size: args.size}); new Agent(game); }
        run();`,
    },
    expected: [
      '== m',
      'input [?]',
      'dense [?] -> [3]',
      'gap: The input shape of the model is not known here: `size` is a parameter of `m`, which is not called with known arguments here. @ dense',
    ],
  },
  {
    what: 'different arguments that other files pass',
    files: {
      'm.cjs': `const tf = require('@tensorflow/tfjs'); function m(size, units) { return ${dense}; } module.exports = {m};`,
      'use.cjs': "const {m} = require('./m'); m(8, 3);",
      'more.cjs': "const m = require('./m'); m.m(4, 2); m.m(8, 3); m.m(unknownThing, 2);",
    },
    expected: ['== m(8, 3)', 'input [8]', 'dense [8] -> [3]', '== m(4, 2)', 'input [4]', 'dense [4] -> [2]'],
  },
  {
    what: 'what a missing file, a package or a missing export would give is unknown',
    files: {
      'm.js': `${tf}import {a} from './lost'; import {b} from 'package'; import {c} from './there'; import d from './style.css';
        const m = tf.sequential({layers: [tf.layers.dense({units: a, inputShape: [b]}), tf.layers.dense({units: c}), tf.layers.dense({units: d})]});`,
      'there.js': 'export const x = 1;',
    },
    expected: [
      '== m',
      'input [?]',
      'dense [?] -> [?]',
      'dense [?] -> [?]',
      'dense [?] -> [?]',
      "gap: The input shape of the model is not known here: `b` comes from 'package', which is not read. @ dense",
      "gap: The output shape of `dense_1` is not known here: units: `a` comes from './lost', which is not found. @ dense",
      "gap: The output shape of `dense_2` is not known here: units: `c` is not exported by 'there.js'. @ dense",
      "gap: The output shape of `dense_3` is not known here: units: it comes from './style.css', which is not found. @ dense",
    ],
  },
  {
    what: 'a file that takes too long, and one that throws, spoil only what they export later',
    files: {
      'm.js': main("import {size, late} from './slow'; import {units} from './throws';"),
      'slow.js':
        'export const size = 8; for (let i = 0; ; i++) { Math.sin(i); for (let j = 0; j < 1e9; j++) {} } export const late = 1;',
      'throws.js': "export const units = 3; throw new Error('no'); export const after = 2;",
    },
    expected: whole,
  },
  {
    what: 'checks of code that nobody calls are passed',
    files: {
      'm.js': `${tf}import {Data} from './data'; const data = new Data();
        export function m() { if (data.xs == null) { throw new Error('no data'); } return tf.sequential({layers: [tf.layers.dense({units: 3, inputShape: [8]})]}); }`,
      'data.js': 'export class Data { constructor() { this.xs = null; } }',
    },
    expected: ['== m', 'input [8]', 'dense [8] -> [3]'],
  },
  {
    what: 'a method that throws where nobody calls it in that state',
    files: {
      'm.js': `${tf}import {Data} from './data'; const data = new Data();
        export function m() { const model = tf.sequential(); model.add(tf.layers.dense({units: 3, inputShape: [data.width]})); return model; }`,
      'data.js':
        "export class Data { constructor() { this.rows = null; } get width() { if (this.rows == null) { throw new Error('load first'); } return this.rows[0].length; } }",
    },
    expected: [
      '== model',
      'input [?]',
      'dense [?] -> [3]',
      'gap: The input shape of the model is not known here: `this.rows[0]` is not known here. @ dense',
    ],
  },
];

describe('imports across files', () => {
  it.each(cases)('$what', ({ files, expected }) => {
    expect(summariseFiles(files, Object.keys(files)[0]!)).toEqual(expected);
  });

  it('never fail, whatever the other files hold', () => {
    const piece = fc.constantFrom(
      "export * from './m';",
      "export * from './b'; export default x;",
      "import d, * as n from './b';",
      'export {x as y, y as x};',
      "export {default} from './m'; export {z as default} from './b';",
      "module.exports = require('./m');",
      "const {x} = require('.'); exports.x = x;",
      'export const x = () => x();',
      'export default class extends x {}',
      '{"a": [',
      'throw y;',
      'export =',
    );
    const file = fc.array(piece, { maxLength: 4 }).map(parts => parts.join('\n'));
    fc.assert(
      fc.property(file, file, file, (a, b, index) => {
        const files: Record<string, string> = {
          'm.js': `${main("import {x as size} from './b';")}${a}`,
          'b.js': b,
          'index.ts': index,
        };
        const related = { read: (name: string) => files[name], importers: () => ['b.js', 'index.ts', 'gone.js'] };
        const { models } = readTfjsCode({ path: 'm.js', text: files['m.js']!, related }, neverCancelled);
        expect(models.length).toBeGreaterThan(0);
      }),
      { numRuns: 300, seed: 4 },
    );
  });

  it('stop at a bounded number of files', () => {
    let read = 0;
    const related = {
      read: (name: string) => {
        read++;
        const n = Number(/(\d+)\.ts$/.exec(name)?.[1] ?? Number.NaN);
        return Number.isNaN(n)
          ? undefined
          : `import './f${n + 1}'; import * as a from './f${2 * n}'; export const x = 8;`;
      },
      importers: () => [],
    };
    const text = main("import {x as size} from './f1'; const units = 3;");
    const { models } = readTfjsCode({ path: 'm.ts', text, related }, neverCancelled);
    expect(models).toHaveLength(1);
    expect(read).toBeLessThan(1000);
  });
});
