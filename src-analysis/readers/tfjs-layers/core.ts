import type { Dim, Op, Shape } from '../../model/graph.ts';
import { fusedActivation } from './activations.ts';
import { type ConfigValue, isUnknown } from './config.ts';
import { dataFormatOf } from './convolution.ts';
import {
  type Describe,
  field,
  finiteNumber,
  flag,
  type LayerContext,
  noteUnknown,
  positiveInteger,
  product,
  show,
  showShape,
  singleInput,
} from './values.ts';
import { biasWeight, weight } from './weights.ts';

/** Dense over the last axis; kernel [inFeatures, units]. Source: tfjs-layers core.ts. */
export const dense: Describe = c => {
  const input = singleInput(c, { atLeast: 1 });
  const inFeatures = input?.at(-1) ?? null;
  const units = positiveInteger(c, 'units');
  const bias = flag(c, 'useBias', true);
  return {
    op: { kind: 'dense', inFeatures, units, bias },
    outputShapes: [input === null ? null : [...input.slice(0, -1), units]],
    activation: fusedActivation(c),
    weights: [
      weight(c, 'kernel', [inFeatures, units], 'kernelInitializer', 'glorotNormal'),
      ...biasWeight(c, bias, [units]),
    ],
  };
};

/** Embedding of integers; `inputLength` fixes the input's axes. Source: tfjs-layers embeddings.ts. */
export const embedding: Describe = c => {
  const vocabulary = positiveInteger(c, 'inputDim');
  const units = positiveInteger(c, 'outputDim');
  const input = singleInput(c);
  return {
    op: { kind: 'embedding', vocabulary, units },
    outputShapes: [input === null ? null : [...inputLengths(c, input), units]],
    weights: [weight(c, 'embeddings', [vocabulary, units], 'embeddingsInitializer', 'randomUniform')],
  };
};

function inputLengths(c: LayerContext, input: readonly Dim[]): readonly Dim[] {
  const value = field(c, 'inputLength');
  if (value === undefined || isUnknown(value)) return input;
  const lengths: readonly ConfigValue[] = Array.isArray(value) ? value : [value];
  const fits =
    lengths.length === input.length &&
    lengths.every((n, i) => n == null || isUnknown(n) || input[i] === null || n === input[i]);
  if (!fits) c.problems.push(`inputLength is ${show(value)}, but the input has shape ${showShape(input)}.`);
  return fits ? input.map((dim, i) => dim ?? dimOf(lengths[i])) : input;
}

function dimOf(value: ConfigValue): Dim {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** Flatten, which first moves the channels last where its data format says they come first. */
export const flatten: Describe = c => {
  const input = singleInput(c, { atLeast: 2 });
  const op: Op = { kind: 'rearrange', how: 'flatten' };
  // Whatever comes in, what goes out is a vector.
  const outputShapes = [[input === null ? null : product(input)]];
  if (dataFormatOf(c) !== 'channelsFirst' || input === null) return { op, outputShapes };
  return { op: { ...op, permutation: [...input.keys()].slice(1).concat(0) }, outputShapes };
};

/** Reshape; one entry of `targetShape` may be −1 or null and is then computed. */
export const reshape: Describe = c => {
  const input = singleInput(c);
  return { op: { kind: 'rearrange', how: 'reshape' }, outputShapes: [targetShape(c, input)] };
};

function targetShape(c: LayerContext, input: Shape): Shape {
  const value = field(c, 'targetShape');
  if (value === undefined || isUnknown(value)) {
    if (value === undefined) c.problems.push('targetShape is missing.');
    return null;
  }
  if (!Array.isArray(value) || !value.every(isDimension)) {
    c.problems.push(`targetShape must be an array of integers, but is ${show(value)}.`);
    return null;
  }
  const open = value.filter(v => v == null || (typeof v === 'number' && v < 0)).length;
  const target = value.map(dimOf);
  if (open > 1) c.problems.push(`targetShape may leave only one dimension open, but is ${show(value)}.`);
  const size = input === null ? null : product(input);
  const known = product(target.map((dim, i) => (isOpen(value[i]) ? 1 : dim)));
  if (open > 1 || size === null || known === null) return target;
  const fits = open === 0 ? known === size : known > 0 && size % known === 0;
  if (!fits) {
    c.problems.push(
      `An input of shape ${showShape(input)} has ${size} entries and cannot be reshaped to ${show(value)}.`,
    );
    return target;
  }
  return target.map((dim, i) => (isOpen(value[i]) ? size / known : dim));
}

function isDimension(value: ConfigValue): boolean {
  return value == null || isUnknown(value) || (typeof value === 'number' && Number.isSafeInteger(value));
}

function isOpen(value: ConfigValue): boolean {
  return value == null || (typeof value === 'number' && value < 0);
}

/** Permute; `dims` counts the axes from 1, the batch axis being 0. */
export const permute: Describe = c => {
  const value = field(c, 'dims');
  const nothing = { op: { kind: 'unknown', reason: 'The permutation is not known.' }, outputShapes: [null] } as const;
  if (value === undefined || isUnknown(value)) {
    if (value === undefined) c.problems.push('dims is missing.');
    return nothing;
  }
  const dims = Array.isArray(value) ? value : [];
  const unknown = dims.find(isUnknown);
  if (unknown !== undefined) {
    noteUnknown(c, 'dims', unknown.unknown);
    return nothing;
  }
  const isPermutation =
    Array.isArray(value) && new Set(dims).size === dims.length && dims.every(d => isAxis(d, dims.length));
  if (!isPermutation) {
    c.problems.push(`dims must contain each of 1, 2, … once, but is ${show(value)}.`);
    return nothing;
  }
  const permutation = (dims as readonly number[]).map(d => d - 1);
  const input = singleInput(c, dims.length);
  return {
    op: { kind: 'rearrange', how: 'permute', permutation },
    outputShapes: [permutation.map(axis => input?.[axis] ?? null)],
  };
};

function isAxis(value: ConfigValue, count: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= count;
}

export const repeatVector: Describe = c => {
  const n = positiveInteger(c, 'n');
  const input = singleInput(c, 1);
  return { op: { kind: 'rearrange', how: 'repeat' }, outputShapes: [[n, input?.[0] ?? null]] };
};

/** Dropout, SpatialDropout1D, AlphaDropout: at rate 0 (and, in TensorFlow.js, 1) the input passes unchanged. */
export function dropout(rank?: number): Describe {
  return c => {
    const given = finiteNumber(c, 'rate', 0);
    const rate = given === null ? null : Math.max(Math.min(given, 1), 0);
    const op: Op = rate === 0 || rate === 1 ? { kind: 'identity' } : { kind: 'dropout', rate };
    return { op, outputShapes: [singleInput(c, rank)] };
  };
}

/** Layers that keep the shape and have no weights: noise, masking, rescaling. */
export function shapeKeeping(op: (c: LayerContext) => Op): Describe {
  return c => ({ op: op(c), outputShapes: [singleInput(c)] });
}

/** Multiplicative Gaussian noise in training; rate outside ]0, 1[ switches it off. */
export function gaussianDropoutOp(c: LayerContext): Op {
  const rate = finiteNumber(c, 'rate', 0);
  return rate !== null && (rate <= 0 || rate >= 1)
    ? { kind: 'identity' }
    : { kind: 'elementwise', name: 'gaussianDropout' };
}

export function gaussianNoiseOp(c: LayerContext): Op {
  return finiteNumber(c, 'stddev', 0) === 0 ? { kind: 'identity' } : { kind: 'elementwise', name: 'gaussianNoise' };
}
