import { readFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import { describe, expect, test } from 'vitest';
import { decodePicture } from './decode.ts';
import { encodeJpeg, encodePng } from './encode.ts';
import { fitPicture } from './fit.ts';
import { type Picture, withChannels } from './picture.ts';
import { paperPreprocess, parsePreprocess } from './preprocess.ts';
import { type ImageShape, inputToIntensities, inputToPicture, picturesToInput } from './tensor.ts';

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../test/fixtures/images/${name}`, import.meta.url)));

function picture(width: number, height: number, channels: 1 | 3, value: (x: number, y: number, c: number) => number) {
  const pixels = new Uint8Array(width * height * channels);
  for (let i = 0; i < pixels.length; i++) {
    const p = Math.floor(i / channels);
    pixels[i] = value(p % width, Math.floor(p / width), i % channels);
  }
  return { width, height, channels, pixels } satisfies Picture;
}

const gradient = (width: number, height: number, channels: 1 | 3 = 3) =>
  picture(width, height, channels, (x, y, c) => (7 * x + 11 * y + 40 * c) % 256);

test('a PNG written and read back is the same picture', () => {
  expect(decodePicture(encodePng(gradient(13, 7)))).toEqual(gradient(13, 7));
  expect(decodePicture(encodePng(gradient(5, 4, 1)))).toEqual(withChannels(gradient(5, 4, 1), 3));
});

test('a JPEG comes back close to the picture', () => {
  const smooth = picture(24, 16, 3, (x, y) => 60 + 4 * x + 3 * y);
  const decoded = decodePicture(encodeJpeg(smooth, 95));
  expect([decoded.width, decoded.height]).toEqual([24, 16]);
  const worst = Math.max(...decoded.pixels.map((value, i) => Math.abs(value - smooth.pixels[i]!)));
  expect(worst).toBeLessThan(8);
});

test('the fixture pictures decode', () => {
  expect(decodePicture(fixture('landscape-8.png'))).toMatchObject({ width: 8, height: 8, channels: 3 });
  expect(decodePicture(fixture('landscape-48x32.jpg'))).toMatchObject({ width: 48, height: 32, channels: 3 });
});

test('transparency is laid over white', () => {
  const png = new PNG({ width: 2, height: 1 });
  png.data = Buffer.from([10, 20, 30, 0, 10, 20, 30, 255]);
  expect([...decodePicture(new Uint8Array(PNG.sync.write(png))).pixels]).toEqual([255, 255, 255, 10, 20, 30]);
});

function withHeader(patch: (bytes: Uint8Array, view: DataView) => void): Uint8Array {
  const bytes = Uint8Array.from(encodePng(gradient(8, 8)));
  patch(bytes, new DataView(bytes.buffer));
  return bytes;
}

const unreadable: readonly (readonly [string, () => Uint8Array, RegExp])[] = [
  ['an empty file', () => new Uint8Array(), /empty/],
  ['a text file', () => new TextEncoder().encode('hello'), /Not a PNG or JPEG/],
  ['a PNG cut in the data', () => encodePng(gradient(40, 40)).slice(0, 90), /PNG file is damaged/],
  ['a PNG cut in its header', () => encodePng(gradient(40, 40)).slice(0, 20), /PNG file is damaged/],
  ['a JPEG cut in the data', () => encodeJpeg(gradient(40, 40)).slice(0, 400), /JPEG file is damaged/],
  ['a JPEG of only its mark', () => Uint8Array.of(0xff, 0xd8), /JPEG file is damaged/],
  ['a huge PNG', () => withHeader((_, view) => view.setUint32(16, 100_000_000)), /50 megapixels/],
  ['a PNG without pixels', () => withHeader((_, view) => view.setUint32(16, 0)), /no pixels/],
  ['an interlaced PNG', () => withHeader(bytes => bytes.fill(1, 28, 29)), /interlaced/],
  ['a huge JPEG', () => hugeJpeg(), /50 megapixels/],
];

function hugeJpeg(): Uint8Array {
  const bytes = Uint8Array.from(encodeJpeg(gradient(16, 16)));
  const frame = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
  bytes.fill(0xf0, frame + 5, frame + 9);
  return bytes;
}

test.each(unreadable)('%s is refused with a sentence', (_, bytes, message) => {
  expect(() => decodePicture(bytes())).toThrow(message);
});

describe('fitting to the model input', () => {
  test('a picture of the right size is unchanged', () => {
    expect(fitPicture(gradient(9, 6), 9, 6, 3)).toEqual(gradient(9, 6));
  });

  test('the wider side is cropped at the centre', () => {
    const wide = picture(30, 10, 1, x => x * 8);
    expect(fitPicture(wide, 10, 10, 1)).toEqual(picture(10, 10, 1, x => (x + 10) * 8));
  });

  test.each([3, 5, 16, 64, 200])('a constant picture stays constant at side %i', side => {
    const fitted = fitPicture(
      picture(37, 23, 3, (_x, _y, c) => 50 * c + 3),
      side,
      side,
      3,
    );
    expect(fitted).toEqual(picture(side, side, 3, (_x, _y, c) => 50 * c + 3));
  });

  test('halving averages instead of aliasing', () => {
    const stripes = picture(32, 32, 1, x => (x % 2 === 0 ? 0 : 200));
    const inner = fitPicture(stripes, 16, 16, 1);
    for (let x = 2; x < 14; x++) expect(inner.pixels[16 * 8 + x]).toBe(100);
  });

  test('a ramp scaled up stays a ramp', () => {
    const fitted = fitPicture(
      picture(8, 8, 1, x => 16 * x),
      16,
      16,
      1,
    );
    expect([...fitted.pixels.slice(1, 15)]).toEqual(Array.from({ length: 14 }, (_, i) => 4 + 8 * i));
  });

  test('colour becomes grey by luma', () => {
    expect([...fitPicture({ width: 1, height: 1, channels: 3, pixels: Uint8Array.of(100, 200, 50) }, 1, 1, 1).pixels]) //
      .toEqual([Math.round(29.9 + 117.4 + 5.7)]);
  });
});

const expressions: readonly (readonly [string, number[], number[]])[] = [
  ['x', [1], [0]],
  ['x/255 - 0.5', [1 / 255], [-0.5]],
  ['-(x - 127.5) / 127.5', [-1 / 127.5], [1]],
  ['2*(1 + x)*3', [6], [6]],
  ['(x/255 - [0.5, 0.25, 0]) / [0.5, 2, 1]', [2 / 255, 0.5 / 255, 1 / 255], [-1, -0.125, 0]],
  ['1e-2 * x + .5', [0.01], [0.5]],
];

test.each(expressions)('the preprocessing %s', (source, scale, offset) => {
  const parsed = parsePreprocess(source);
  expect(parsed.scale.length).toBe(scale.length);
  parsed.scale.forEach((s, i) => {
    expect(s).toBeCloseTo(scale[i]!, 14);
    expect(parsed.offset[i]! + 0).toBeCloseTo(offset[i]!, 14);
  });
});

const refused: readonly (readonly [string, RegExp])[] = [
  ['', /expected a number, x/],
  ['x/255 -', /expected a number, x/],
  ['x*x', /multiplied by x/],
  ['1/x', /below a fraction/],
  ['x/0', /division by zero/],
  ['3', /does not depend on x/],
  ['x - x', /does not depend on x/],
  ['[x, 1, 2]', /one constant per channel/],
  ['x + [1, 2] + [1, 2, 3]', /do not go together/],
  ['process.exit()', /unexpected "p"/],
  ['x y', /unexpected "y"/],
  ['(x', /expected "\)"/],
  ['x)', /unexpected "\)"/],
  ['1e999*x', /not finite/],
  [`${'('.repeat(60)}x${')'.repeat(60)}`, /nested/],
  [`x${'+1'.repeat(600)}`, /longer than/],
];

test.each(refused.map(([source, message]) => ({ shown: source.slice(0, 20), source, message })))(
  'the preprocessing "$shown" is refused with a sentence',
  ({ source, message }) => {
    expect(() => parsePreprocess(source)).toThrow(message);
  },
);

describe('the model input', () => {
  const shapes: readonly ImageShape[] = [
    { width: 5, height: 4, channels: 3, dataFormat: 'channelsFirst' },
    { width: 5, height: 4, channels: 3, dataFormat: 'channelsLast' },
    { width: 5, height: 4, channels: 1, dataFormat: 'channelsLast' },
  ];
  test.each(shapes)('pictures survive the round trip %j', shape => {
    const pictures = [gradient(5, 4, shape.channels), picture(5, 4, shape.channels, (x, y) => 13 * x + y)];
    const input = picturesToInput(pictures, shape, paperPreprocess);
    expect([0, 1].map(b => inputToPicture(input, b, shape, paperPreprocess))).toEqual(pictures);
    expect(Math.max(...inputToIntensities(input, shape, paperPreprocess))).toBeLessThanOrEqual(1);
  });

  test('channels stand where the layout says', () => {
    const one = picture(2, 1, 3, (x, _y, c) => 100 * x + c);
    const raw = parsePreprocess('x');
    const at = (dataFormat: ImageShape['dataFormat']) => [
      ...picturesToInput([one], { width: 2, height: 1, channels: 3, dataFormat }, raw),
    ];
    expect(at('channelsFirst')).toEqual([0, 100, 1, 101, 2, 102]);
    expect(at('channelsLast')).toEqual([0, 1, 2, 100, 101, 102]);
  });

  test('a wrong size or number of channels is refused', () => {
    const shape = shapes[0]!;
    expect(() => picturesToInput([gradient(4, 4)], shape, paperPreprocess)).toThrow(/the model takes 5×4×3/);
    expect(() => picturesToInput([gradient(5, 4)], shape, parsePreprocess('x - [1, 2]'))).toThrow(/lists 2 channels/);
  });

  test('NaN shows as black', () => {
    const shape: ImageShape = { width: 1, height: 1, channels: 1, dataFormat: 'channelsLast' };
    expect([...inputToPicture([Number.NaN], 0, shape, paperPreprocess).pixels]).toEqual([0]);
  });
});
