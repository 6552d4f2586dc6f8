import { describe, expect, it } from 'vitest';
import { summarise } from './test-summary.ts';

const cases: readonly { readonly what: string; readonly code: string; readonly expected: readonly string[] }[] = [
  {
    what: 'the input shape of a sequential model, above its first layer',
    code: `const m = tf.sequential();
      // leaklint-shape: [8, 8, 3] -- the camera's
      m.add(tf.layers.conv2d({filters: 4, kernelSize: 3}));
      m.add(tf.layers.flatten());`,
    expected: ['== m', 'input [8,8,3]', 'conv2d [8,8,3] -> [6,6,4]', 'flatten [6,6,4] -> [144]'],
  },
  {
    what: 'above the model or the function that makes it; what is known stays',
    code: `/* leaklint-shape [?, 5] */
      export function build(n) {
        const x = tf.input({shape: [n, 5]});
        return tf.model({inputs: x, outputs: tf.layers.dense({units: 2}).apply(x)});
      }
      // another comment
      // leaklint-shape: [4]
      // and one more
      const m = tf.sequential({layers: [tf.layers.dense({units: 3, inputShape: [width]})]});`,
    expected: [
      '== build',
      'input [?,5]',
      'dense [?,5] -> [?,2]',
      'gap: The input shape of the model is not known here: `n` is a parameter of `build`, which is not called with known arguments here. @ input',
      '== m',
      'input [4]',
      'dense [4] -> [3]',
    ],
  },
  {
    what: 'a tensor that comes from somewhere else',
    code: `const base = await tf.loadLayersModel('x');
      const y = base.getLayer('features').output;
      // leaklint-shape: [7, 7, 256]
      const flat = tf.layers.flatten().apply(y);
      const m = tf.model({inputs: base.inputs, outputs: tf.layers.dense({units: 2}).apply(flat)});`,
    expected: [
      '== m',
      'unknown [7,7,256] (unknown: The result of `base.getLayer` is not known here.)',
      'flatten [7,7,256] -> [12544]',
      'dense [12544] -> [2]',
      'gap: The inputs of the model are not known here: `tf.loadLayersModel` reads the model when the program runs. @ tf.model({inputs: base.inputs, outputs: tf.layers.dense({units: 2}).apply(flat)})',
    ],
  },
  {
    what: 'values of names and members, in the code below only',
    code: `// leaklint-value: n = 6
      // leaklint-value: options.units = [5, 2]
      // leaklint-value: this.size = 4
      export function build(n, options) {
        return tf.sequential({layers: options.units.map((units, i) => tf.layers.dense({units, ...(i === 0 && {inputShape: [n]})}))});
      }
      const m = tf.sequential({layers: [tf.layers.dense({units: n, inputShape: [1]})]});`,
    expected: [
      '== build',
      'input [6]',
      'dense [6] -> [5]',
      'dense [5] -> [2]',
      '== m',
      'input [1]',
      'dense [1] -> [?]',
      'gap: The output shape of `dense_1` is not known here: units: `n` is not defined in this file. @ dense',
    ],
  },
  {
    what: 'mistakes are told',
    code: `// leaklint-shape: 4, 4
      // leaklint-shape: [0]
      // leaklint-value: n == 3
      // leaklint-value: n = {"a": 1}
      // leaklint-shape: [9]
      const m = tf.sequential({layers: [tf.layers.dense({units: 3, inputShape: [4]})]});
      // leaklint-shape: [4, 4]
      const o = tf.sequential({layers: [tf.layers.dense({units: 3, inputShape: [k, 4, 4]})]});
      // leaklint-value: n = 3`,
    expected: [
      '== m',
      'input [4]',
      'dense [4] -> [3]',
      '== o',
      'input [?,4,4]',
      'dense [?,4,4] -> [?,4,3]',
      'gap: The input shape of the model is not known here: `k` is not defined in this file. @ dense',
      'error: Write the shape without the batch axis: leaklint-shape: [224, 224, 3]. @ // leaklint-shape: 4, 4',
      'error: Write the shape without the batch axis: leaklint-shape: [224, 224, 3]. @ // leaklint-shape: [0]',
      'error: Write a name and its value in JSON: leaklint-value: numFeatures = 14. @ // leaklint-value: n == 3',
      'error: Write a name and its value in JSON: leaklint-value: numFeatures = 14. @ // leaklint-value: n = {"a": 1}',
      'error: leaklint-value stands above no code: put it on the line above. @ // leaklint-value: n = 3',
      'error: leaklint-shape is about no layer below whose input shape is not known: remove it. @ // leaklint-shape: [9]',
      'error: The shape stated here is [4, 4], but the code makes it [?, 4, 4]. @ // leaklint-shape: [4, 4]',
    ],
  },
];

describe('shapes and values that a user states', () => {
  it.each(cases)('$what', ({ code, expected }) => {
    expect(summarise(code)).toEqual(expected);
  });
});
