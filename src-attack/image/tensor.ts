import { ImageError, type Picture } from './picture.ts';
import type { Preprocess } from './preprocess.ts';

/** How a model's input holds pictures: batch entries one after the other, each in this layout. */
export interface ImageShape {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly dataFormat: 'channelsFirst' | 'channelsLast';
}

export function imageSize(shape: ImageShape): number {
  return shape.width * shape.height * shape.channels;
}

/** Index into a picture's interleaved pixels for every entry of the model's input. */
function pixelIndices(shape: ImageShape): Uint32Array {
  const indices = new Uint32Array(imageSize(shape));
  const area = shape.width * shape.height;
  for (let p = 0; p < area; p++) {
    for (let c = 0; c < shape.channels; c++) {
      const interleaved = p * shape.channels + c;
      indices[shape.dataFormat === 'channelsFirst' ? c * area + p : interleaved] = interleaved;
    }
  }
  return indices;
}

/** Channel of every entry of one image of the model's input. */
export function channelOf(shape: ImageShape, entry: number): number {
  return shape.dataFormat === 'channelsLast'
    ? entry % shape.channels
    : Math.floor(entry / (shape.width * shape.height)) % shape.channels;
}

/** Position (y·width + x) of every entry of one image of the model's input. */
export function positionOf(shape: ImageShape, entry: number): number {
  return shape.dataFormat === 'channelsLast'
    ? Math.floor(entry / shape.channels)
    : entry % (shape.width * shape.height);
}

/** Scale and offset of one channel. @throws {ImageError} when the expression lists another number of channels. */
export function preprocessChannel(
  preprocess: Preprocess,
  shape: ImageShape,
  channel: number,
): readonly [number, number] {
  const listed = preprocess.scale.length;
  if (listed !== 1 && listed !== shape.channels) {
    throw new ImageError(
      `The preprocessing "${preprocess.source}" lists ${listed} channels but the model's input has ${shape.channels}.`,
    );
  }
  const c = listed === 1 ? 0 : channel;
  return [preprocess.scale[c]!, preprocess.offset[c]!];
}

/** The model's input for pictures of exactly its size. */
export function picturesToInput(pictures: readonly Picture[], shape: ImageShape, preprocess: Preprocess): Float64Array {
  const size = imageSize(shape);
  const indices = pixelIndices(shape);
  const input = new Float64Array(size * pictures.length);
  pictures.forEach((picture, b) => {
    if (picture.width !== shape.width || picture.height !== shape.height || picture.channels !== shape.channels) {
      throw new ImageError(
        `The picture is ${picture.width}×${picture.height}×${picture.channels}, the model takes ${shape.width}×${shape.height}×${shape.channels}.`,
      );
    }
    for (let i = 0; i < size; i++) {
      const [scale, offset] = preprocessChannel(preprocess, shape, channelOf(shape, i));
      input[b * size + i] = scale * picture.pixels[indices[i]!]! + offset;
    }
  });
  return input;
}

/** Undoes the preprocessing: the same entries in intensities, 0 = black, 1 = white, not clamped. */
export function inputToIntensities(input: ArrayLike<number>, shape: ImageShape, preprocess: Preprocess): Float64Array {
  const size = imageSize(shape);
  const result = new Float64Array(input.length);
  for (let i = 0; i < input.length; i++) {
    const [scale, offset] = preprocessChannel(preprocess, shape, channelOf(shape, i % size));
    result[i] = (input[i]! - offset) / scale / 255;
  }
  return result;
}

/** Image `index` of the model's input as a picture: preprocessing undone, clamped, rounded to 8 bits; NaN is black. */
export function inputToPicture(
  input: ArrayLike<number>,
  index: number,
  shape: ImageShape,
  preprocess: Preprocess,
): Picture {
  const size = imageSize(shape);
  const indices = pixelIndices(shape);
  const pixels = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const [scale, offset] = preprocessChannel(preprocess, shape, channelOf(shape, i));
    const value = Math.round((input[index * size + i]! - offset) / scale);
    pixels[indices[i]!] = Number.isNaN(value) ? 0 : Math.min(255, Math.max(0, value));
  }
  return { width: shape.width, height: shape.height, channels: shape.channels, pixels };
}
