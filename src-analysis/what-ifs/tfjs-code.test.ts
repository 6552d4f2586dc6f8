import { describe, expect, test } from 'vitest';
import { readModels } from '../readers/read.ts';
import { neverCancelled } from '../readers/reader.ts';
import { applyEdits, type Change } from './change.ts';
import { editableCode } from './tfjs-code.ts';

type Wanted = Pick<Change, 'parameter' | 'from' | 'to'>;

/** The layer call of a one-layer model after changes; undefined where the code cannot be edited so. */
function edited(layer: string, wanted: readonly Wanted[], path = 'model.ts'): string | undefined {
  const head = "import * as tf from '@tensorflow/tfjs';\nlet width = 8;\nconst rest = { strides: 3 };\n";
  const opening = `${head}const model = tf.sequential();\nmodel.add(tf.layers.inputLayer({ inputShape: [16, 16, 3] }));\nmodel.add(`;
  const file = { path, text: `${opening}${layer});\n` };
  const { layers } = readModels(file, neverCancelled).models[0]!;
  const id = layers.findIndex(({ op }) => op.kind !== 'input');
  const edits = editableCode(file)?.edits(
    layers,
    wanted.map(change => ({ ...change, layer: id })),
  );
  return (
    edits &&
    applyEdits(file.text, edits)
      .slice(opening.length)
      .replace(/\);\n$/, '')
  );
}

const stride = { parameter: 'strides', from: [1, 1], to: [2, 2] } as const;
const kernel = { parameter: 'kernelSize', from: [3, 3], to: [5, 5] } as const;
const freeze = { parameter: 'trainable', from: true, to: false } as const;
const valid = { parameter: 'padding', from: 'same', to: 'valid' } as const;
const pool = { parameter: 'poolSize', from: [2, 2], to: [3, 3] } as const;

const cases: readonly { name: string; layer: string; wanted: readonly Wanted[]; expected: string }[] = [
  {
    name: 'a literal is replaced',
    layer: 'tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 1 })',
    wanted: [stride],
    expected: 'tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2 })',
  },
  {
    name: 'a list stays a list',
    layer: 'tf.layers.conv2d({ filters: 4, kernelSize: [3, 3] })',
    wanted: [kernel],
    expected: 'tf.layers.conv2d({ filters: 4, kernelSize: [5, 5] })',
  },
  {
    name: 'a property that is absent is added at the end',
    layer: 'tf.layers.conv2d({ filters: 4, kernelSize: 3 })',
    wanted: [stride, freeze],
    expected: 'tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, trainable: false })',
  },
  {
    name: 'a property is added on a line of its own where others have one, before a trailing comma',
    layer: 'tf.layers.conv2d({\n  filters: 4,\n  kernelSize: 3,\n})',
    wanted: [stride],
    expected: 'tf.layers.conv2d({\n  filters: 4,\n  kernelSize: 3,\n  strides: 2,\n})',
  },
  {
    name: 'a call without a configuration gets one',
    layer: 'tf.layers.maxPooling2d()',
    wanted: [pool],
    expected: 'tf.layers.maxPooling2d({ poolSize: 3 })',
  },
  {
    name: 'an empty configuration is filled',
    layer: 'tf.layers.maxPooling2d({})',
    wanted: [pool],
    expected: 'tf.layers.maxPooling2d({ poolSize: 3 })',
  },
  {
    name: 'quotes stay what they were',
    layer: 'tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" })',
    wanted: [valid],
    expected: 'tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "valid" })',
  },
  {
    name: 'what comes after a spread counts',
    layer: 'tf.layers.conv2d({ ...rest, filters: 4, kernelSize: 3, strides: 1 })',
    wanted: [stride],
    expected: 'tf.layers.conv2d({ ...rest, filters: 4, kernelSize: 3, strides: 2 })',
  },
];

test.each(cases)('$name', ({ layer, wanted, expected }) => expect(edited(layer, wanted)).toBe(expected));

test('line ends stay those of the file', () => {
  const layer = 'tf.layers.conv2d({\r\n  filters: 4,\r\n  kernelSize: 3\r\n})';
  expect(edited(layer, [stride])).toBe('tf.layers.conv2d({\r\n  filters: 4,\r\n  kernelSize: 3,\r\n  strides: 2\r\n})');
});

describe('code that does not write the value out is left alone:', () => {
  const left: readonly (readonly [string, string, Wanted])[] = [
    ['a variable', 'tf.layers.conv2d({ filters: width, kernelSize: 3 })', { parameter: 'filters', from: [8], to: [4] }],
    ['arithmetic', 'tf.layers.conv2d({ filters: 4, kernelSize: 1 + 2 })', kernel],
    ['a spread after it', 'tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 1, ...rest })', stride],
    ['an object from elsewhere', 'tf.layers.conv2d(Object.assign({ filters: 4 }, { kernelSize: 3 }))', stride],
  ];
  test.each(left)('%s', (_, layer, wanted) => expect(edited(layer, [wanted])).toBeUndefined());
});

describe('a value that a constant gives', () => {
  const inLine = (head: string, layer: string) => `import * as tf from '@tensorflow/tfjs';
${head}
const model = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [16, 16, 3] }), ${layer}] });
`;

  function changed(text: string): string | undefined {
    const file = { path: 'model.ts', text };
    const { layers } = readModels(file, neverCancelled).models[0]!;
    const layer = layers.findIndex(({ op }) => op.kind === 'conv');
    const edits = editableCode(file)?.edits(layers, [{ ...kernel, layer }]);
    return edits && applyEdits(text, edits);
  }

  const conv = 'tf.layers.conv2d({ filters: 4, kernelSize: side })';
  test.each([
    ['a number', 'const side = 3;', conv, 'const side = 5;'],
    ['a list, with a type', 'const side: number[] = [3, 3];', conv, 'const side: number[] = [5, 5];'],
    ['another constant', 'const most = 3;\nconst side = most;', conv, 'const most = 5;\nconst side = most;'],
    [
      'a key of the same name',
      'const kernelSize = 3;',
      'tf.layers.conv2d({ filters: 4, kernelSize })',
      'const kernelSize = 5;',
    ],
    [
      'the whole configuration',
      'const c = { filters: 4, kernelSize: 3 };',
      'tf.layers.conv2d(c)',
      'const c = { filters: 4, kernelSize: 5 };',
    ],
  ])('is changed there: %s', (_, head, layer, expected) => {
    expect(changed(inLine(head, layer))).toBe(inLine(expected, layer));
  });

  test.each([
    ['used elsewhere too', 'const side = 3;\nconsole.log(side);'],
    ['exported', 'export const side = 3;'],
    ['exported later', 'const side = 3;\nexport { side };'],
    ['a variable', 'let side = 3;'],
    ['one of the same name in another scope', 'const side = 3;\nfunction f(side: number) {}'],
    ['computed', 'const side = 1 + 2;'],
  ])('is left alone where it is %s', (_, head) => {
    expect(changed(inLine(head, conv))).toBeUndefined();
  });
});

test('a layer that a helper makes is changed where the layer is written', () => {
  const text = `import * as tf from '@tensorflow/tfjs';
const conv = (filters: number) => tf.layers.conv2d({ filters, kernelSize: 3 });
const model = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [16, 16, 3] }), conv(4)] });
`;
  const file = { path: 'model.ts', text };
  const { layers } = readModels(file, neverCancelled).models[0]!;
  const layer = layers.findIndex(({ op }) => op.kind === 'conv');
  const edits = editableCode(file)?.edits(layers, [{ ...kernel, layer }]) ?? [];
  expect(applyEdits(text, edits)).toBe(text.replace('kernelSize: 3', 'kernelSize: 5'));
});
