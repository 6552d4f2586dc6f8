/** The page of the ONNX editor: headline figures, a table of the layers, and what the active one gives away. */
import type { OnnxTable, OnnxTableLayer, OnnxTableModel } from '../../../server/protocol.ts';
import { make, setText } from '../attack/dom.ts';
import { rowsOf, verdictText } from './columns.ts';
import { createGrid } from './grid.ts';
import { type FromOnnxPage, initialView, type ToOnnxPage, type VerdictFilter, type View } from './messages.ts';
import './style.css';

declare function acquireVsCodeApi(): {
  postMessage(message: FromOnnxPage): void;
  getState(): View | undefined;
  setState(view: View): void;
};

const api = acquireVsCodeApi();
const summary = element('summary');
const tools = element('tools');
const detail = element('detail');
let view: View = { ...initialView, ...api.getState() };
let layers: readonly OnnxTableLayer[] = [];
let grid: ReturnType<typeof createGrid> | undefined;

const filter = make('input', {
  type: 'search',
  id: 'filter',
  placeholder: 'Filter by name or operator',
  value: view.filter,
  oninput: () => look({ ...view, filter: filter.value }),
  attributes: { 'aria-label': 'Filter by name or operator' },
});
const verdicts: readonly [VerdictFilter, string][] = [
  ['all', 'All layers'],
  ['soluble', 'Soluble'],
  ['deficient', 'Deficient'],
  ['unknown', 'Unknown'],
];
const verdict = make(
  'select',
  {
    id: 'verdict',
    onchange: () => look({ ...view, verdict: verdict.value as VerdictFilter }),
    attributes: { 'aria-label': 'Verdict' },
  },
  ...verdicts.map(([value, title]) => make('option', { value, selected: value === view.verdict }, title)),
);
const count = make('span', { id: 'count', attributes: { role: 'status' } });
tools.replaceChildren(filter, verdict, count);

window.addEventListener('message', ({ data }: MessageEvent<ToOnnxPage>) => show(data));
api.postMessage({ type: 'ready' });

function show({ file, table }: ToOnnxPage): void {
  const { model } = table;
  tools.hidden = model === null;
  detail.hidden = model === null;
  summary.replaceChildren(...(model ? headline(file, model, table) : failure(file, table)));
  if (!model) {
    layers = [];
    grid = undefined;
    element('layers').replaceChildren();
    return;
  }
  layers = model.layers;
  grid ??= createGrid(element('layers'), {
    onSort: column => look(sortedBy(column)),
    onActive: describe,
    onOpen: layer => api.postMessage({ type: 'text', layer: layer.name }),
  });
  grid.fit(layers);
  setText(detail, 'Choose a layer to read what it gives away; Enter shows its node in the text.');
  look(view);
}

/** Ascending, descending, then the model's own order again. */
function sortedBy(column: number): View {
  if (view.sort !== column) return { ...view, sort: column, descending: false };
  return view.descending ? { ...view, sort: null, descending: false } : { ...view, descending: true };
}

function look(next: View): void {
  view = next;
  api.setState(view);
  const rows = rowsOf(layers, view);
  grid?.update(rows, view);
  setText(
    count,
    rows.length === layers.length ? `${layers.length} layers` : `${rows.length} of ${layers.length} layers`,
  );
}

function describe(layer: OnnxTableLayer): void {
  setText(detail, `${layer.name} (${layer.op}): ${layer.explanation}`);
  detail.className = layer.verdict ?? 'none';
}

function headline(file: string, model: OnnxTableModel, table: OnnxTable): Node[] {
  const figure = (title: string, value: string, meaning: string) =>
    make('div', { className: 'figure', title: meaning }, make('dt', {}, title), make('dd', {}, value));
  const attack = make('button', { type: 'button', id: 'attack' }, 'Run leakage attack');
  attack.onclick = () => api.postMessage({ type: 'attack', model: model.name });
  const text = make('button', { type: 'button', id: 'text', className: 'secondary' }, 'Open as text');
  text.onclick = () => api.postMessage({ type: 'text' });
  return [
    make('h1', {}, file),
    make(
      'dl',
      { className: 'figures' },
      figure('Gradient leakage', model.identifiable, 'Independent facts about one input that the whole gradient holds'),
      figure('Layer metric', model.metric, 'Sum of the layers’ deficiencies; can look secure while r = n'),
      ...(model.decides ? [figure('Decided by', model.decides, 'The layer that loses the most')] : []),
    ),
    make('div', { className: 'buttons' }, attack, text),
    ...(model.reason ? [make('p', { className: 'note' }, `r is unknown: ${model.reason}`)] : []),
    ...(table.refining
      ? [make('p', { className: 'note', attributes: { role: 'status' } }, 'Settling doubtful layers exactly…')]
      : []),
    ...notes('Errors', table.errors, 'errors'),
    ...notes('Not followed', model.gaps, 'gaps'),
    make('p', { className: 'legend' }, ...legend()),
  ];
}

function legend(): (Node | string)[] {
  const sign = (word: 'soluble' | 'deficient' | 'unknown', meaning: string) =>
    make(
      'span',
      {},
      make('span', { className: `verdict ${word}` }, verdictText({ verdict: word } as OnnxTableLayer)),
      ` ${meaning}`,
    );
  return [
    sign('soluble', 'the layer’s input follows from its output and gradient'),
    sign('deficient', 'its own equations leave unknowns open: not “safe”, r decides'),
    sign('unknown', 'not covered'),
  ];
}

function notes(title: string, sentences: readonly string[], id: string): Node[] {
  if (sentences.length === 0) return [];
  const items = sentences.map(sentence => make('li', {}, sentence));
  return [make('details', { id }, make('summary', {}, `${title}: ${sentences.length}`), make('ul', {}, ...items))];
}

function failure(file: string, { errors }: OnnxTable): Node[] {
  return [
    make('h1', {}, file),
    make(
      'div',
      { className: 'failure', attributes: { role: 'alert' } },
      make('p', {}, 'This file holds no model that Leaklint can read. What it would leak is unknown.'),
      make('ul', {}, ...errors.map(sentence => make('li', {}, sentence))),
    ),
  ];
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found;
}
