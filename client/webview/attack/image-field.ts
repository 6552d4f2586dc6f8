/** Which pictures: one, or several that are one batch with one gradient. */
import { make } from './dom.ts';
import { type ImageChoice, type PanelState, type Setup, withImages } from './messages.ts';

export function createImageField(change: (part: Partial<Setup>) => void, chooseFile: () => void) {
  let state: PanelState | undefined;
  const root = make('fieldset', { className: 'choices images' });
  const batch = make('input', { type: 'checkbox', id: 'batch' });
  const choose = make('button', { type: 'button', className: 'secondary', id: 'choose-image' }, 'Choose file…');
  choose.addEventListener('click', chooseFile);
  batch.addEventListener('change', () => {
    if (!state) return;
    const { images } = state.setup;
    change(withImages(state.setup, batch.checked ? images : images.slice(0, 1), batch.checked));
  });

  function choiceOf(choice: ImageChoice, { images, batch: several }: Setup): HTMLElement {
    const input = make('input', {
      type: several && choice.kind === 'image' ? 'checkbox' : 'radio',
      name: 'image',
      value: choice.id,
      checked: images.includes(choice.id),
    });
    input.addEventListener('change', () => {
      if (state) change(withImages(state.setup, chosenWith(choice, input.checked, state), state.setup.batch));
    });
    return make(
      'label',
      { title: choice.description },
      input,
      make('img', { src: choice.source, alt: '' }),
      choice.title,
    );
  }

  let shown = '';
  return {
    root,
    update(next: PanelState) {
      state = next;
      const { choices, setup } = next;
      const wanted = JSON.stringify([choices.images, setup.images, setup.batch]);
      if (wanted === shown) return;
      shown = wanted;
      const focused = document.activeElement instanceof HTMLInputElement ? document.activeElement.value : '';
      batch.checked = setup.batch;
      root.replaceChildren(
        make('legend', {}, setup.batch ? 'Images' : 'Image'),
        ...choices.images.map(choice => choiceOf(choice, setup)),
        choose,
        make(
          'label',
          { className: 'check', title: 'The gradient is the mean over all images; each is reconstructed' },
          batch,
          'several, as one batch',
        ),
      );
      // The inputs are new ones: the keyboard stays where it was.
      const again = [...root.querySelectorAll<HTMLInputElement>('input[name=image]')].find(i => i.value === focused);
      if (focused !== '' && focused !== 'on') again?.focus();
      else if (focused === 'on') batch.focus();
    },
  };
}

/** A captured gradient is alone; pictures of a batch keep the order in which they stand. */
function chosenWith(choice: ImageChoice, checked: boolean, { choices, setup }: PanelState): string[] {
  if (!setup.batch || choice.kind === 'gradient') return [choice.id];
  const wanted = (image: ImageChoice) => (image.id === choice.id ? checked : setup.images.includes(image.id));
  return choices.images.filter(image => image.kind === 'image' && wanted(image)).map(image => image.id);
}
