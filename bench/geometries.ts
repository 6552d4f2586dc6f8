/** Convolution geometries for tests and measurements: the published models' and random ones. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import fc from 'fast-check';
import type { ConvGeometry, ConvRanks } from '../src-analysis/model/analysis.ts';
import { effectiveKernel } from '../src-analysis/model/geometry.ts';
import { outputLength, unknownsOf } from '../src-analysis/solubility/conv-geometry.ts';
import { planElimination } from '../src-analysis/solubility/elimination-cost.ts';

/** A convolution of test/fixtures/golden/rank.json with the ranks of its system, by exact elimination of the real weights. */
export interface GoldenConvolution {
  readonly model: string;
  readonly index: number;
  readonly geometry: ConvGeometry;
  readonly ranks: Omit<ConvRanks, 'touched'>;
  readonly bias: boolean;
  readonly activation: 'smooth' | 'piecewise-linear' | 'linear';
}

interface GoldenLayer {
  readonly in_channels: number;
  readonly out_channels: number;
  readonly H: number;
  readonly W: number;
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
  readonly bias: boolean;
  readonly activation: string;
  readonly rank_W_exact: number;
  readonly rank_K_exact: number;
  readonly rank_U_exact: number;
}

/** Every convolution of the paper's and R-GAP's models, by model. */
export function goldenModels(fixtures: string): Map<string, GoldenConvolution[]> {
  const { models } = JSON.parse(readFileSync(path.join(fixtures, 'golden/rank.json'), 'utf8')) as {
    readonly models: Readonly<Record<string, { readonly layers?: readonly GoldenLayer[] }>>;
  };
  const entries = Object.entries(models).flatMap(([model, { layers }]): [string, GoldenConvolution[]][] =>
    layers ? [[model, layers.map((layer, index) => goldenConvolution(model, index, layer))]] : [],
  );
  return new Map(entries);
}

function goldenConvolution(model: string, index: number, layer: GoldenLayer): GoldenConvolution {
  return {
    model,
    index,
    geometry: square({
      inChannels: layer.in_channels,
      filters: layer.out_channels,
      input: [layer.H, layer.W],
      kernel: layer.kernel,
      stride: layer.stride,
      padding: layer.padding,
      dilation: layer.dilation,
      groups: layer.groups,
    }),
    ranks: { weights: layer.rank_W_exact, gradients: layer.rank_K_exact, system: layer.rank_U_exact },
    bias: layer.bias,
    activation: /Identity/.test(layer.activation)
      ? 'linear'
      : /Leaky/.test(layer.activation)
        ? 'piecewise-linear'
        : 'smooth',
  };
}

/** A geometry with the same numbers on both axes. */
export function square(g: {
  readonly inChannels: number;
  readonly filters: number;
  readonly input: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}): ConvGeometry {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, ...rest } = g;
  const both = (value: number) => [value, value] as const;
  return {
    ...rest,
    strides: both(stride),
    before: both(padding),
    after: both(padding),
    dilations: both(dilation),
    groups,
  };
}

interface Axis {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

/** What people write: the same numbers on both axes (or one axis), padding none, "same" or half the kernel. */
export const practicalGeometry: fc.Arbitrary<ConvGeometry> = geometry(
  fc
    .tuple(practicalAxis(), fc.constantFrom(1, 2, 2, 2, 2))
    .map(([axis, rank]) => [rank === 1 ? pointAxis : axis, axis]),
  { channels: 8, filters: [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32], unknowns: 900 },
);

/** Anything with at most half the kernel of padding on a side: sides and axes are unrelated, maps may be tiny. */
export const anyGeometry: fc.Arbitrary<ConvGeometry> = geometry(fc.tuple(anyAxis(), anyAxis()), {
  channels: 6,
  filters: [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16],
  unknowns: 700,
});

/** Layers of the size that real models have, as far as their elimination takes seconds. */
export const realisticGeometry: fc.Arbitrary<ConvGeometry> = fc
  .record({
    inChannels: fc.constantFrom(1, 3, 4, 6, 8, 12, 16, 24, 32),
    filters: fc.constantFrom(2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64),
    side: fc.constantFrom(12, 14, 16, 20, 24, 28, 32),
    kernel: fc.constantFrom(1, 3, 3, 4, 5, 7),
    stride: fc.constantFrom(1, 2, 2, 2, 3, 4),
    padded: fc.boolean(),
  })
  .map(({ side, kernel, padded, ...rest }) =>
    square({ ...rest, input: [side, side], kernel: [kernel, kernel], padding: padded ? (kernel - 1) >> 1 : 0 }),
  )
  .filter(g => unknownsOf(g) >= 700 && (planElimination(g)?.work ?? Number.POSITIVE_INFINITY) < 3e9);

const pointAxis: Axis = { input: 1, kernel: 1, stride: 1, dilation: 1, before: 0, after: 0 };

function practicalAxis(): fc.Arbitrary<Axis> {
  return fc
    .record({
      input: fc.integer({ min: 5, max: 16 }),
      kernel: fc.constantFrom(1, 2, 3, 3, 3, 4, 5, 5, 7),
      stride: fc.constantFrom(1, 1, 2, 2, 2, 3),
      dilation: fc.constantFrom(1, 1, 1, 1, 1, 2),
      padding: fc.constantFrom('valid', 'same', 'half'),
    })
    .map(({ padding, ...axis }) => {
      const extent = effectiveKernel(axis.kernel, axis.dilation);
      if (padding === 'valid') return { ...axis, before: 0, after: 0 };
      const half = Math.floor((extent - 1) / 2);
      if (padding === 'half') return { ...axis, before: half, after: half };
      const total = Math.max(0, (Math.ceil(axis.input / axis.stride) - 1) * axis.stride + extent - axis.input);
      return { ...axis, before: Math.floor(total / 2), after: Math.ceil(total / 2) };
    });
}

function anyAxis(): fc.Arbitrary<Axis> {
  return fc
    .record({
      input: fc.constantFrom(1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
      kernel: fc.integer({ min: 1, max: 5 }),
      stride: fc.constantFrom(1, 1, 2, 2, 3),
      dilation: fc.constantFrom(1, 1, 1, 1, 2, 3),
    })
    .chain(axis => {
      const half = fc.integer({ min: 0, max: Math.floor(effectiveKernel(axis.kernel, axis.dilation) / 2) });
      return fc.record({ ...constants(axis), before: half, after: half });
    });
}

function constants<T extends object>(value: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fc.constant(item)])) as {
    [K in keyof T]: fc.Arbitrary<T[K]>;
  };
}

function geometry(
  axes: fc.Arbitrary<[Axis, Axis]>,
  limits: { readonly channels: number; readonly filters: readonly number[]; readonly unknowns: number },
): fc.Arbitrary<ConvGeometry> {
  return fc
    .record({
      axes,
      channels: fc.integer({ min: 1, max: limits.channels }),
      filters: fc.constantFrom(...limits.filters),
      groups: fc.constantFrom(1, 1, 1, 1, 2, 3),
    })
    .map(({ axes: [y, x], channels, filters, groups }) => ({
      inChannels: channels * groups,
      filters: filters * groups,
      input: [y.input, x.input] as const,
      kernel: [y.kernel, x.kernel] as const,
      strides: [y.stride, x.stride] as const,
      before: [y.before, x.before] as const,
      after: [y.after, x.after] as const,
      dilations: [y.dilation, x.dilation] as const,
      groups,
    }))
    .filter(
      g =>
        outputLength(g, 0) > 0 &&
        outputLength(g, 1) > 0 &&
        (g.inChannels / g.groups) * g.input[0] * g.input[1] <= limits.unknowns,
    );
}
