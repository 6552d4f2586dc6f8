import { encode as encodeJpegData } from 'jpeg-js';
import { PNG } from 'pngjs';
import { type Picture, withChannels } from './picture.ts';

/** PNG bytes of a picture, without loss. */
export function encodePng(picture: Picture): Uint8Array {
  const png = new PNG({ width: picture.width, height: picture.height });
  png.data = Buffer.from(toRgba(picture).buffer);
  return PNG.sync.write(png, { colorType: picture.channels === 1 ? 0 : 2 });
}

/** JPEG bytes of a picture; quality 1–100. */
export function encodeJpeg(picture: Picture, quality = 90): Uint8Array {
  return encodeJpegData({ width: picture.width, height: picture.height, data: toRgba(picture) }, quality).data;
}

function toRgba(picture: Picture): Uint8Array {
  const { pixels } = withChannels(picture, 3);
  const rgba = new Uint8Array((pixels.length / 3) * 4).fill(255);
  for (let p = 0; p < pixels.length / 3; p++) rgba.set(pixels.subarray(3 * p, 3 * p + 3), 4 * p);
  return rgba;
}
