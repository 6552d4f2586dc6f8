import { expect, test } from 'vitest';
import { drawFigure } from './figure.ts';
import { drawText, textWidth } from './font.ts';
import type { Picture } from './picture.ts';

const red: Picture = {
  width: 8,
  height: 8,
  channels: 3,
  pixels: Uint8Array.from({ length: 192 }, (_, i) => (i % 3 ? 0 : 255)),
};

function coloured(canvas: Picture, colour: readonly number[]): number {
  let count = 0;
  for (let p = 0; p < canvas.pixels.length; p += 3) {
    if (colour.every((value, c) => canvas.pixels[p + c] === value)) count++;
  }
  return count;
}

test('every picture is enlarged by whole pixels and an empty cell stays white', () => {
  const figure = drawFigure({
    columns: ['target', 'r-gap'],
    rows: [
      [
        { picture: red, captions: [] },
        { picture: red, captions: ['14.6 dB', 'SSIM 0.41'] },
      ],
      [{ picture: red, captions: [] }, null],
    ],
  });
  expect(coloured(figure, [255, 0, 0])).toBe(3 * 160 * 160);
  expect(coloured(figure, [0, 0, 0])).toBeGreaterThan(200);
});

test('text is drawn in dots, unknown characters as a question mark', () => {
  const dots = (text: string) => {
    const at: string[] = [];
    drawText(text, (x, y) => at.push(`${x},${y}`));
    return at;
  };
  expect(textWidth('abc')).toBe(17);
  expect(dots('-')).toEqual(['0,3', '1,3', '2,3', '3,3', '4,3']);
  expect(dots('é')).toEqual(dots('?'));
  expect(new Set('0123456789gauss-newton r-gap dB SSIM'.split('').map(c => dots(c).join(' '))).size) //
    .toBe(new Set('0123456789gauss-newton r-gap dB SSIM').size);
});
