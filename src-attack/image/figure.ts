import { drawText, glyphHeight, textWidth } from './font.ts';
import { type Picture, withChannels } from './picture.ts';

export interface FigureCell {
  readonly picture: Picture;
  /** Lines under the picture: the scores. */
  readonly captions: readonly string[];
}

/** One row an image, one column an attack (the first usually the target); a missing cell stays empty. */
export interface Figure {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (FigureCell | null)[])[];
}

const dotSize = 2;
const gap = 12;
const lineHeight = (glyphHeight + 4) * dotSize;
/** Small pictures are enlarged by whole pixels to about this side, so that 32×32 can be looked at. */
const preferredSide = 160;

/** Draws the paper's side-by-side figure: pictures enlarged without smoothing, column titles above, scores below. */
export function drawFigure(figure: Figure): Picture {
  const cells = figure.rows.flat().filter(cell => cell !== null);
  const enlarge = (picture: Picture) =>
    Math.max(1, Math.floor(preferredSide / Math.max(picture.width, picture.height, 1)));
  const texts = [...figure.columns, ...cells.flatMap(cell => cell.captions)];
  const cellWidth = Math.max(
    1,
    ...cells.map(({ picture }) => picture.width * enlarge(picture)),
    ...texts.map(text => textWidth(text) * dotSize),
  );
  const rowHeights = figure.rows.map(row =>
    Math.max(0, ...row.map(cell => (cell ? cell.picture.height * enlarge(cell.picture) : 0))),
  );
  const captionLines = Math.max(0, ...cells.map(cell => cell.captions.length));
  const rowExtra = gap + captionLines * lineHeight;
  const width = gap + figure.columns.length * (cellWidth + gap);
  const height = gap + lineHeight + rowHeights.reduce((sum, h) => sum + h + rowExtra, 0) + gap;
  const canvas: Picture = { width, height, channels: 3, pixels: new Uint8Array(width * height * 3).fill(255) };

  const left = (column: number, content: number) =>
    gap + column * (cellWidth + gap) + Math.floor((cellWidth - content) / 2);
  const write = (text: string, column: number, y: number) =>
    drawText(text, (dx, dy) =>
      fill(canvas, left(column, textWidth(text) * dotSize) + dx * dotSize, y + dy * dotSize, dotSize, [0, 0, 0]),
    );
  figure.columns.forEach((title, column) => {
    write(title, column, gap);
  });
  let top = gap + lineHeight;
  figure.rows.forEach((row, r) => {
    row.forEach((cell, column) => {
      if (!cell) return;
      const factor = enlarge(cell.picture);
      paste(canvas, cell.picture, factor, left(column, cell.picture.width * factor), top);
      cell.captions.forEach((caption, line) => {
        write(caption, column, top + rowHeights[r]! + gap / 2 + line * lineHeight);
      });
    });
    top += rowHeights[r]! + rowExtra;
  });
  return canvas;
}

function paste(canvas: Picture, picture: Picture, factor: number, x0: number, y0: number): void {
  const { pixels } = withChannels(picture, 3);
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const p = 3 * (y * picture.width + x);
      fill(canvas, x0 + x * factor, y0 + y * factor, factor, pixels.subarray(p, p + 3));
    }
  }
}

function fill(canvas: Picture, x0: number, y0: number, side: number, colour: ArrayLike<number>): void {
  for (let y = y0; y < y0 + side; y++) {
    for (let x = x0; x < x0 + side; x++) {
      if (x < 0 || y < 0 || x >= canvas.width || y >= canvas.height) continue;
      canvas.pixels.set([colour[0]!, colour[1]!, colour[2]!], 3 * (y * canvas.width + x));
    }
  }
}
