import { decode as decodeJpegData } from 'jpeg-js';
import { PNG } from 'pngjs';
import { ImageError, type Picture } from './picture.ts';

/** Larger files and pictures are refused: a model's input is small, and decoding must not exhaust memory. */
export const maxFileBytes = 64 * 1024 * 1024;
export const maxMegapixels = 50;

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Decodes a PNG or JPEG file to 8-bit RGB. 16-bit PNG is reduced to 8 bits, transparency is laid over white, an EXIF
 * orientation is not applied. The format is told by the first bytes, not by the file's name.
 * @throws {ImageError} when the file is neither, is damaged or truncated, or is too large.
 */
export function decodePicture(bytes: Uint8Array): Picture {
  if (bytes.length > maxFileBytes) throw new ImageError(`The image file is larger than ${maxFileBytes >> 20} MiB.`);
  if (pngSignature.every((byte, i) => bytes[i] === byte)) return decodePng(bytes);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return decodeJpeg(bytes);
  throw new ImageError(
    bytes.length === 0 ? 'The image file is empty.' : 'Not a PNG or JPEG file: convert the image to one of these.',
  );
}

function decodePng(bytes: Uint8Array): Picture {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33) throw damaged('PNG', 'it ends inside its header');
  checkSize(header.getUint32(16), header.getUint32(20));
  // pngjs inflates interlaced data without a bound on its length, so a small hostile file could fill the memory.
  if (bytes[28] !== 0) throw new ImageError('The PNG is interlaced: save it without interlacing.');
  try {
    const png = PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return fromRgba(png.width, png.height, png.data);
  } catch (error) {
    throw damaged('PNG', reasonOf(error));
  }
}

function decodeJpeg(bytes: Uint8Array): Picture {
  let image: { width: number; height: number; data: Uint8Array };
  try {
    image = decodeJpegData(bytes, {
      useTArray: true,
      formatAsRGBA: true,
      tolerantDecoding: false,
      maxResolutionInMP: maxMegapixels,
      maxMemoryUsageInMB: 1024,
    });
  } catch (error) {
    if (/maxResolutionInMP|maxMemoryUsageInMB/.test(reasonOf(error))) throw tooLarge();
    throw damaged('JPEG', reasonOf(error));
  }
  checkSize(image.width, image.height);
  return fromRgba(image.width, image.height, image.data);
}

function fromRgba(width: number, height: number, rgba: Uint8Array): Picture {
  const pixels = new Uint8Array(width * height * 3);
  for (let p = 0; p < width * height; p++) {
    const alpha = rgba[4 * p + 3]! / 255;
    for (let c = 0; c < 3; c++) pixels[3 * p + c] = Math.round(rgba[4 * p + c]! * alpha + 255 * (1 - alpha));
  }
  return { width, height, channels: 3, pixels };
}

function checkSize(width: number, height: number): void {
  if (!(width > 0 && height > 0)) throw new ImageError('The image has no pixels.');
  if (width * height > maxMegapixels * 1e6) throw tooLarge();
}

function tooLarge(): ImageError {
  return new ImageError(`The image has more than ${maxMegapixels} megapixels: scale it down first.`);
}

function damaged(format: string, reason: string): ImageError {
  return new ImageError(`The ${format} file is damaged or incomplete (${reason}): export or copy it again.`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
