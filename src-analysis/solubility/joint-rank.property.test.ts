import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  convMap,
  gradientRows,
  pulledBack,
  rankOf,
  type SparseRow,
  weightRows,
  wholeOutput,
} from '../../bench/explicit-system.ts';
import { analyseModel } from '../analyse.ts';
import { modelOf } from '../identifiability/testing.ts';
import type { ConvGeometry } from '../model/analysis.ts';
import { neverCancelled } from '../readers/reader.ts';
import { gridOf } from './grid-geometry.ts';
import { jointRanks, relationsAcross } from './joint-rank.ts';
import { randomResidues } from './modular.ts';

const geometries = fc
  .record({
    size: fc.integer({ min: 4, max: 8 }),
    inChannels: fc.integer({ min: 1, max: 4 }),
    layers: fc.array(
      fc.record({
        filters: fc.integer({ min: 1, max: 4 }),
        kernel: fc.constantFrom(1, 3, 3),
        stride: fc.constantFrom(1, 1, 1, 2),
        same: fc.boolean(),
      }),
      { minLength: 2, maxLength: 3 },
    ),
  })
  .map(({ size, inChannels, layers }) =>
    layers.map(({ filters, kernel, stride, same }): ConvGeometry => {
      const padding = same ? (kernel - 1) / 2 : 0;
      const both = (value: number) => [value, value] as const;
      return {
        inChannels,
        filters,
        groups: 1,
        input: both(size),
        kernel: both(kernel),
        strides: both(stride),
        before: both(padding),
        after: both(padding),
        dilations: both(1),
      };
    }),
  );

/** Ranks of the joint system written out entry by entry over GF(p). */
function eliminated(layers: readonly ConvGeometry[], seed: number) {
  const random = randomResidues(seed);
  const [weights, gradients]: [SparseRow[], SparseRow[]] = [[], []];
  let unknowns = 0;
  for (const layer of layers) {
    const map = convMap(gridOf(layer), random);
    const known = wholeOutput(map);
    weights.push(...weightRows(map, known));
    gradients.push(...gradientRows(map, pulledBack(map, known, random)));
    unknowns = map.unknowns;
  }
  return rankOf([...weights, ...gradients], unknowns);
}

test('the joint law of pairs and triples of convolutions of one tensor against elimination', () => {
  const count = 300;
  let [wrong, wrongVerdicts, flagged] = [0, 0, 0];
  fc.sample(geometries, { seed: 17, numRuns: count }).forEach((layers, i) => {
    const law = jointRanks(layers);
    const exact = eliminated(layers, i + 1);
    if (law.nearCritical) flagged++;
    else {
      if (law.system !== exact) wrong++;
      if ((law.system === law.touched) !== (exact === law.touched)) wrongVerdicts++;
    }
    expect(Math.abs(law.system - exact)).toBeLessThanOrEqual(0.15 * law.touched);
  });
  expect(flagged).toBeLessThan(0.1 * count);
  expect(wrong).toBeLessThanOrEqual(0.01 * count);
  expect(wrongVerdicts).toBe(0);
});

test('weights of 1 × 1 kernels have relations with the gradient of a 3 × 3 one, at every shift that fits', () => {
  const [one, same, valid] = [
    { kernel: 1, padding: 0 },
    { kernel: 3, padding: 1 },
    { kernel: 3, padding: 0 },
  ].map(({ kernel, padding }): ConvGeometry => {
    const both = (value: number) => [value, value] as const;
    const padded = { before: both(padding), after: both(padding) };
    const rest = { inChannels: 5, filters: 2, groups: 1, input: both(7), strides: both(1), dilations: both(1) };
    return { ...rest, ...padded, kernel: both(kernel) };
  }) as [ConvGeometry, ConvGeometry, ConvGeometry];
  expect(relationsAcross(one, same)).toBe(4);
  expect(relationsAcross(same, one)).toBe(0);
  expect(relationsAcross(one, valid)).toBe(4 * 9);
});

test('branches that are deficient alone are soluble together; figures of single layers and c(M) stay', () => {
  const graph = modelOf(`const x = tf.input({ shape: [8, 8, 4] });
const conv = (filters, kernelSize) =>
  tf.layers.conv2d({ filters, kernelSize, padding: 'same', activation: 'tanh' }).apply(x);
const both = tf.layers.concatenate().apply([conv(2, 3), conv(2, 3), conv(1, 1)]);
const y = tf.layers.dense({ units: 5 }).apply(tf.layers.flatten().apply(both));`);
  const { layers, metric } = analyseModel(graph, new Map(), neverCancelled);
  const branches = layers.filter(({ joint }) => joint);
  expect(branches.map(({ verdict }) => verdict)).toEqual(['deficient', 'deficient', 'deficient']);
  for (const { joint } of branches) {
    expect(joint).toMatchObject({ layers: branches.map(b => b.layer), touched: 256, verdict: 'soluble' });
    expect(joint!.rank.system).toBe(256);
  }
  expect(metric.c).toBeLessThan(0);
});
