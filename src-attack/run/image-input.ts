import type { ImageShape } from '../image/tensor.ts';
import type { Victim } from '../victim/victim.ts';

/**
 * How a model's input holds a picture. Feature maps are [B, C, H, W] with one or three channels; a vector is read as a
 * square picture (grey if its length is a square, RGB interleaved if a third of it is), else as one grey line.
 */
export function imageShapeOf({ x }: Victim): { readonly shape: ImageShape; readonly assumption?: string } {
  if (x.shape.length === 4) {
    const [, channels, height, width] = x.shape as [number, number, number, number];
    if (channels !== 1 && channels !== 3) {
      throw new Error(`The model takes ${channels} channels; a picture has one or three.`);
    }
    return { shape: { width, height, channels, dataFormat: 'channelsFirst' } };
  }
  if (x.shape.length !== 2) {
    throw new Error(`The model takes inputs of the shape [${x.shape.slice(1).join(', ')}], which is no picture.`);
  }
  const length = x.shape[1]!;
  const line = (width: number, height: number, channels: 1 | 3) => ({
    shape: { width, height, channels, dataFormat: 'channelsLast' as const },
    assumption: `the ${length} inputs are read as a picture of ${width}×${height} with ${channels === 1 ? 'one channel' : 'three channels'}`,
  });
  const grey = Math.round(Math.sqrt(length));
  if (grey * grey === length) return line(grey, grey, 1);
  const colour = Math.round(Math.sqrt(length / 3));
  if (3 * colour * colour === length) return line(colour, colour, 3);
  return line(length, 1, 1);
}
