/** The classes of the pictures, or the wish to infer them. */
import { make, setText } from './dom.ts';
import type { Setup } from './messages.ts';

export function createLabelField(change: (part: Partial<Setup>) => void) {
  let setup: Setup | undefined;
  const label = make('input', { type: 'text', id: 'label', inputMode: 'numeric', spellcheck: false });
  label.size = 6;
  const name = make('span', {}, 'Label');
  const infer = make('input', { type: 'checkbox', id: 'infer' });

  /** What the text says; undefined where it is no list of whole numbers. */
  function numbers(): number[] | undefined {
    const parts = label.value.split(/[\s,]+/).filter(Boolean);
    return parts.length > 0 && parts.every(part => /^\d{1,9}$/.test(part)) ? parts.map(Number) : undefined;
  }
  function check(): void {
    const count = setup?.images.length ?? 1;
    const found = numbers();
    const wanted =
      count > 1
        ? `${count} labels, one for every image, such as ${[...Array(count).keys()].join(', ')}`
        : 'one label, such as 3';
    const isGradient = /\.(safetensors|npz)$/i.test(setup?.images[0] ?? '');
    const fits = infer.checked || (found && (isGradient || found.length === Math.max(1, count)));
    label.setCustomValidity(fits ? '' : `Give ${wanted}.`);
  }
  const changed = () => {
    check();
    label.disabled = infer.checked;
    if (infer.checked) change({ labels: null });
    else change({ labels: numbers() ?? setup?.labels ?? [0] });
  };
  label.addEventListener('change', changed);
  label.addEventListener('input', check);
  infer.addEventListener('change', changed);

  let shown = '';
  return {
    parts: [
      make('label', { className: 'field' }, name, label),
      make('label', { className: 'check' }, infer, 'infer from the gradient'),
    ],
    update(next: Setup) {
      setup = next;
      setText(name, next.images.length > 1 ? 'Labels, one an image' : 'Label');
      const wanted = JSON.stringify([next.labels, next.images.length]);
      if (wanted !== shown) {
        shown = wanted;
        infer.checked = next.labels === null;
        label.disabled = infer.checked;
        if (next.labels) label.value = next.labels.join(', ');
      }
      check();
    },
  };
}
