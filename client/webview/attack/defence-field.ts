/** What the client does against leakage: a kind to start from, and its specification as on the command line. */
import type { DefenceChoice } from '../../../src-attack/process/protocol.ts';
import { make, setText } from './dom.ts';
import type { PanelState, Setup } from './messages.ts';

export function createDefenceField(change: (part: Partial<Setup>) => void) {
  let kinds: readonly DefenceChoice[] = [];
  const kind = make('select', { id: 'defence-kind', attributes: { 'aria-label': 'Kind of defence' } });
  const text = make('input', {
    type: 'text',
    id: 'defence',
    spellcheck: false,
    attributes: { 'aria-label': 'Defence and its settings', 'aria-describedby': 'defence-help' },
  });
  const sweep = make('input', { type: 'checkbox', id: 'sweep-levels' });
  const sweepLabel = make('label', { className: 'check' }, sweep, 'sweep over levels');
  const help = make('p', { className: 'help', id: 'defence-help' });
  const root = make(
    'fieldset',
    { className: 'choices defence' },
    make('legend', {}, 'Defence of the client'),
    kind,
    text,
    sweepLabel,
    help,
  );

  const choiceOf = (spec: string) => kinds.find(candidate => spec.split(':')[0] === candidate.id);
  const last = (specs: string) => specs.trim().split(/\s+/).at(-1) ?? '';
  function show(specs: string): void {
    const chosen = choiceOf(last(specs));
    text.hidden = specs === '';
    sweepLabel.hidden = specs === '' || !chosen?.sweep;
    sweep.checked = last(specs).includes('..');
    kind.value = specs === '' ? '' : (chosen?.id ?? '');
    const how = sweep.checked
      ? ' A sweep runs every attack at every level, after a run without this defence.'
      : ' Several defences, separated by spaces, are applied in this order.';
    setText(help, chosen && specs !== '' ? `${chosen.description}${how}` : '');
    help.hidden = help.textContent === '';
  }
  function set(specs: string): void {
    text.value = specs;
    show(specs);
    change({ defence: specs });
  }
  kind.addEventListener('change', () => set(kinds.find(candidate => candidate.id === kind.value)?.example ?? ''));
  sweep.addEventListener('change', () => {
    const chosen = choiceOf(last(text.value));
    const before = text.value.trim().split(/\s+/).slice(0, -1);
    if (chosen) set([...before, sweep.checked ? chosen.sweep : chosen.example].join(' '));
  });
  text.addEventListener('change', () => set(text.value.trim()));

  let shown = '';
  return {
    root,
    update({ choices, setup }: PanelState) {
      const wanted = JSON.stringify([choices.defences, setup.defence]);
      if (wanted === shown) return;
      shown = wanted;
      kinds = choices.defences;
      kind.replaceChildren(
        make('option', { value: '' }, 'None'),
        ...kinds.map(choice => make('option', { value: choice.id, title: choice.description }, choice.title)),
      );
      text.value = setup.defence;
      show(setup.defence);
    },
  };
}
