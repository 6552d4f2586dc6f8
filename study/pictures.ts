import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { forEachEdge } from '../src-attack/attacks/gauss-newton/prior.ts';
import { decodePicture } from '../src-attack/image/decode.ts';
import { fitPicture } from '../src-attack/image/fit.ts';
import type { Picture } from '../src-attack/image/picture.ts';
import type { ImageShape } from '../src-attack/image/tensor.ts';
import { side } from './architectures.ts';

export const pictureNames = ['lighthouse', 'balloon', 'digit', 'boat'] as const;

/** A picture of the study as a model of one or three channels sees it. The first three are the extension's samples. */
export function studyPicture(name: (typeof pictureNames)[number], channels: 1 | 3, root: string): Picture {
  const source =
    name === 'boat'
      ? boat()
      : decodePicture(new Uint8Array(readFileSync(path.join(root, 'media/samples', `${name}.png`))));
  return fitPicture(source, side, side, channels);
}

/** Sum over neighbouring pixels of their difference, all channels together: the length of the vector of differences. */
export function totalVariation(image: ArrayLike<number>, shape: ImageShape): number {
  let sum = 0;
  forEachEdge(shape, 1, (_, a, b) => {
    sum += Math.hypot(...a.map((entry, c) => image[entry]! - image[b[c]!]!));
  });
  return sum;
}

/** A boat on the sea before an evening sky. */
function boat(): Picture {
  const size = 64;
  const pixels = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) pixels.set(colourAt(x, y), 3 * (y * size + x));
  }
  return { width: size, height: size, channels: 3, pixels };
}

function colourAt(x: number, y: number): readonly number[] {
  const hull = y >= 44 && y < 52 && x >= 16 + (y - 44) && x < 50 - (y - 44);
  if (hull) return [122, 62, 30];
  if (x >= 31 && x < 33 && y >= 10 && y < 44) return [70, 50, 40];
  const sail = y >= 12 && y < 42 && ((x >= 34 && x < 34 + (y - 12) * 0.5) || (x < 30 && x > 30 - (y - 12) * 0.4));
  if (sail) return x >= 34 ? [240, 236, 220] : [214, 92, 70];
  if (y >= 40) return [30 + (y % 6) * 6, 90 + (y % 6) * 8, 130 + 12 * Math.sin(x / 3 + y)];
  return [250 - 2 * y, 170 + y, 120 + 2.5 * y];
}
