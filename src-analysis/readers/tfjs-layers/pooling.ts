import type { DataFormat, Dim, PoolOp } from '../../model/graph.ts';
import { dataFormatOf, joinMap, paddingOrValid, slide, splitMap } from './convolution.ts';
import { type Describe, type LayerContext, positiveIntegers, refuseIgnored, singleInput } from './values.ts';

type SpatialRank = 1 | 2 | 3;

/** One-dimensional pooling has no data format in TensorFlow.js: channels come last. */
function formatOf(c: LayerContext, rank: SpatialRank): DataFormat {
  return rank === 1 ? 'channelsLast' : dataFormatOf(c);
}

/** MaxPooling1D … AveragePooling3D. Source: tfjs-layers pooling.ts. */
export function pooling(rank: SpatialRank, pool: 'max' | 'average'): Describe {
  return c => {
    const dataFormat = formatOf(c, rank);
    const input = splitMap(singleInput(c, rank + 1), rank, dataFormat);
    const window = positiveIntegers(c, 'poolSize', rank, new Array<Dim>(rank).fill(2));
    const strides = positiveIntegers(c, 'strides', rank, window);
    const padding = paddingOrValid(c);
    const dilations = new Array<Dim>(rank).fill(1);
    const spatial = slide(c, input.spatial, { kernelSize: window, strides, dilations, padding });
    const op: PoolOp = {
      kind: 'pool',
      pool,
      spatialRank: rank,
      global: false,
      window,
      strides,
      dilations,
      padding,
      ceilMode: false,
      dataFormat,
    };
    return { op, outputShapes: [joinMap({ channels: input.channels, spatial }, dataFormat)] };
  };
}

/** GlobalMaxPooling1D … GlobalAveragePooling2D: one number for each channel. */
export function globalPooling(rank: 1 | 2, pool: 'max' | 'average'): Describe {
  return c => {
    const dataFormat = formatOf(c, rank);
    const input = splitMap(singleInput(c, rank + 1), rank, dataFormat);
    refuseIgnored(c, 'keepdims', keep => !keep);
    const op: PoolOp = {
      kind: 'pool',
      pool,
      spatialRank: rank,
      global: true,
      window: [],
      strides: [],
      dilations: [],
      padding: { mode: 'valid' },
      ceilMode: false,
      dataFormat,
    };
    return { op, outputShapes: [[input.channels]] };
  };
}
