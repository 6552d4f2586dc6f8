import { expect, test } from 'vitest';
import { type Setup, withImages } from './messages.ts';

const setup: Setup = {
  methods: ['gauss-newton'],
  images: ['a'],
  batch: false,
  labels: [1],
  defence: '',
  engine: 'auto',
  preprocess: 'x',
  seed: 1,
  steps: null,
};

test('more images get labels that are not there yet, fewer lose the last', () => {
  expect(withImages(setup, ['a', 'b', 'c'], true)).toMatchObject({
    images: ['a', 'b', 'c'],
    batch: true,
    labels: [1, 0, 2],
  });
  expect(withImages({ ...setup, labels: [4, 5] }, ['b'], false).labels).toEqual([4]);
  expect(withImages(setup, [], true).labels).toEqual([1]);
});

test('labels that are inferred stay so', () => {
  expect(withImages({ ...setup, labels: null }, ['a', 'b'], true).labels).toBeNull();
});
