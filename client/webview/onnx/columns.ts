import type { OnnxTableLayer } from '../../../server/protocol.ts';
import { make } from '../attack/dom.ts';
import type { View } from './messages.ts';

export interface Column {
  readonly title: string;
  readonly meaning: string;
  readonly numeric: boolean;
  /** Widest it gets, in characters; longer texts are cut and shown on hovering. */
  readonly widest: number;
  readonly text: (layer: OnnxTableLayer, index: number) => string;
  /** What rows are sorted by; null comes last. */
  readonly key: (layer: OnnxTableLayer, index: number) => string | number | null;
}

/** Signs beside the words, so that a verdict never rests on colour alone. */
const verdictSigns = { soluble: '▲', deficient: '△', unknown: '?' } as const;

export function verdictText({ verdict }: OnnxTableLayer): string {
  return verdict === null ? '–' : `${verdictSigns[verdict]} ${verdict}`;
}

const numbers = new Intl.NumberFormat('en-US');
const numberText = (value: number | null): string => (value === null ? '' : numbers.format(value).replace('-', '−'));

function numeric(
  title: string,
  meaning: string,
  value: (layer: OnnxTableLayer, index: number) => number | null,
): Column {
  return {
    title,
    meaning,
    numeric: true,
    widest: 20,
    text: (layer, index) => numberText(value(layer, index)),
    key: value,
  };
}

function textual(title: string, meaning: string, widest: number, value: (layer: OnnxTableLayer) => string): Column {
  return { title, meaning, numeric: false, widest, text: value, key: value };
}

const verdictOrder = { soluble: 0, deficient: 1, unknown: 2 } as const;

export const columns: readonly Column[] = [
  numeric('#', 'Place in the model', (_, index) => index + 1),
  textual('Layer', 'Name of the node', 40, layer => layer.name),
  textual('Op', 'Operator', 24, layer => layer.op),
  {
    title: 'Verdict',
    meaning: 'Whether the layer’s own equations fix its input; deficient does not mean that the model is safe',
    numeric: false,
    widest: 20,
    text: verdictText,
    key: ({ verdict }) => (verdict === null ? null : verdictOrder[verdict]),
  },
  textual('Input', 'Shape of the input, without the batch', 20, layer => layer.input),
  textual('Output', 'Shape of the output, without the batch', 20, layer => layer.output),
  numeric('Parameters', 'Entries of the weights', layer => (layer.parameters === 0 ? null : layer.parameters)),
  numeric('Unknowns', 'Entries of the layer’s input that an attacker solves for', layer => layer.unknowns),
  numeric('Rank', 'Rank of the equations that the gradient and the output give', layer => layer.rank),
  numeric('Deficiency', 'Rank minus unknowns', layer => layer.deficiency),
];

export interface Row {
  readonly layer: OnnxTableLayer;
  /** Place in the model. */
  readonly index: number;
}

/** The rows that a view shows, in its order. */
export function rowsOf(layers: readonly OnnxTableLayer[], { filter, verdict, sort, descending }: View): Row[] {
  const wanted = filter.trim().toLowerCase();
  const rows = layers
    .map((layer, index) => ({ layer, index }))
    .filter(({ layer }) => verdict === 'all' || layer.verdict === verdict)
    .filter(({ layer }) => `${layer.name}\n${layer.op}`.toLowerCase().includes(wanted));
  const column = sort === null ? undefined : columns[sort];
  if (!column) return rows;
  const direction = descending ? -1 : 1;
  const keyed = rows.map(row => ({ row, key: column.key(row.layer, row.index) }));
  return keyed.sort((a, b) => compare(a.key, b.key, direction)).map(({ row }) => row);
}

function compare(a: string | number | null, b: string | number | null, direction: number): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === 'number' && typeof b === 'number') return direction * (a - b);
  return direction * String(a).localeCompare(String(b), 'en', { numeric: true });
}

/** A row of the table; `index` is its place among the rows shown. */
export function rowElement({ layer, index: place }: Row, index: number, active: boolean): HTMLTableRowElement {
  const cells = columns.map(column => {
    const text = column.text(layer, place);
    const className = `${column.numeric ? 'number' : ''} ${column.title === 'Verdict' ? `verdict ${layer.verdict ?? 'none'}` : ''}`;
    return make('td', { className, title: text, attributes: { role: 'gridcell' } }, text);
  });
  const attributes = {
    role: 'row',
    // The titles are the first row.
    'aria-rowindex': String(index + 2),
    'aria-selected': String(active),
    'data-index': String(index),
  };
  return make('tr', { id: `row-${index}`, className: active ? 'active' : '', attributes }, ...cells);
}
