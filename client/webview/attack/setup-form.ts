/** The choices before a run: attacks, images, labels, defence, engine, preprocessing, seed; and the buttons. */
import { isActive } from '../../../src-attack/process/run-state.ts';
import { createDefenceField } from './defence-field.ts';
import { make, setText } from './dom.ts';
import { createImageField } from './image-field.ts';
import { createLabelField } from './label-field.ts';
import type { FromPage, PanelState, Setup } from './messages.ts';

export function createSetupForm(
  root: HTMLElement,
  change: (part: Partial<Setup>) => void,
  post: (message: FromPage) => void,
) {
  const methods = make('fieldset', { className: 'choices' }, make('legend', {}, 'Attacks'));
  const help = make('p', { className: 'help' });
  const images = createImageField(change, () => post({ type: 'chooseImage' }));
  const labels = createLabelField(change);
  const defence = createDefenceField(change);
  const engine = make('select', { id: 'engine' });
  const preprocess = make('input', { type: 'text', id: 'preprocess', spellcheck: false });
  const seed = make('input', { type: 'number', min: '0', step: '1', id: 'seed' });
  const steps = make('input', { type: 'number', min: '1', step: '1', id: 'steps', placeholder: 'preset' });
  const run = make('button', { type: 'submit', id: 'run' }, 'Run attack');
  const cancel = make('button', { type: 'button', id: 'cancel', className: 'secondary' }, 'Cancel');
  const exportPng = make('button', { type: 'button', id: 'export-png', className: 'secondary' }, 'Export PNG…');
  const exportJson = make('button', { type: 'button', id: 'export-json', className: 'secondary' }, 'Export JSON…');

  const labelled = (text: string, field: HTMLElement) =>
    make('label', { className: 'field' }, make('span', {}, text), field);
  const form = make(
    'form',
    {},
    methods,
    images.root,
    defence.root,
    make(
      'div',
      { className: 'fields' },
      ...labels.parts,
      labelled('Engine', engine),
      labelled('Preprocessing of pixel x', preprocess),
      labelled('Seed', seed),
      labelled('Steps', steps),
    ),
    make('div', { className: 'buttons' }, run, cancel, exportPng, exportJson),
  );
  root.append(form);

  form.addEventListener('submit', event => {
    event.preventDefault();
    post({ type: 'run' });
  });
  engine.addEventListener('change', () => change({ engine: engine.value }));
  preprocess.addEventListener('change', () => change({ preprocess: preprocess.value }));
  seed.addEventListener('change', () =>
    change({ seed: Number.isSafeInteger(seed.valueAsNumber) ? Math.max(0, seed.valueAsNumber) : 0 }),
  );
  steps.addEventListener('change', () =>
    change({ steps: steps.valueAsNumber > 0 ? Math.round(steps.valueAsNumber) : null }),
  );
  cancel.addEventListener('click', () => post({ type: 'cancel' }));
  exportPng.addEventListener('click', () => post({ type: 'export', what: 'png' }));
  exportJson.addEventListener('click', () => post({ type: 'export', what: 'json' }));

  function explain(all: PanelState['choices']['methods'], ticked: readonly string[]): void {
    const lines = all
      .filter(choice => ticked.includes(choice.id))
      .map(choice => `${choice.title}: ${choice.description}`);
    help.replaceChildren(...(lines.length > 0 ? lines : ['Choose at least one.']).map(line => make('span', {}, line)));
  }

  function fillChoices(state: PanelState): void {
    const boxes = state.choices.methods.map(choice => {
      const box = make('input', {
        type: 'checkbox',
        value: choice.id,
        checked: state.setup.methods.includes(choice.id),
      });
      box.addEventListener('change', () => {
        const ticked = [...methods.querySelectorAll('input')].filter(input => input.checked).map(input => input.value);
        change({ methods: ticked });
        explain(state.choices.methods, ticked);
      });
      return make('label', { className: 'check', title: choice.description }, box, choice.title);
    });
    methods.replaceChildren(make('legend', {}, 'Attacks'), ...boxes, help);
    explain(state.choices.methods, state.setup.methods);
    engine.replaceChildren(
      ...state.choices.engines.map(choice =>
        make('option', { value: choice.id, title: choice.description }, choice.title),
      ),
    );
  }

  let shownChoices = '';
  return {
    update(state: PanelState) {
      const choices = JSON.stringify([state.choices.methods, state.choices.engines]);
      if (choices !== shownChoices) {
        shownChoices = choices;
        fillChoices(state);
        engine.value = state.setup.engine;
        preprocess.value = state.setup.preprocess;
        seed.value = String(state.setup.seed);
        steps.value = String(state.setup.steps ?? '');
      }
      images.update(state);
      labels.update(state.setup);
      defence.update(state);
      const active = state.run !== null && isActive(state.run);
      run.disabled = active || state.setup.methods.length === 0 || state.setup.images.length === 0;
      setText(run, state.run && !active ? 'Run again' : 'Run attack');
      cancel.disabled = !active;
      exportPng.disabled = !state.run?.figure;
      exportJson.disabled = !state.run?.report;
    },
  };
}
