import {
  batchOf,
  fail,
  inputElements,
  inputScalar,
  intAttribute,
  type NodeContext,
  normalizeAxis,
  type Operator,
  type OutputValue,
  optionalInput,
  requiredInput,
} from '../context.ts';
import { checkedDim, type Dim, floorQuotient, minus, plus, times } from '../dimension.ts';
import { dimsOf, fixed, known, unknownOutput } from './known.ts';

/** Number of frequencies of a real signal of `length` entries. */
function oneSided(length: Dim): Dim {
  return plus(floorQuotient(length, 2), 1);
}

/** DFT: the axis is an attribute before operator set 20, an input since; the last axis holds the complex parts. */
function dft(context: NodeContext): readonly OutputValue[] {
  const { shape } = requiredInput(context, 0);
  if (shape === null) return [unknownOutput];
  const given = context.opset < 20 ? intAttribute(context, 'axis', 1) : inputScalar(context, 2, -2);
  if (given === null) return [{ shape: shape.map(() => null), batch: 'lost' }];
  const axis = normalizeAxis(given, shape.length);
  const ends = intAttribute(context, 'onesided', 0) !== 0;
  const inverse = intAttribute(context, 'inverse', 0) !== 0;
  const own = shape[axis] ?? null;
  const wanted = optionalInput(context, 1) ? checkedDim(inputElements(context, 1)?.[0] ?? null) : undefined;
  // Back from the frequencies of a real signal, which are half as many.
  const length = wanted === undefined ? (ends && inverse ? times(minus(own, 1), 2) : own) : wanted;
  const complex = ends && inverse ? 1 : 2;
  const dims = shape.with(axis, ends && !inverse ? oneSided(length) : length).with(-1, complex);
  const batch = batchOf(requiredInput(context, 0));
  return [{ shape: dims, batch: batch === axis ? 'lost' : batch }];
}

/** STFT: [batch, frames, frequencies, 2]. */
function stft(context: NodeContext): readonly OutputValue[] {
  const signal = requiredInput(context, 0);
  const step = inputScalar(context, 1, 0);
  const window = optionalInput(context, 2)?.shape?.[0] ?? null;
  const frame = optionalInput(context, 3) ? checkedDim(inputElements(context, 3)?.[0] ?? null) : window;
  if (step !== null && step < 1) fail('its frame_step is not positive');
  const length = signal.shape?.[1] ?? null;
  const frames = step === null ? null : plus(floorQuotient(minus(length, frame), step), 1);
  const bins = intAttribute(context, 'onesided', 1) !== 0 ? oneSided(frame) : frame;
  return [{ shape: [signal.shape?.[0] ?? null, frames, bins, 2], batch: batchOf(signal) }];
}

function melWeightMatrix(context: NodeContext): readonly OutputValue[] {
  const [bands, length] = [0, 1].map(index => checkedDim(inputScalar(context, index, 0)));
  return [fixed([oneSided(length ?? null), bands ?? null])];
}

/** A window function of as many entries as its input says. */
function windowFunction(context: NodeContext): readonly OutputValue[] {
  return [fixed([checkedDim(inputElements(context, 0)?.[0] ?? null)])];
}

/** Col2Im: the columns of sliding blocks, summed into an image. */
function col2Im(context: NodeContext): readonly OutputValue[] {
  const input = requiredInput(context, 0);
  const image = inputElements(context, 1);
  const block = inputElements(context, 2);
  const [first = null, columns = null] = dimsOf(context, 0, 3);
  if (image === null) return [unknownOutput];
  const area = block?.reduce(times, 1) ?? null;
  const channels = typeof columns === 'number' && typeof area === 'number' && area > 0 ? columns / area : null;
  return [{ shape: [first, checkedDim(channels), ...image.map(dim => checkedDim(dim))], batch: batchOf(input) }];
}

const windowAttributes = ['output_datatype', 'periodic'];

export const signalOperators: Readonly<Record<string, Operator>> = {
  DFT: known('dft', dft, ['axis', 'inverse', 'onesided']),
  STFT: known('stft', stft, ['onesided']),
  MelWeightMatrix: known('melWeightMatrix', melWeightMatrix, ['output_datatype']),
  BlackmanWindow: known('blackmanWindow', windowFunction, windowAttributes),
  HammingWindow: known('hammingWindow', windowFunction, windowAttributes),
  HannWindow: known('hannWindow', windowFunction, windowAttributes),
  Col2Im: known('col2Im', col2Im, ['dilations', 'pads', 'strides']),
};
