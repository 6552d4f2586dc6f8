/** The map of what a gradient holds, drawn over a picture: the same on every page. */
import { colourOf, type PixelMap } from '../../src-attack/verify/map.ts';
import { make } from './attack/dom.ts';

/**
 * Draws a picture as far as the gradient determines it: what is lost fades to the colour that says so. Without a picture
 * the map in its own colours. Both fill the canvas, whatever their sizes.
 * @param strength 0 leaves the picture as it is
 */
export function paintMap(
  canvas: HTMLCanvasElement,
  { width, height, shares }: PixelMap,
  picture: CanvasImageSource | null,
  strength = 1,
): void {
  const layer = make('canvas', { width, height });
  const image = new ImageData(width, height);
  shares.forEach((share, p) => {
    const opacity = picture ? strength * (1 - share) : 1;
    image.data.set([...colourOf(picture ? 0 : share), Math.round(255 * opacity)], 4 * p);
  });
  layer.getContext('2d')?.putImageData(image, 0, 0);
  const context = canvas.getContext('2d');
  if (!context) return;
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (picture) context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(layer, 0, 0, canvas.width, canvas.height);
}

/** What the colours mean, over a picture and of the map alone. */
export function mapLegend(): HTMLElement {
  const scale = make('canvas', { className: 'scale', width: 64, height: 1, attributes: { 'aria-hidden': 'true' } });
  paintMap(scale, { width: 64, height: 1, shares: Array.from({ length: 64 }, (_, i) => i / 63) }, null);
  return make(
    'p',
    { className: 'legend' },
    'lost ',
    scale,
    ' determined; over a picture, what is lost is covered and what is determined shows',
  );
}
