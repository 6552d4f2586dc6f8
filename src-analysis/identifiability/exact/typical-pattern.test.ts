import { expect, test } from 'vitest';
import { neverCancelled } from '../../readers/reader.ts';
import { randomResidues } from '../../solubility/modular.ts';
import { modelOf } from '../testing.ts';
import { compile } from './compile.ts';
import { modelRank } from './model-rank.ts';
import { typicalPattern } from './typical-pattern.ts';

const patternOf = (layers: readonly string[], shape: readonly number[], seed: number) => {
  const compiled = compile(modelOf(layers));
  if ('reason' in compiled) throw new Error(compiled.reason);
  return [...typicalPattern(compiled.program, randomResidues(seed), [shape]).values()];
};
const head = ['flatten()', "dense({ units: 4, activation: 'softmax' })"];
const relu = [
  "conv2d({ inputShape: [12, 12, 1], filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' })",
  ...head,
];
const seeds = Array.from({ length: 30 }, (_, i) => i + 1);

test('neighbouring units of a filter mostly switch together, and half of all are on', () => {
  let [alike, pairs, on, units] = [0, 0, 0, 0];
  for (const seed of seeds) {
    const [active] = patternOf(relu, [12, 12, 1], seed);
    expect(active).toHaveLength(12 * 12 * 4);
    active!.forEach((value, i) => {
      units++;
      on += value;
      if (Math.floor(i / 4) % 12 === 11) return;
      pairs++;
      if (value === active![i + 4]) alike++;
    });
  }
  expect(alike / pairs).toBeGreaterThan(0.8);
  expect(on / units).toBeGreaterThan(0.4);
  expect(on / units).toBeLessThan(0.6);
});

test('an entry of every window is the greatest, the same for the same seed', () => {
  const layers = ["maxPooling2d({ inputShape: [8, 8, 2], poolSize: 2, name: 'pool' })", ...head];
  const [chosen] = patternOf(layers, [8, 8, 2], 5);
  expect(chosen).toHaveLength(4 * 4 * 2);
  expect([...chosen!].every(number => number >= 0 && number < 4)).toBe(true);
  expect(new Set(chosen).size).toBeGreaterThan(1);
  expect(patternOf(layers, [8, 8, 2], 5)).toEqual([chosen]);
  expect(patternOf(layers, [8, 8, 2], 6)).not.toEqual([chosen]);
});

test('ranks vary more from picture to picture than from one random pattern to the next', () => {
  const graph = modelOf([
    "conv2d({ inputShape: [8, 8, 1], filters: 3, kernelSize: 3, strides: 2, activation: 'relu' })",
    "conv2d({ filters: 2, kernelSize: 2, activation: 'relu' })",
    ...head,
  ]);
  const spread = (activeShare?: number) => {
    const found = modelRank(graph, neverCancelled, activeShare === undefined ? {} : { activeShare });
    return found!.range![1] - found!.range![0];
  };
  expect(spread()).toBeGreaterThan(spread(0.5));
});

test('r is the mean where a picture gives all or nothing', () => {
  // One unit: where it is on, its layer's gradient is a multiple of the picture, and where it is off, zero.
  const graph = modelOf([
    "conv2d({ inputShape: [8, 8, 1], filters: 1, kernelSize: 8, activation: 'relu' })",
    'flatten()',
    'dense({ units: 10 })',
  ]);
  const { rank, range } = modelRank(graph, neverCancelled)!;
  expect(range).toEqual([0, 64]);
  expect(rank).toBeGreaterThan(12);
  expect(rank).toBeLessThan(52);
});
