import type { Picture } from '../image/picture.ts';

/** How much of each pixel the gradient determines: the mean over its channels (and over a batch), 0 to 1, row by row. */
export interface PixelMap {
  readonly width: number;
  readonly height: number;
  readonly shares: Float64Array;
}

/** @param inputShape [B, C, H, W]; null for any other, which is no picture */
export function pixelMap(shares: Float64Array, inputShape: readonly number[]): PixelMap | null {
  const [batch, channels, height, width] = inputShape;
  if (inputShape.length !== 4 || !batch || !channels || !height || !width) return null;
  const area = height * width;
  const mean = new Float64Array(area);
  for (const [at, share] of shares.entries()) mean[at % area]! += share / (batch * channels);
  return { width, height, shares: mean };
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

/** The map in colours, each pixel a square. */
export function mapPicture({ width, height, shares }: PixelMap): Picture {
  const zoom = Math.max(1, Math.ceil(readableSide / Math.min(width, height)));
  const pixels = new Uint8Array(3 * width * zoom * height * zoom);
  for (let y = 0; y < height * zoom; y++) {
    for (let x = 0; x < width * zoom; x++) {
      const share = shares[Math.floor(y / zoom) * width + Math.floor(x / zoom)]!;
      pixels.set(colourOf(share), 3 * (y * width * zoom + x));
    }
  }
  return { width: width * zoom, height: height * zoom, channels: 3, pixels };
}

function colourOf(share: number): number[] {
  const place = Math.min(1, Math.max(0, share)) * (scale.length - 1);
  const below = Math.min(Math.floor(place), scale.length - 2);
  return [0, 1, 2].map(c => {
    const [a, b] = [scale[below]![c]!, scale[below + 1]![c]!];
    return Math.round(a + (place - below) * (b - a));
  });
}
