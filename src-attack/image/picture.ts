/** An 8-bit picture: rows from top to bottom, channels interleaved (RGBRGB… or grey values). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

/** A picture that cannot be read, or cannot be used for a model; the message says what to do. */
export class ImageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ImageError';
  }
}

/** Grey from colour by the luma weights of ITU-R BT.601; colour from grey by repeating the value. */
export function withChannels(picture: Picture, channels: 1 | 3): Picture {
  if (picture.channels === channels) return picture;
  const count = picture.width * picture.height;
  const pixels = new Uint8Array(count * channels);
  for (let p = 0; p < count; p++) {
    if (channels === 3) pixels.fill(picture.pixels[p]!, 3 * p, 3 * p + 3);
    else {
      const [r, g, b] = [picture.pixels[3 * p]!, picture.pixels[3 * p + 1]!, picture.pixels[3 * p + 2]!];
      pixels[p] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    }
  }
  return { ...picture, channels, pixels };
}
