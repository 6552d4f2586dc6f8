import { expect, test } from 'vitest';
import { neverCancelled } from '../readers/reader.ts';
import { batchWhatIfs } from './batch.ts';
import { applyEdits } from './change.ts';
import { subjectsOf } from './evaluate.ts';

const model = (name: string) => `const ${name} = tf.sequential({ name: '${name}', layers: [
  tf.layers.conv2d({ inputShape: [8, 8, 2], filters: 3, kernelSize: 3, activation: 'tanh' }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 4 }),
] });
`;

/** The offers at a marked place, as the edited call reads. */
function offersAt(code: string) {
  const text = `import * as tf from '@tensorflow/tfjs';\n${code.replace('‸', '')}`;
  const place = text.length - code.replace('‸', '').length + code.indexOf('‸');
  const subjects = subjectsOf({ path: 'model.ts', text }, new Map(), neverCancelled);
  const variants = [...batchWhatIfs(subjects, { start: place, end: place }, neverCancelled)];
  return variants.map(variant => ({ ...variant, text: applyEdits(text, variant.edits) }));
}

test('larger batches are offered, each fixes less of its batch', () => {
  const offers = offersAt(`${model('m')}m.fit(x, y, { epochs: 2, batch‸Size: 4 });`);
  expect(offers.map(({ size }) => size)).toEqual([8, 16, 32]);
  const fractions = offers.map(({ after }) => after.rank! / after.unknowns!);
  expect(fractions).toEqual([...fractions].sort((a, b) => b - a));
  expect(offers[0]?.before.unknowns).toBe(4 * 128);
  expect(offers[0]?.text).toContain('{ epochs: 2, batchSize: 8 }');
});

test.each([
  ['a constant', 'const size = 4;\n', 'batchSize: size', 'const size = 8;'],
  ['a constant of the same name', 'const batchSize = 4;\n', 'batchSize', 'const batchSize = 8;'],
])('a batch size that %s gives is changed there', (_, head, property, expected) => {
  const marked = property.replace('batch', 'batch‸');
  const [offer] = offersAt(`${head}${model('m')}m.fit(x, y, { epochs: 2, ${marked} });`);
  expect(offer?.text).toContain(expected);
  expect(offer?.text).toContain(`{ epochs: 2, ${property} }`);
});

test.each([
  ['elsewhere', `${model('m')}m.f‸it(x, y, { epochs: 2, batchSize: 4 });`],
  ['for a batch size that is not known', `${model('m')}m.fit(x, y, { batch‸Size: size });`],
  ['for other calls', `${model('m')}other(x, y, { batch‸Size: 4 });`],
  ['where it is not known which model is trained', `${model('a')}${model('b')}pick().fit(x, y, { batch‸Size: 4 });`],
])('nothing is offered %s', (_, code) => expect(offersAt(code)).toEqual([]));

test('a call counts for the model that it names', () => {
  const offers = offersAt(`${model('a')}${model('b')}a.fit(x, y, { batch‸Size: 2 });`);
  expect(offers.length).toBeGreaterThan(0);
});
