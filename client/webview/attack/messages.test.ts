import { expect, test } from 'vitest';
import { type PanelState, received, type Setup, withImages } from './messages.ts';

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

test('a state from before the last choice does not take that choice back', () => {
  const state = (defence: string, name: string): PanelState => ({
    model: { uri: '', name, summary: '' },
    choices: { methods: [], images: [], engines: [], defences: [] },
    setup: { ...setup, defence },
    run: null,
    map: null,
  });
  const shown = state('clip:1', 'old');
  const early = received(shown, 2, { type: 'state', state: state('noise:1', 'new'), revision: 1 });
  expect([early?.setup.defence, early?.model.name]).toEqual(['clip:1', 'new']);
  const late = received(shown, 2, { type: 'state', state: state('noise:1', 'new'), revision: 2 });
  expect(late?.setup.defence).toBe('noise:1');
});
