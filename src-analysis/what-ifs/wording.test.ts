import { expect, test } from 'vitest';
import { neverCancelled } from '../readers/reader.ts';
import { subjectsOf, type Variant } from './evaluate.ts';
import type { Figures } from './figures.ts';
import { changeTexts, relativeParameters, share, whatIfTitle } from './wording.ts';

const before: Figures = { rank: 1000, unknowns: 1000, estimate: false, pending: false, c: 0, parameters: 2000 };

/** The title of `strides: 2` with these figures after it. */
function title(after: Partial<Figures>, from: Partial<Figures> = {}): string {
  const change = { layer: 1, parameter: 'strides', from: [1, 1], to: [2, 2] } as const;
  const variant: Variant = { changes: [change], edits: [], figures: { ...before, ...after } };
  return whatIfTitle({ ...before, ...from }, variant);
}

test.each([
  [{ rank: 520, c: -1470 }, {}, 'strides: 2 → r falls from 100 % to 52 % (c(M) 0 → −1470)'],
  [{ rank: 520, c: null }, {}, 'strides: 2 → r falls from 100 % to 52 %'],
  [{ rank: 520, parameters: 1500, c: null }, {}, 'strides: 2 → r falls from 100 % to 52 %, parameters −25 %'],
  [{ rank: 520, c: -9, estimate: true }, {}, 'strides: 2 → r falls from 100 % to about 52 % (c(M) 0 → −9)'],
  [{ rank: 520, c: null, estimate: true }, {}, 'strides: 2 → r falls from 100 % to about 52 %'],
  [{ rank: 520, c: null }, { rank: 900, estimate: true }, 'strides: 2 → r falls from about 90 % to 52 %'],
  [{ rank: null, c: -12 }, { rank: null }, 'strides: 2 → c(M) 0 → −12; r is unknown'],
])('%j after %j', (after, from, expected) => expect(title(after, from)).toBe(expected));

test.each([
  [999, '99.9 %'],
  [1000, '100 %'],
  [517, '52 %'],
  [4, '0.4 %'],
  [0.4, '< 0.1 %'],
  [0, '0.0 %'],
  [null, 'unknown'],
])('r = %s of 1000 reads %s', (rank, expected) => expect(share({ ...before, rank })).toBe(expected));

test.each([
  [2000, '0 %'],
  [1998, '−0.1 %'],
  [1840, '−8 %'],
  [2500, '+25 %'],
  [null, ''],
])('%s of 2000 parameters reads %j', (parameters, expected) =>
  expect(relativeParameters(before, { ...before, parameters })).toBe(expected),
);

test('changes read by layer', () => {
  const [layer] = subjectsOf(
    {
      path: 'm.ts',
      text: "import * as tf from '@tensorflow/tfjs';\ntf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [8] })] });",
    },
    new Map(),
    neverCancelled,
  );
  const graph = layer!.model.graph;
  expect(
    changeTexts(graph, [
      { layer: 1, parameter: 'units', from: [4], to: [2] },
      { layer: 1, parameter: 'trainable', from: true, to: false },
      { layer: 0, parameter: 'padding', from: 'same', to: 'valid' },
    ]),
  ).toEqual(['dense_1: units 4→2, frozen', `${graph.layers[0]!.name}: padding valid`]);
});
