/** A column of pictures, each alone or under the map of what the gradient holds of it. */
import type { PngPicture } from '../../../src-attack/process/protocol.ts';
import type { PixelMap } from '../../../src-attack/verify/map.ts';
import { paintMap } from '../pixel-map.ts';
import { make, setText } from './dom.ts';

export interface PictureColumn {
  readonly root: HTMLElement;
  readonly cells: Cell[];
}

/** One picture of a column, with its own line of text in a batch. */
interface Cell {
  readonly root: HTMLElement;
  readonly picture: HTMLImageElement;
  /** The picture under its map; stands in the picture's place while there is one. */
  readonly covered: HTMLCanvasElement;
  readonly caption: HTMLElement;
  map: PixelMap | null;
}

export interface ShownPicture {
  readonly picture: PngPicture | null;
  readonly alt: string;
  readonly caption: string;
  readonly map: PixelMap | null;
}

export function createColumn(): PictureColumn {
  return { root: make('div', { className: 'pictures' }), cells: [] };
}

/** Shows a column's pictures, one an image. */
export function showPictures(column: PictureColumn, shown: readonly ShownPicture[]): void {
  while (column.cells.length < shown.length) {
    const cell: Cell = {
      root: make('div', { className: 'cell' }),
      picture: make('img', { alt: '', className: 'pixels' }),
      covered: make('canvas', { className: 'pixels', attributes: { role: 'img' } }),
      caption: make('p'),
      map: null,
    };
    cell.picture.addEventListener('load', () => cover(cell));
    cell.root.append(cell.picture, cell.caption);
    column.cells.push(cell);
    column.root.append(cell.root);
  }
  column.cells.forEach((cell, i) => {
    const entry = shown[i];
    cell.root.hidden = !entry;
    if (!entry) return;
    const source = entry.picture ? `data:image/png;base64,${entry.picture.png}` : '';
    cell.picture.hidden = !entry.picture;
    if (entry.picture && cell.picture.src !== source) cell.picture.src = source;
    cell.picture.alt = entry.alt;
    cell.caption.hidden = shown.length < 2;
    setText(cell.caption, entry.caption);
    const map = entry.picture && entry.map;
    if (map !== cell.map) {
      cell.map = map;
      cell.root.replaceChildren(map ? cell.covered : cell.picture, cell.caption);
      cover(cell);
    }
    cell.covered.setAttribute('aria-label', `${entry.alt}. What the gradient lost is covered.`);
  });
}

/** Draws the picture under its map, once both are there. */
function cover({ picture, covered, map }: Cell): void {
  if (!map || !picture.complete || picture.naturalWidth === 0) return;
  covered.width = picture.naturalWidth;
  covered.height = picture.naturalHeight;
  paintMap(covered, map, picture);
}
