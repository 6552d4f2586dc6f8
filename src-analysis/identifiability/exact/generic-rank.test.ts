import { describe, expect, test } from 'vitest';
import { neverCancelled } from '../../readers/reader.ts';
import { modelOf } from '../testing.ts';
import { float64Ranks } from './float64-ranks.ts';
import { genericRank } from './generic-rank.ts';

test.each(float64Ranks)('$name: r = $rank, as by singular values in float64', ({ code, rank, batch = 1 }) => {
  expect(genericRank(modelOf(code), neverCancelled, { batch })).toMatchObject({ rank });
});

describe('gradients that are not observed', () => {
  const layers = [
    "conv2d({ inputShape: [6, 6, 1], filters: 2, kernelSize: 3, activation: 'tanh', name: 'first' })",
    'flatten()',
    "dense({ units: 4, activation: 'softmax', name: 'last' })",
  ];
  test('only the withheld layer’s rows are missing', () => {
    const graph = modelOf(layers);
    const id = (name: string) => graph.layers.find(layer => layer.name === name)!.id;
    const rank = (...names: string[]) => genericRank(graph, neverCancelled, { withheld: new Set(names.map(id)) });
    expect(rank()).toMatchObject({ rank: 36 });
    // The 20 weights of the convolution, or the rank of its kernel as a map: two filters of 3 × 3 meet 28 dimensions.
    expect(rank('last')).toMatchObject({ rank: 20 });
    expect(rank('first')).toMatchObject({ rank: 28 });
    expect(rank('first', 'last')).toMatchObject({ rank: 0 });
  });

  test('a frozen layer is a withheld one', () => {
    const frozen = modelOf([layers[0]!.replace("name: 'first'", 'trainable: false'), ...layers.slice(1)]);
    expect(genericRank(frozen, neverCancelled)).toMatchObject({ rank: 28 });
  });
});

describe('what it does not cover is told with the layer', () => {
  test.each([
    [
      'a cell of convolutions',
      ['convLstm2d({ inputShape: [3, 5, 5, 1], filters: 2, kernelSize: 3 })', 'flatten()'],
      /convLstm2d/,
    ],
    ['noise', ['gaussianNoise({ inputShape: [4], stddev: 0.1 })', 'dense({ units: 2 })'], /gaussianNoise/],
  ])('%s', (_, layers, reason) => {
    const result = genericRank(modelOf(layers), neverCancelled);
    expect(result).toMatchObject({ reason: expect.stringMatching(reason) });
  });
});

test('a ReLU that leaves every unit active is linear', () => {
  const of = (activation: string) =>
    modelOf([
      `conv2d({ inputShape: [6, 6, 1], filters: 2, kernelSize: 3, activation: '${activation}' })`,
      'flatten()',
      'dense({ units: 3 })',
    ]);
  const all = genericRank(of('relu'), neverCancelled, { activeShare: 1 });
  expect(all).toEqual(genericRank(of('linear'), neverCancelled));
  expect(genericRank(of('relu'), neverCancelled, { activeShare: 0 })).toMatchObject({ rank: 0 });
});
