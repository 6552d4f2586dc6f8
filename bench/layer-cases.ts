/** Random layers of every kind, the law's ranks and exact ones: for tests and for `npm run bench layer-systems`. */
import fc from 'fast-check';
import { averagedRanks } from '../src-analysis/solubility/averaged.ts';
import {
  constantPatterns,
  depthwiseRanks,
  freeSummand,
  type StatisticSets,
  separableRanks,
  withStatistics,
  withSummand,
} from '../src-analysis/solubility/combined-rank.ts';
import {
  axisOutputs,
  type GridAxis,
  type GridGeometry,
  gridOf,
  gridRows,
  gridUnknowns,
  pointwiseAxis,
  product,
} from '../src-analysis/solubility/grid-geometry.ts';
import { everything, gridRanks, type KnownShare } from '../src-analysis/solubility/grid-rank.ts';
import { tapsForEachFilter } from '../src-analysis/solubility/layer-maps.ts';
import { transposedRanks } from '../src-analysis/solubility/transposed-rank.ts';
import {
  explicitRanks,
  maximaOf,
  meansOf,
  poolWindows,
  type Ranks,
  someOutputs,
  sumsOfActive,
  wholeOutput,
} from './explicit-system.ts';
import {
  explicitSeparable,
  explicitStatistics,
  explicitSum,
  explicitSumWithFree,
  explicitTransposed,
  explicitWithSkip,
} from './explicit-variants.ts';
import { practicalGeometry } from './geometries.ts';

export interface Comparison {
  readonly law: Pick<Ranks, 'touched' | 'weights' | 'system'>;
  readonly exact: Pick<Ranks, 'touched' | 'weights' | 'system'>;
}

export interface LayerKind {
  readonly name: string;
  /** Which entries of the output are known is drawn at random, and the law gives an expected rank. */
  readonly random: boolean;
  readonly geometry: fc.Arbitrary<GridGeometry>;
  /** @param seed of the weights, δ and the known entries */
  readonly compare: (g: GridGeometry, seed: number) => Comparison;
}

const outputsOf = (g: GridGeometry) => g.axes.map(axisOutputs);

/** Small enough to write out, with at least `outputs` output positions. */
function planes(outputs: number, unknowns = 300): fc.Arbitrary<GridGeometry> {
  return practicalGeometry.map(gridOf).filter(g => {
    const positions = product(outputsOf(g));
    return gridUnknowns(g) <= unknowns && positions >= outputs && positions * g.filters <= 900;
  });
}

const ungrouped = (geometry: fc.Arbitrary<GridGeometry>) => geometry.filter(g => g.groups === 1);

const axis: fc.Arbitrary<GridAxis> = fc
  .record({
    input: fc.integer({ min: 3, max: 6 }),
    kernel: fc.constantFrom(1, 2, 3, 3),
    stride: fc.constantFrom(1, 1, 2),
    dilation: fc.constantFrom(1, 1, 1, 2),
    padded: fc.boolean(),
  })
  .map(({ padded, ...a }) => {
    const half = padded ? Math.floor((a.dilation * (a.kernel - 1)) / 2) : 0;
    return { ...a, before: half, after: half };
  })
  .filter(a => axisOutputs(a) >= 1);

const volumes: fc.Arbitrary<GridGeometry> = fc
  .record({
    axes: fc.tuple(axis, axis, axis),
    inChannels: fc.constantFrom(1, 2, 3, 4),
    filters: fc.constantFrom(1, 2, 3, 4, 6, 8, 12),
    groups: fc.constant(1),
  })
  .filter(g => gridUnknowns(g) <= 350 && g.filters * product(outputsOf(g)) <= 900);

const lines: fc.Arbitrary<GridGeometry> = planes(4).filter(g => g.axes[0]?.input === 1);

const tokens: fc.Arbitrary<GridGeometry> = fc
  .record({
    inChannels: fc.integer({ min: 1, max: 12 }),
    filters: fc.integer({ min: 1, max: 16 }),
    groups: fc.constant(1),
    positions: fc.integer({ min: 1, max: 16 }),
  })
  .map(({ positions, ...g }) => ({ ...g, axes: [pointwiseAxis(positions)] }));

const depthwise: fc.Arbitrary<GridGeometry> = fc
  .tuple(planes(4, 100), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 }))
  .map(([g, multiplier, channels]) => ({
    ...g,
    inChannels: channels,
    filters: channels * multiplier,
    groups: channels,
  }));

const batches: fc.Arbitrary<GridGeometry> = fc
  .tuple(planes(1, 120), fc.integer({ min: 2, max: 4 }))
  .map(([g, examples]) => ({ ...g, axes: [pointwiseAxis(examples), ...g.axes] }))
  .filter(g => gridUnknowns(g) <= 450);

const whole = (g: GridGeometry, seed: number): Comparison => ({
  law: gridRanks(g, everything),
  exact: explicitRanks(g, wholeOutput, seed),
});

/** A share of every channel's entries, in whole entries. */
function selected(share: number): LayerKind['compare'] {
  return (g, seed) => {
    const positions = product(outputsOf(g));
    const count = Math.round(share * positions);
    const known = { support: count / positions, equations: count / positions };
    return { law: gridRanks(g, known), exact: explicitRanks(g, someOutputs(count), seed) };
  };
}

/** Maps whose sides 2 × 2 windows cover. */
const even = planes(16).filter(g => outputsOf(g).every(length => length >= 4 && length % 2 === 0));
const poolable = planes(9).filter(g => outputsOf(g).every(length => length >= 2));

function partly(known: KnownShare, knowledge: Parameters<typeof explicitRanks>[1]): LayerKind['compare'] {
  return (g, seed) => ({ law: gridRanks(g, known), exact: explicitRanks(g, knowledge, seed) });
}

const windowsOf = (lengths: readonly number[]) => poolWindows(lengths, 2, 2);

function averaged(size: number, stride: number): LayerKind['compare'] {
  const window = { size, stride, dilation: 1 };
  return (g, seed) => ({
    law: averagedRanks(g, [window, window], everything)!,
    exact: explicitRanks(g, meansOf(poolWindows(outputsOf(g), size, stride)), seed),
  });
}

const isPadded = (g: GridGeometry) => g.axes.some(a => a.before > 0 || a.after > 0);

function statistics(sets: (g: GridGeometry) => StatisticSets, setOf: (g: GridGeometry, o: number) => number) {
  return (g: GridGeometry, seed: number): Comparison => {
    const layer = { ...g, rows: gridRows(g).weights, constants: constantPatterns(g) };
    const { count, centred } = sets(g);
    return {
      law: withStatistics(gridRanks(g, everything), layer, sets(g)),
      exact: explicitStatistics(g, o => setOf(g, o), count, centred, seed),
    };
  };
}

const perChannel = (g: GridGeometry) => ({ count: g.filters, perChannel: true, centred: true });

/** A 1 × 1 convolution from a few channels onto the same output. */
function branchOf(g: GridGeometry): GridGeometry {
  return { inChannels: 1 + (g.filters % 4), filters: g.filters, groups: 1, axes: outputsOf(g).map(pointwiseAxis) };
}

export const layerKinds: readonly LayerKind[] = [
  { name: 'convolution, 2-D (groups, dilation)', random: false, geometry: planes(1), compare: whole },
  { name: 'convolution, 1-D', random: false, geometry: lines, compare: whole },
  { name: 'convolution, 3-D', random: false, geometry: volumes, compare: whole },
  { name: 'depthwise convolution', random: false, geometry: depthwise, compare: whole },
  {
    name: 'separable convolution',
    random: false,
    geometry: depthwise,
    compare: (g, seed) => {
      const outputs = [1, 2, 3, 4, 6, 8][seed % 6]!;
      const pointwise = { inChannels: g.filters, filters: outputs, groups: 1, axes: outputsOf(g).map(pointwiseAxis) };
      return {
        law: separableRanks(depthwiseRanks(g, outputs), gridRanks(pointwise, everything), tapsForEachFilter(g)),
        exact: explicitSeparable(g, pointwise, seed),
      };
    },
  },
  {
    name: 'transposed convolution',
    random: false,
    geometry: planes(1),
    compare: (g, seed) => ({
      law: transposedRanks(g, everything),
      exact: explicitTransposed(g, wholeOutput, seed),
    }),
  },
  { name: 'dense on several positions', random: false, geometry: tokens, compare: whole },
  { name: 'batch of 2 to 4', random: false, geometry: batches, compare: whole },
  { name: 'behind: ReLU, half active', random: true, geometry: planes(16), compare: selected(1 / 2) },
  { name: 'behind: ReLU, a quarter active', random: true, geometry: planes(16), compare: selected(1 / 4) },
  { name: 'behind: dropout 0.2', random: true, geometry: planes(16), compare: selected(0.8) },
  {
    name: 'behind: max-pool 2 × 2',
    random: true,
    geometry: even,
    compare: (g, seed) => partly({ support: 1 / 4, equations: 1 / 4 }, maximaOf(windowsOf(outputsOf(g))))(g, seed),
  },
  {
    name: 'behind: ReLU, average pool 2 × 2',
    random: true,
    geometry: even,
    compare: (g, seed) =>
      partly({ support: 1 / 2, equations: (1 - 0.5 ** 4) / 4 }, sumsOfActive(windowsOf(outputsOf(g)), 0.5))(g, seed),
  },
  {
    name: 'behind: average pool 2 × 2, no padding',
    random: false,
    geometry: poolable.filter(g => !isPadded(g)),
    compare: averaged(2, 2),
  },
  {
    name: 'behind: average pool 3 × 3 stride 2, padded convolution',
    random: false,
    geometry: poolable.filter(g => isPadded(g) && outputsOf(g).every(length => length >= 3)),
    compare: averaged(3, 2),
  },
  {
    name: 'behind: batch-norm, own statistics',
    random: false,
    geometry: planes(9),
    compare: statistics(perChannel, (_, o) => o),
  },
  {
    name: 'behind: layer norm',
    random: false,
    geometry: ungrouped(planes(9)),
    compare: statistics(
      () => ({ count: 1, perChannel: false, centred: true }),
      () => 0,
    ),
  },
  {
    name: 'behind: group norm, 2 groups',
    random: false,
    geometry: ungrouped(planes(9)).filter(g => g.filters % 2 === 0),
    compare: statistics(
      () => ({ count: 2, perChannel: false, centred: true }),
      (g, o) => (o < g.filters / 2 ? 0 : 1),
    ),
  },
  {
    name: 'behind: RMS norm',
    random: false,
    geometry: ungrouped(planes(9)),
    compare: statistics(
      () => ({ count: 1, perChannel: false, centred: false }),
      () => 0,
    ),
  },
  {
    name: 'behind: sum with an unknown tensor',
    random: false,
    geometry: planes(9),
    compare: (g, seed) => {
      const rows = gridRows(g).weights;
      return {
        law: withSummand(gridRanks(g, everything), rows, freeSummand(rows)),
        exact: explicitSumWithFree(g, seed),
      };
    },
  },
  {
    name: 'behind: sum with a convolution',
    random: false,
    geometry: ungrouped(planes(9)),
    compare: (g, seed) => ({
      law: withSummand(gridRanks(g, everything), gridRows(g).weights, gridRanks(branchOf(g), everything)),
      exact: explicitSum(g, branchOf(g), seed),
    }),
  },
  {
    name: 'behind: sum with its own input',
    random: false,
    geometry: ungrouped(planes(9)).map(g => ({
      ...g,
      filters: g.inChannels,
      axes: g.axes.map(a => ({ ...a, kernel: a.input > 2 ? 3 : 1, stride: 1, dilation: 1, ...samePadding(a) })),
    })),
    compare: (g, seed) => ({ law: gridRanks(g, everything), exact: explicitWithSkip(g, seed) }),
  },
];

function samePadding(a: GridAxis): { readonly before: number; readonly after: number } {
  return a.input > 2 ? { before: 1, after: 1 } : { before: 0, after: 0 };
}
