import type { DataFormat, Dim, Op } from '../../model/graph.ts';
import { type ConfigValue, isUnknown } from './config.ts';
import { dataFormatOf, joinMap, splitMap } from './convolution.ts';
import {
  choice,
  type Describe,
  field,
  type LayerContext,
  plus,
  positiveInteger,
  show,
  showShape,
  singleInput,
  times,
} from './values.ts';

/** Layers on images. Sources: tfjs-layers convolutional.ts, padding.ts and layers/preprocessing. */

type Edges = readonly [before: Dim, after: Dim];

/** Elements at the two ends of height and width: one number, two numbers, or two pairs. */
function edges(c: LayerContext, key: string, fallback?: number): readonly [Edges, Edges] {
  const nothing = [
    [null, null],
    [null, null],
  ] as const;
  const value = field(c, key) ?? fallback;
  if (value === undefined) {
    c.problems.push(`${key} is missing.`);
    return nothing;
  }
  if (isUnknown(value)) return nothing;
  const pair: readonly ConfigValue[] = Array.isArray(value) ? value : [value, value];
  const ends = pair.map(v => (Array.isArray(v) ? v : [v, v])) as readonly (readonly ConfigValue[])[];
  const isCount = (v: ConfigValue) => isUnknown(v) || (typeof v === 'number' && Number.isSafeInteger(v) && v >= 0);
  const [height, width] = ends;
  if (ends.length !== 2 || !height || !width || ![height, width].every(e => e.length === 2 && e.every(isCount))) {
    c.problems.push(
      `${key} must be a number, two numbers or two pairs of numbers, none negative, but is ${show(value)}.`,
    );
    return nothing;
  }
  const dim = (v: ConfigValue): Dim => (typeof v === 'number' ? v : null);
  return [
    [dim(height[0]), dim(height[1])],
    [dim(width[0]), dim(width[1])],
  ];
}

function padOrCropOp(how: 'pad' | 'crop', [height, width]: readonly [Edges, Edges], format: DataFormat): Op {
  return {
    kind: 'rearrange',
    how,
    before: joinMap({ channels: 0, spatial: [height[0], width[0]] }, format),
    after: joinMap({ channels: 0, spatial: [height[1], width[1]] }, format),
  };
}

export const zeroPadding2d: Describe = c => {
  const format = dataFormatOf(c);
  const map = splitMap(singleInput(c, 3), 2, format);
  const padding = edges(c, 'padding', 1);
  const spatial = map.spatial.map((dim, i) => plus(dim, ...(padding[i] ?? [])));
  return {
    op: padOrCropOp('pad', padding, format),
    outputShapes: [joinMap({ channels: map.channels, spatial }, format)],
  };
};

export const cropping2d: Describe = c => {
  const format = dataFormatOf(c);
  const map = splitMap(singleInput(c, 3), 2, format);
  const cropping = edges(c, 'cropping');
  const left = map.spatial.map((dim, i) => {
    const removed = plus(0, ...(cropping[i] ?? []));
    return dim === null || removed === null ? null : dim - removed;
  });
  if (left.some(dim => dim !== null && dim <= 0)) {
    c.problems.push(`cropping ${show(field(c, 'cropping'))} leaves nothing of an input of ${showShape(map.spatial)}.`);
  }
  const spatial = left.map(dim => (dim !== null && dim <= 0 ? null : dim));
  return {
    op: padOrCropOp('crop', cropping, format),
    outputShapes: [joinMap({ channels: map.channels, spatial }, format)],
  };
};

const bilinearReason =
  "Bilinear interpolation mixes neighbouring entries, for which there is no law here; interpolation: 'nearest' is covered.";

/** UpSampling2D; `size` must be two numbers, TensorFlow.js makes nothing of a single one. */
export const upSampling2d: Describe = c => {
  const format = dataFormatOf(c);
  const map = splitMap(singleInput(c, 3), 2, format);
  const size = sizeOf(c);
  const interpolation = choice(c, 'interpolation', ['nearest', 'bilinear'], 'nearest');
  const spatial = map.spatial.map((dim, i) => times(dim, size[i] ?? null));
  const op: Op =
    interpolation === 'nearest' ? { kind: 'rearrange', how: 'upsample' } : { kind: 'unknown', reason: bilinearReason };
  return { op, outputShapes: [joinMap({ channels: map.channels, spatial }, format)] };
};

function sizeOf(c: LayerContext): readonly Dim[] {
  const value = field(c, 'size');
  if (value === undefined) return [2, 2];
  if (isUnknown(value)) return [null, null];
  const isFactor = (v: ConfigValue) => isUnknown(v) || (typeof v === 'number' && Number.isSafeInteger(v) && v > 0);
  if (!Array.isArray(value) || value.length !== 2 || !value.every(isFactor)) {
    c.problems.push(`size must be two positive integers such as [2, 2], but is ${show(value)}.`);
    return [null, null];
  }
  return value.map(v => (typeof v === 'number' ? v : null));
}

/** A linear map between images that the analysis has no law for. */
function resampled(c: LayerContext, height: Dim, width: Dim, op: Op): { op: Op; outputShapes: [readonly Dim[]] } {
  return { op, outputShapes: [[height, width, singleInput(c, 3)?.[2] ?? null]] };
}

/**
 * Resizing. Shapes are those of the computed tensor; the symbolic shape that TensorFlow.js 4.22 infers lacks the
 * batch axis (layers/preprocessing/image_resizing.ts), so that it refuses most models with this layer.
 */
export const resizing: Describe = c => {
  const interpolation = choice(c, 'interpolation', ['bilinear', 'nearest'], 'bilinear');
  c.problems.push(
    'TensorFlow.js 4.22 forgets the batch axis in the output shape of resizing, so a model with this layer cannot run.',
  );
  const op: Op =
    interpolation === 'nearest' ? { kind: 'rearrange', how: 'gather' } : { kind: 'unknown', reason: bilinearReason };
  return resampled(c, positiveInteger(c, 'height'), positiveInteger(c, 'width'), op);
};

/** RandomWidth draws the width anew for each batch; TensorFlow.js 4.22 infers a negative one and refuses the model. */
export const randomWidth: Describe = c => {
  c.problems.push(
    'TensorFlow.js 4.22 infers a negative width for randomWidth, so a sequential model refuses this layer.',
  );
  const height = c.inputShapes[0]?.[0] ?? null;
  return resampled(c, height, null, { kind: 'unknown', reason: 'A random width is not covered.' });
};

/** CenterCrop picks entries where it shrinks the image and interpolates where it enlarges it. */
export const centerCrop: Describe = c => {
  const [height, width] = [positiveInteger(c, 'height'), positiveInteger(c, 'width')];
  const [inputHeight, inputWidth] = c.inputShapes[0] ?? [];
  const shrinks =
    height !== null &&
    width !== null &&
    inputHeight != null &&
    inputWidth != null &&
    height <= inputHeight &&
    width <= inputWidth;
  const op: Op = shrinks
    ? { kind: 'rearrange', how: 'gather' }
    : { kind: 'unknown', reason: 'A centre crop that may have to interpolate is not covered.' };
  return resampled(c, height, width, op);
};

/** CategoryEncoding of integers into counts or indicators. Source: layers/preprocessing/category_encoding.ts. */
export const categoryEncoding: Describe = c => {
  const tokens = positiveInteger(c, 'numTokens');
  const mode = choice(c, 'outputMode', ['multiHot', 'oneHot', 'count', 'tfIdf'], 'multiHot');
  const input = singleInput(c, 1);
  const length = input?.[0] ?? null;
  if (mode === 'oneHot' && length !== null && length !== 1) {
    c.problems.push(`categoryEncoding with outputMode 'oneHot' takes one number an example, but gets ${length}.`);
  }
  return { op: { kind: 'unknown', reason: 'Category encoding is not differentiable.' }, outputShapes: [[tokens]] };
};
