import { describe, expect, it } from 'vitest';
import { summarise } from './test-summary.ts';

/** What cannot be known becomes unknown, with the reason, and never an error. */
const cases: { what: string; code: string; expected: string }[] = [
  {
    what: 'a parameter of a function that nobody calls',
    code: `export function build(size, units) {
        return tf.sequential({layers: [tf.layers.flatten({inputShape: [size, 4]}), tf.layers.dense({units})]});
      }`,
    expected: `== build
      input [?,4]
      flatten [?,4] -> [?]
      dense [?] -> [?]
      gap: The input shape of the model is not known here: \`size\` is a parameter of \`build\`, which is not called with known arguments here. @ flatten
      gap: The output shape of \`dense_1\` is not known here: units: \`units\` is a parameter of \`build\`, which is not called with known arguments here. @ dense`,
  },
  {
    what: 'defaults of parameters, options and spreads are taken when nobody calls the function',
    code: `const DEFAULTS = {filters: 4, kernelSize: 3};
      export function build(size = 8, {units = 5} = {}, options) {
        const {name = 'named'} = options;
        const rate = options.rate || 0.5;
        return tf.sequential({name, layers: [
          tf.layers.conv2d({...DEFAULTS, ...options, inputShape: [size, size, options.channels ?? 1]}),
          tf.layers.flatten(), tf.layers.dropout({rate}), tf.layers.dense({units})]});
      }`,
    expected: `== named
      input [8,8,1]
      conv2d [8,8,1] -> [6,6,4]
      flatten [6,6,4] -> [144]
      dropout [144] -> [144]
      dense [144] -> [5]`,
  },
  {
    what: 'defaults that documentation states, where the code states none',
    code: `/**
       * Builds it.
       * @param {number} [size=8] Width and height.
       * @param {number[]} [hidden=[6, 5]]
       * @param {object} options
       * @param {string} [options.name='documented'] its name
       * @param {number} [units=99] not what the code says
       */
      export const build = (size, hidden, options, units = 2) => tf.sequential({name: options.name, layers: [
        tf.layers.flatten({inputShape: [size, size]}),
        ...hidden.map(units => tf.layers.dense({units, activation: options.activation})),
        tf.layers.dense({units})]});`,
    expected: `== documented
      input [8,8]
      flatten [8,8] -> [64]
      dense [64] -> [6]
      dense [6] -> [5]
      dense [5] -> [2]`,
  },
  {
    what: 'options that somebody would pass are unknown, not missing',
    code: `export function build(options = {}, other, last) {
        other = other || {};
        return tf.sequential({layers: [
          tf.layers.dense({units: options.units, inputShape: [4]}),
          tf.layers.dense({units: other.units ?? 3}),
          tf.layers.dense({activation: 'relu', ...last})]});
      }`,
    expected: `== build
      input [4]
      dense [4] -> [?]
      dense [?] -> [3]
      dense [3] -> [?]
      gap: The output shape of \`dense_1\` is not known here: units: \`options\` is a parameter of \`build\`, which is not called with known arguments here. @ dense
      gap: The output shape of \`dense_3\` is not known here: \`last\` is a parameter of \`build\`, which is not called with known arguments here. @ dense`,
  },
  {
    what: 'the first layer states no input shape',
    code: `const m = tf.sequential();
      m.add(tf.layers.dense({units: 3}));
      m.add(tf.layers.dense({units: 2}));`,
    expected: `== m
      input ?
      dense ? -> ?
      dense ? -> ?
      gap: The input shape of the model is not known here: its first layer declares none; add \`inputShape\` there. @ dense`,
  },
  {
    what: 'an input with open dimensions',
    code: `const x = tf.input({shape: [null, 3]});
      const m = tf.model({inputs: x, outputs: tf.layers.dense({units: 2}).apply(x)});`,
    expected: `== m
      input [?,3]
      dense [?,3] -> [?,2]
      gap: The input shape of the model is not known here: it leaves dimensions open. @ input`,
  },
  {
    what: 'comparisons of one subject exclude each other, wherever they stand',
    code: `export function build(kind) {
        const m = tf.sequential();
        switch (kind) {
          case 'gru': m.add(tf.layers.gru({units: 2, inputShape: [3, 4]})); break;
          case 'lstm': m.add(tf.layers.lstm({units: 2, inputShape: [3, 4]})); break;
          default: throw new Error(kind);
        }
        if (kind !== 'gru') m.add(tf.layers.dense({units: 7}));
        m.add(tf.layers.dense({units: kind === 'lstm' ? 5 : 6}));
      }`,
    expected: `== m (kind = 'gru')
      input [3,4]
      gru [3,4] -> [2]
      dense [2] -> [6]
      == m (kind = 'lstm')
      input [3,4]
      lstm [3,4] -> [2]
      dense [2] -> [7]
      dense [7] -> [5]`,
  },
  {
    what: 'conditions on the same variable are not combined; more ways than are followed stay open',
    code: `const m = tf.sequential({layers: [tf.layers.dense({units: 4, inputShape: [8]})]});
      if (n > 3) m.add(tf.layers.dropout({rate: 0.5}));
      if (n > 5) m.add(tf.layers.reLU());
      m.add(tf.layers.dense({units: 2}));`,
    expected: `== m (n > 3)
      input [8]
      dense [8] -> [4]
      dropout [4] -> [4]
      reLU [4] -> [4]
      condition [4] + [4] -> [4] (unknown: It depends on \`n > 5\`: \`n\` is not defined in this file.)
      dense [4] -> [2]
      gap: Which layers the model has is not known here: it depends on \`n > 5\`: \`n\` is not defined in this file. @ n > 5
      == m (not n > 3)
      input [8]
      dense [8] -> [4]
      reLU [4] -> [4]
      condition [4] + [4] -> [4] (unknown: It depends on \`n > 5\`: \`n\` is not defined in this file.)
      dense [4] -> [2]
      gap: Which layers the model has is not known here: it depends on \`n > 5\`: \`n\` is not defined in this file. @ n > 5`,
  },
  {
    what: 'a layer added under a condition that is not known',
    code: `const m = tf.sequential({layers: [tf.layers.dense({units: 4, inputShape: [8]})]});
      if (process.env.DROP) m.add(tf.layers.dropout({rate: 0.5}));
      m.add(tf.layers.dense({units: 2}));`,
    expected: `== m (process.env.DROP)
      input [8]
      dense [8] -> [4]
      dropout [4] -> [4]
      dense [4] -> [2]
      == m (not process.env.DROP)
      input [8]
      dense [8] -> [4]
      dense [4] -> [2]`,
  },
  {
    what: 'branches that yield tensors of different shapes',
    code: `const x = tf.input({shape: [8]});
      let y = x;
      if (flag) y = tf.layers.dense({units: 4}).apply(x); else y = tf.layers.dense({units: 5}).apply(x);
      const m = tf.model({inputs: x, outputs: tf.layers.dense({units: 2}).apply(y)});`,
    expected: `== m (flag)
      input [8]
      dense [8] -> [4]
      dense [4] -> [2]
      == m (not flag)
      input [8]
      dense [8] -> [5]
      dense [5] -> [2]`,
  },
  {
    what: 'values that both branches agree on stay known; the others become unknown one by one',
    code: `let units = 3, shape;
      if (flag) { shape = [8, 8, 1]; units = 3; } else { shape = [8, 8, 3]; units = 3; }
      const m = tf.sequential({layers: [
        tf.layers.flatten({inputShape: shape}),
        tf.layers.dense({units, activation: flag ? 'relu' : 'tanh'})]});`,
    expected: `== m (flag)
      input [8,8,1]
      flatten [8,8,1] -> [64]
      dense [64] -> [3]
      == m (not flag)
      input [8,8,3]
      flatten [8,8,3] -> [192]
      dense [192] -> [3]`,
  },
  {
    what: 'a loop over a list that is not known',
    code: `import {hidden} from './settings';
      const m = tf.sequential({layers: [tf.layers.dense({units: 4, inputShape: [8]})]});
      for (const units of hidden) m.add(tf.layers.dense({units}));
      m.add(tf.layers.dense({units: 2}));`,
    expected: `== m
      input [8]
      dense [8] -> [4]
      dense [4] -> [?]
      condition [?] + [4] -> ? (unknown: The list \`hidden\` is not known here: \`hidden\` comes from './settings', which is not read.)
      dense ? -> ?
      gap: Which layers the model has is not known here: the list \`hidden\` is not known here: \`hidden\` comes from './settings', which is not read. @ hidden
      gap: The output shape of \`dense_2\` is not known here: units: \`hidden\` comes from './settings', which is not read. @ dense`,
  },
  {
    what: 'forEach over a list that is not known, and a while loop without a known end',
    code: `const m = tf.sequential({layers: [tf.layers.reLU({inputShape: [8]})]});
      sizes.forEach(() => m.add(tf.layers.reLU()));
      while (more()) m.add(tf.layers.reLU());`,
    expected: `== m
      input [8]
      reLU [8] -> [8]
      reLU [8] -> [8]
      condition [8] + [8] -> [8] (unknown: The list is not known here: \`sizes\` is not defined in this file.)
      reLU [8] -> [8]
      condition [8] + [8] -> [8] (unknown: It depends on \`more()\`: the result of \`more\` is not known here.)
      gap: Which layers the model has is not known here: the list is not known here: \`sizes\` is not defined in this file. @ forEach
      gap: Which layers the model has is not known here: it depends on \`more()\`: the result of \`more\` is not known here. @ more()`,
  },
  {
    what: 'an unknown number of layers in a list',
    code: `const m = tf.sequential({layers: [tf.layers.dense({units: 4, inputShape: [8]}), ...extra, tf.layers.dense({units: 2})]});`,
    expected: `== m
      input [8]
      dense [8] -> [4]
      unknown [4] -> ? (unknown: \`extra\` is not defined in this file.)
      dense ? -> ?`,
  },
  {
    what: 'a loaded base model with a known head',
    code: `async function transfer() {
        const base = await tf.loadLayersModel('https://example.com/model.json');
        const cut = base.getLayer('conv_pw_13_relu');
        const y = tf.layers.dense({units: 2}).apply(tf.layers.flatten().apply(cut.output));
        return tf.model({inputs: base.inputs, outputs: y});
      }`,
    expected: `== transfer
      unknown ? (unknown: The result of \`base.getLayer\` is not known here.)
      flatten ? -> [?]
      dense [?] -> [2]
      gap: The inputs of the model are not known here: \`tf.loadLayersModel\` reads the model when the program runs. @ tf.model({inputs: base.inputs, outputs: y})`,
  },
  {
    what: 'layers that TensorFlow.js does not have, and things that are no layers',
    code: `const m = tf.sequential({layers: [tf.layers.dense({units: 4, inputShape: [8]}), tf.layers.dence({units: 3}), 7]});`,
    expected: `== m
      input [8]
      dense [8] -> [4]
      unknown [4] -> ? (unknown: TensorFlow.js has no layer \`tf.layers.dence\` that Leaklint knows.)
      unknown ? -> ? (unknown: What is added here is not a layer that is known.)`,
  },
  {
    what: 'an early return and a continue under conditions that are not known',
    code: `function head(m, wide) {
        if (wide) { m.add(tf.layers.dense({units: 9})); return m; }
        for (const units of [5, 6]) { if (units > limit) continue; m.add(tf.layers.dense({units})); }
        return m;
      }
      const n = head(tf.sequential({layers: [tf.layers.dense({units: 4, inputShape: [8]})]}), flag);
      n.add(tf.layers.dense({units: 2}));`,
    expected: `== model (wide)
      input [8]
      dense [8] -> [4]
      dense [4] -> [9]
      dense [9] -> [2]
      == model (not wide)
      input [8]
      dense [8] -> [4]
      dense [4] -> [5]
      condition [4] + [5] -> ? (unknown: It depends on \`units > limit\`: \`limit\` is not defined in this file.)
      dense ? -> ?
      condition ? + ? -> ? (unknown: It depends on \`units > limit\`: \`limit\` is not defined in this file.)
      dense ? -> ?
      gap: Which layers the model has is not known here: it depends on \`units > limit\`: \`limit\` is not defined in this file. @ units > limit`,
  },
  {
    what: 'a model that another file completes',
    code: `import {addLayers} from './layers';
      const m = tf.sequential();
      addLayers(m);
      m.add(tf.layers.dense({units: 2}));`,
    expected: `== m
      input ?
      dense ? -> ?
      gap: The model has no layers yet where \`addLayers(m)\` gets it, which is not followed. @ addLayers(m)
      gap: The input shape of the model is not known here: its first layer declares none; add \`inputShape\` there. @ dense`,
  },
  {
    what: 'the fallback in a catch clause is a model, too',
    code: `let m;
      try { m = await tf.loadLayersModel('indexeddb://m'); }
      catch (e) { m = tf.sequential({layers: [tf.layers.dense({units: 4, inputShape: [8]})]}); }
      m.compile({});`,
    expected: `== m
      input [8]
      dense [8] -> [4]`,
  },
  {
    what: 'a variable that may be null is the layer where it is used',
    code: `let extra = null;
      if (flag) extra = tf.layers.dense({units: 3});
      const m = tf.sequential({layers: [tf.layers.dense({units: 4, inputShape: [8]})]});
      if (extra) m.add(extra);
      m.add(tf.layers.dense({units: 2}));`,
    expected: `== m (flag)
      input [8]
      dense [8] -> [4]
      dense [4] -> [3]
      dense [3] -> [2]
      == m (not flag)
      input [8]
      dense [8] -> [4]
      dense [4] -> [2]`,
  },
  {
    what: 'one of two layers, or none',
    code: `const m = tf.sequential({layers: [
        tf.layers.dense({units: 4, inputShape: [8]}),
        deep && tf.layers.dense({units: 4}),
        (wide ? tf.layers.elu : tf.layers.reLU)(),
        null].filter(Boolean)});`,
    expected: `== m (deep, wide)
      input [8]
      dense [8] -> [4]
      dense [4] -> [4]
      elu [4] -> [4]
      == m (deep, not wide)
      input [8]
      dense [8] -> [4]
      dense [4] -> [4]
      reLU [4] -> [4]
      == m (not deep, wide)
      input [8]
      dense [8] -> [4]
      elu [4] -> [4]
      == m (not deep, not wide)
      input [8]
      dense [8] -> [4]
      reLU [4] -> [4]`,
  },
  {
    what: 'merges of tensors that are not known',
    code: `export const fuse = (list, more) => [
        tf.layers.concatenate().apply(list), tf.layers.add().apply([...more]), tf.layers.dense({units: 2}).apply(list)];
      export const wrong = x => tf.layers.multiply().apply([x]);`,
    expected: `== fuse
      unknown ? (unknown: \`list\` is a parameter of \`fuse\`, which is not called with known arguments here.)
      concatenate ? -> ?
      unknown ? (unknown: \`more\` is a parameter of \`fuse\`, which is not called with known arguments here.)
      add ? -> ?
      unknown ? (unknown: \`list\` is a parameter of \`fuse\`, which is not called with known arguments here.)
      dense ? -> ?
      gap: These layers are not seen to be part of a model of this file.
      == wrong
      unknown ? (unknown: \`x\` is a parameter of \`wrong\`, which is not called with known arguments here.)
      multiply ? -> ?
      gap: These layers are not seen to be part of a model of this file.
      error: multiply_1: Multiply takes at least two inputs, but gets 1. @ multiply`,
  },
  {
    what: 'options of which some are not known',
    code: `const m = tf.sequential({layers: [
        tf.layers.conv2d({inputShape: [8, 8, 1], filters: 4, ...options}), tf.layers.conv2d(options)]});`,
    expected: `== m
      input ?
      conv2d ? -> ? (unknown: dataFormat is not known: \`options\` is not defined in this file; padding is not known: \`options\` is not defined in this file; useBias is not known: \`options\` is not defined in this file.)
      conv2d ? -> ? (unknown: dataFormat is not known: \`options\` is not defined in this file; padding is not known: \`options\` is not defined in this file; useBias is not known: \`options\` is not defined in this file.)
      gap: The input shape of the model is not known here: \`options\` is not defined in this file. @ conv2d`,
  },
  {
    what: 'layers of a helper that only other files call',
    code: `export const block = (x, filters, kernelSize = 3) => {
        const y = tf.layers.conv2d({filters, kernelSize}).apply(x);
        return tf.layers.reLU().apply(y);
      };
      export const head = () => tf.layers.timeDistributed({layer: tf.layers.dense({units: 3})});`,
    expected: `== block
      unknown ? (unknown: \`x\` is a parameter of \`block\`, which is not called with known arguments here.)
      conv2d ? -> [?,?,?]
      reLU [?,?,?] -> [?,?,?]
      gap: These layers are not seen to be part of a model of this file.
      gap: The output shape of \`conv2d_1\` is not known here: filters: \`filters\` is a parameter of \`block\`, which is not called with known arguments here. @ conv2d
      == head
      unknown ? (unknown: What the layer is applied to is not known here.)
      timeDistributed ? -> ?
      gap: These layers are not seen to be part of a model of this file.`,
  },
  {
    what: 'a functional model that is not finished yet, and a model whose use is not followed',
    code: `const x = tf.input({shape: [4]});
      const y = tf.layers.dense({units: 3}).apply(x);
      const inner = tf.sequential({layers: [tf.layers.dense({units: 5, inputShape: [4]})]});
      register(inner.apply(x));`,
    expected: `== layers
      input [4]
      dense [4] -> [3]
      gap: These layers are not seen to be part of a model of this file.
      == inner
      input [4]
      dense [4] -> [5]`,
  },
  {
    what: 'unfinished code',
    code: `const m = tf.sequential();
      m.add(tf.layers.dense({units: 4, inputShape: [8]}));
      m.add(tf.layers.dense({units: }));
      m.add(tf.layers.);
      m.add(`,
    expected: `== m
      input [8]
      dense [8] -> [4]
      dense [4] -> [?]
      unknown [?] -> ? (unknown: What is added here is not a layer that is known.)
      unknown ? -> ? (unknown: What is added here is not a layer that is known.)
      gap: The output shape of \`dense_2\` is not known here: units: the code is unfinished here. @ dense`,
  },
];

function lines(text: string): string[] {
  return text.split('\n').map(line => line.trim());
}

describe('what cannot be known', () => {
  it.each(cases)('$what', ({ code, expected }) => {
    expect(summarise(code)).toEqual(lines(expected));
  });
});
