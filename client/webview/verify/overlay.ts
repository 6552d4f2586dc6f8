import { mapText } from '../../../src-attack/process/verify-text.ts';
import type { PixelMap } from '../../../src-attack/verify/map.ts';
import { make } from '../attack/dom.ts';
import { mapLegend, paintMap } from '../pixel-map.ts';
import type { VerifyState } from './messages.ts';

/** Side of the picture on the page, CSS pixels. */
const side = 288;

/** The map over a picture of the user's choice, with its strength. */
export function createOverlay(map: PixelMap, images: VerifyState['images']): HTMLElement {
  const canvas = make('canvas', { width: map.width, height: map.height });
  canvas.style.width = `${side}px`;
  canvas.style.height = `${Math.round((side * map.height) / map.width)}px`;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', mapText(map));
  const choice = make(
    'select',
    { id: 'picture' },
    make('option', { value: '' }, 'the map alone'),
    ...images.map(({ title, source }) => make('option', { value: source }, title)),
  );
  if (images[0]) choice.value = images[0].source;
  const strength = make('input', { type: 'range', id: 'strength', min: '0', max: '100', value: '100' });

  const picture = new Image();
  const draw = () => paintMap(canvas, map, choice.value === '' ? null : picture, Number(strength.value) / 100);
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
    make('figcaption', {}, mapText(map)),
    make('div', { className: 'fields' }, labelled('Picture', choice), labelled('Overlay', strength)),
    mapLegend(),
  );
}

function labelled(text: string, control: HTMLElement): HTMLElement {
  return make('label', { className: 'field' }, text, control);
}
