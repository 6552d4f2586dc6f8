import type { Measurement } from '../../../src-attack/process/verify-protocol.ts';
import { make } from '../attack/dom.ts';
import type { VerifyState } from './messages.ts';

type PixelMap = NonNullable<Measurement['map']>;

/** Side of the picture on the page, CSS pixels. */
const side = 288;

/** A picture as far as the gradient determines it: what is lost fades to the colour that says so. */
export function createOverlay(map: PixelMap, images: VerifyState['images']): HTMLElement {
  const canvas = make('canvas', { width: map.width, height: map.height });
  canvas.style.width = `${side}px`;
  canvas.style.height = `${Math.round((side * map.height) / map.width)}px`;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', describe(map));
  const choice = make(
    'select',
    { id: 'picture' },
    make('option', { value: '' }, 'the map alone'),
    ...images.map(({ title, source }) => make('option', { value: source }, title)),
  );
  if (images[0]) choice.value = images[0].source;
  const strength = make('input', { type: 'range', id: 'strength', min: '0', max: '100', value: '100' });

  const picture = new Image();
  const draw = () => paint(canvas, map, choice.value === '' ? null : picture, Number(strength.value) / 100);
  picture.addEventListener('load', draw);
  const choose = () => {
    if (choice.value === '') draw();
    else picture.src = choice.value;
    strength.disabled = choice.value === '';
  };
  choice.addEventListener('change', choose);
  strength.addEventListener('input', draw);
  choose();
  return make(
    'figure',
    {},
    canvas,
    make('figcaption', {}, describe(map)),
    make('div', { className: 'fields' }, labelled('Picture', choice), labelled('Overlay', strength)),
    legend(),
  );
}

function labelled(text: string, control: HTMLElement): HTMLElement {
  return make('label', { className: 'field' }, text, control);
}

function legend(): HTMLElement {
  const bar = make('span', { className: 'scale', attributes: { 'aria-hidden': 'true' } });
  return make('p', { className: 'legend' }, 'lost ', bar, ' determined');
}

/** What the picture shows, in words. */
function describe({ shares }: PixelMap): string {
  const percent = (count: number) => `${((100 * count) / shares.length).toFixed(1)} %`;
  const determined = shares.filter(share => share > 0.995).length;
  const lost = shares.filter(share => share < 0.005).length;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return `Of the pixels, ${percent(determined)} are determined by the gradient and ${percent(lost)} do not enter it; the mean share is ${(100 * mean).toFixed(1)} %.`;
}

function paint(
  canvas: HTMLCanvasElement,
  { width, height, shares }: PixelMap,
  picture: HTMLImageElement | null,
  strength: number,
): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  context.clearRect(0, 0, width, height);
  if (picture) context.drawImage(picture, 0, 0, width, height);
  const image = context.getImageData(0, 0, width, height);
  shares.forEach((share, p) => {
    const at = 4 * p;
    if (!picture) image.data.set([...colourOf(share), 255], at);
    else {
      const kept = 1 - strength * (1 - share);
      for (let c = 0; c < 3; c++)
        image.data[at + c] = Math.round(kept * image.data[at + c]! + (1 - kept) * lostColour[c]!);
    }
  });
  context.putImageData(image, 0, 0);
}

const lostColour = [38, 25, 84] as const;
const determinedColour = [252, 229, 56] as const;

function colourOf(share: number): number[] {
  return lostColour.map((from, c) => Math.round(from + share * (determinedColour[c]! - from)));
}
