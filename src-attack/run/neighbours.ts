import { fitPicture } from '../image/fit.ts';
import type { Picture } from '../image/picture.ts';
import { createRandom } from '../optimisers/random.ts';

/** Other examples of a batch: pictures and labels that are not the ones under attack. */
export interface Neighbours {
  readonly pictures: readonly Picture[];
  readonly labels: readonly number[];
}

/**
 * Draws neighbours from sample pictures: square cuts of at least half their smaller side, half of them mirrored, so that
 * they differ. Labels are drawn without repetition, those of the batch left out, while there are enough classes.
 * @param size of the pictures in the model's input
 */
export function drawNeighbours(
  samples: readonly Picture[],
  count: number,
  size: { readonly width: number; readonly height: number; readonly channels: 1 | 3 },
  { classes, taken, seed }: { readonly classes: number; readonly taken: readonly number[]; readonly seed: number },
): Neighbours {
  if (count > 0 && samples.length === 0) throw new Error('There are no sample pictures to draw neighbours from.');
  const random = createRandom(Math.imul(seed ^ 0x27d4eb2f, 0x85ebca6b));
  const below = (limit: number) => Math.floor(random.uniform() * limit);
  const pictures = Array.from({ length: count }, (_, i) => {
    const sample = samples[i % samples.length]!;
    const least = Math.ceil(Math.min(sample.width, sample.height) / 2);
    const side = least + below(Math.min(sample.width, sample.height) - least + 1);
    const [left, top] = [below(sample.width - side + 1), below(sample.height - side + 1)];
    return fitPicture(cut(sample, left, top, side, random.uniform() < 0.5), size.width, size.height, size.channels);
  });
  const free = Array.from({ length: Math.max(2, classes) }, (_, label) => label).filter(
    label => !taken.includes(label),
  );
  const labels = pictures.map(() =>
    free.length > 0 ? free.splice(below(free.length), 1)[0]! : below(Math.max(2, classes)),
  );
  return { pictures, labels };
}

function cut(picture: Picture, left: number, top: number, side: number, mirrored: boolean): Picture {
  const { channels, width, pixels } = picture;
  const part = new Uint8Array(side * side * channels);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const from = ((y + top) * width + left + (mirrored ? side - 1 - x : x)) * channels;
      part.set(pixels.subarray(from, from + channels), (y * side + x) * channels);
    }
  }
  return { width: side, height: side, channels, pixels: part };
}
