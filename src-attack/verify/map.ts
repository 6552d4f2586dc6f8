import type { Picture } from '../image/picture.ts';

/** How much of each pixel of one example the gradient determines: the mean over its channels, 0 to 1, row by row. */
export interface PixelMap {
  readonly width: number;
  readonly height: number;
  /** To a thousandth: what is shown, and sent between processes. */
  readonly shares: readonly number[];
}

/** How the entries of one example lie in its picture. */
export interface PixelLayout {
  readonly width: number;
  readonly height: number;
  /** y·width + x of an entry of the example. */
  readonly positionOf: (entry: number) => number;
}

/** One map an example. @param shares of all entries of the input, example after example */
export function pixelMaps(
  shares: Float64Array,
  { width, height, positionOf }: PixelLayout,
  examples: number,
): PixelMap[] {
  const area = width * height;
  const length = shares.length / examples;
  return Array.from({ length: examples }, (_, example) => {
    const mean = new Float64Array(area);
    for (let i = 0; i < length; i++) mean[positionOf(i)]! += (shares[example * length + i]! * area) / length;
    return { width, height, shares: Array.from(mean, share => Math.round(1000 * share) / 1000) };
  });
}

/** Feature maps [B, C, H, W]; null for any other input, which is no picture by itself. */
export function layoutOf(inputShape: readonly number[]): PixelLayout | null {
  const [, , height, width] = inputShape;
  if (inputShape.length !== 4 || !height || !width) return null;
  return { width, height, positionOf: entry => entry % (width * height) };
}

/** Anchors of the colour scale, evenly spaced: dark blue (0, lost) over green to yellow (1, determined). */
const scale = [
  [38, 25, 84],
  [49, 84, 138],
  [32, 145, 140],
  [105, 200, 98],
  [252, 229, 56],
] as const;

/** Shorter side of the picture, at least, in pixels. */
const readableSide = 256;

/** The maps in colours, each pixel a square; those of a batch side by side. */
export function mapPicture(maps: readonly PixelMap[]): Picture {
  const { width, height } = maps[0] ?? { width: 0, height: 0 };
  const zoom = Math.max(1, Math.ceil(readableSide / Math.max(1, Math.min(width, height))));
  const row = maps.length * width * zoom;
  const pixels = new Uint8Array(3 * row * height * zoom);
  maps.forEach(({ shares }, example) => {
    for (let y = 0; y < height * zoom; y++) {
      for (let x = 0; x < width * zoom; x++) {
        const share = shares[Math.floor(y / zoom) * width + Math.floor(x / zoom)]!;
        pixels.set(colourOf(share), 3 * (y * row + example * width * zoom + x));
      }
    }
  });
  return { width: row, height: height * zoom, channels: 3, pixels };
}

/** Red, green and blue of a share, for pictures and pages alike. */
export function colourOf(share: number): readonly [number, number, number] {
  const place = Math.min(1, Math.max(0, share)) * (scale.length - 1);
  const below = Math.min(Math.floor(place), scale.length - 2);
  const channel = (c: 0 | 1 | 2) => {
    const [a, b] = [scale[below]![c], scale[below + 1]![c]];
    return Math.round(a + (place - below) * (b - a));
  };
  return [channel(0), channel(1), channel(2)];
}
