/** The choices before a run: attacks, image, label, engine, preprocessing, seed; and the buttons. */
import { isActive } from '../../../src-attack/process/run-state.ts';
import { make, setText } from './dom.ts';
import type { FromPage, PanelState, Setup } from './messages.ts';

export function createSetupForm(root: HTMLElement, post: (message: FromPage) => void) {
  let setup: Setup | undefined;
  const change = (part: Partial<Setup>) => {
    if (!setup) return;
    setup = { ...setup, ...part };
    post({ type: 'setup', setup });
  };

  const methods = make('fieldset', { className: 'choices' }, make('legend', {}, 'Attacks'));
  const images = make('fieldset', { className: 'choices images' }, make('legend', {}, 'Image'));
  const label = make('input', { type: 'number', min: '0', step: '1', id: 'label' });
  const infer = make('input', { type: 'checkbox', id: 'infer' });
  const engine = make('select', { id: 'engine' });
  const preprocess = make('input', { type: 'text', id: 'preprocess', spellcheck: false });
  const seed = make('input', { type: 'number', min: '0', step: '1', id: 'seed' });
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
    images,
    make(
      'div',
      { className: 'fields' },
      labelled('Label', label),
      make('label', { className: 'check' }, infer, 'infer from the gradient'),
      labelled('Engine', engine),
      labelled('Preprocessing of pixel x', preprocess),
      labelled('Seed', seed),
    ),
    make('div', { className: 'buttons' }, run, cancel, exportPng, exportJson),
  );
  root.append(form);

  form.addEventListener('submit', event => {
    event.preventDefault();
    post({ type: 'run' });
  });
  const number = (field: HTMLInputElement, fallback: number) =>
    field.value === '' || !Number.isSafeInteger(field.valueAsNumber) ? fallback : Math.max(0, field.valueAsNumber);
  const labelChanged = () => {
    label.disabled = infer.checked;
    change({ label: infer.checked ? null : number(label, 0) });
  };
  label.addEventListener('change', labelChanged);
  infer.addEventListener('change', labelChanged);
  engine.addEventListener('change', () => change({ engine: engine.value }));
  preprocess.addEventListener('change', () => change({ preprocess: preprocess.value }));
  seed.addEventListener('change', () => change({ seed: number(seed, 0) }));
  cancel.addEventListener('click', () => post({ type: 'cancel' }));
  exportPng.addEventListener('click', () => post({ type: 'export', what: 'png' }));
  exportJson.addEventListener('click', () => post({ type: 'export', what: 'json' }));

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
      });
      return make('label', { className: 'check', title: choice.description }, box, choice.title);
    });
    methods.replaceChildren(make('legend', {}, 'Attacks'), ...boxes);
    const radios = state.choices.images.map(choice => {
      const radio = make('input', {
        type: 'radio',
        name: 'image',
        value: choice.id,
        checked: choice.id === state.setup.image,
      });
      radio.addEventListener('change', () => change({ image: choice.id }));
      return make(
        'label',
        { title: choice.description },
        radio,
        make('img', { src: choice.source, alt: '' }),
        choice.title,
      );
    });
    const choose = make('button', { type: 'button', className: 'secondary', id: 'choose-image' }, 'Choose file…');
    choose.addEventListener('click', () => post({ type: 'chooseImage' }));
    images.replaceChildren(make('legend', {}, 'Image'), ...radios, choose);
    engine.replaceChildren(
      ...state.choices.engines.map(choice =>
        make('option', { value: choice.id, title: choice.description }, choice.title),
      ),
    );
  }

  let shownChoices = '';
  return {
    update(state: PanelState) {
      const choices = JSON.stringify([state.choices, state.setup.image]);
      if (choices !== shownChoices) {
        shownChoices = choices;
        fillChoices(state);
      }
      if (!setup) {
        label.value = String(state.setup.label ?? 0);
        infer.checked = state.setup.label === null;
        label.disabled = infer.checked;
        engine.value = state.setup.engine;
        preprocess.value = state.setup.preprocess;
        seed.value = String(state.setup.seed);
      }
      setup = state.setup;
      const active = state.run !== null && isActive(state.run);
      run.disabled = active || state.setup.methods.length === 0;
      setText(run, state.run && !active ? 'Run again' : 'Run attack');
      cancel.disabled = !active;
      exportPng.disabled = !state.run?.figure;
      exportJson.disabled = !state.run?.report;
    },
  };
}
