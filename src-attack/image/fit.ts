import { type Picture, withChannels } from './picture.ts';

/** The rule in words, for reports. */
export const fitRule =
  'scaled by bilinear interpolation with the aspect kept until it covers the input, then cropped at the centre, rounded to 8 bits';

/**
 * Fits a picture to a model's input: bilinear scaling (a triangle filter as wide as the reduction, so that shrinking
 * does not alias) with the aspect ratio kept until the picture covers the input, centre crop, rounding to 8 bits.
 * Colour is turned to grey by BT.601 luma and grey to colour by repetition. A picture that already fits is unchanged.
 */
export function fitPicture(picture: Picture, width: number, height: number, channels: 1 | 3): Picture {
  const source = withChannels(picture, channels);
  if (source.width === width && source.height === height) return source;
  const step = Math.min(source.width / width, source.height / height);
  const columns = resampling(source.width, width, step);
  const rows = resampling(source.height, height, step);
  const narrow = new Float64Array(source.height * width * channels);
  for (let y = 0; y < source.height; y++) {
    for (let x = 0; x < width; x++) {
      for (const { index, weight } of columns[x]!) {
        for (let c = 0; c < channels; c++) {
          narrow[(y * width + x) * channels + c]! += weight * source.pixels[(y * source.width + index) * channels + c]!;
        }
      }
    }
  }
  const pixels = new Uint8Array(width * height * channels);
  const row = new Float64Array(width * channels);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (const { index, weight } of rows[y]!) {
      for (let i = 0; i < row.length; i++) row[i]! += weight * narrow[index * row.length + i]!;
    }
    for (let i = 0; i < row.length; i++) pixels[y * row.length + i] = Math.round(row[i]!);
  }
  return { width, height, channels, pixels };
}

interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** For every output position the source positions and weights (sum 1); `step` source pixels per output pixel, centred. */
function resampling(from: number, to: number, step: number): Tap[][] {
  const start = (from - to * step) / 2;
  const radius = Math.max(1, step);
  return Array.from({ length: to }, (_, i) => {
    const centre = start + (i + 0.5) * step - 0.5;
    const weights = new Map<number, number>();
    let total = 0;
    for (let s = Math.ceil(centre - radius); s <= Math.floor(centre + radius); s++) {
      const weight = 1 - Math.abs(s - centre) / radius;
      if (weight <= 0) continue;
      const index = Math.min(from - 1, Math.max(0, s));
      weights.set(index, (weights.get(index) ?? 0) + weight);
      total += weight;
    }
    return [...weights].map(([index, weight]) => ({ index, weight: weight / total }));
  });
}
