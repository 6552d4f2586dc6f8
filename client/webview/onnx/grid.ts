import type { OnnxTableLayer } from '../../../server/protocol.ts';
import { make } from '../attack/dom.ts';
import { columns, type Row, rowElement } from './columns.ts';
import type { View } from './messages.ts';

export interface GridHandlers {
  readonly onSort: (column: number) => void;
  /** The active row changed. */
  readonly onActive: (layer: OnnxTableLayer) => void;
  /** Enter or a double click on a row. */
  readonly onOpen: (layer: OnnxTableLayer) => void;
}

/** Height of a row, as in style.css. Pixels. */
const rowHeight = 24;
/** Rows drawn beyond what is seen, on either side. */
const margin = 20;

/** The table of layers. Only the rows in sight are in the page: models have thousands. */
export function createGrid(parent: HTMLElement, handlers: GridHandlers) {
  let rows: readonly Row[] = [];
  let active = 0;
  let drawn = '';

  const buttons = columns.map((column, index) =>
    make('button', { type: 'button', title: column.meaning, onclick: () => handlers.onSort(index) }, column.title),
  );
  const titles = columns.map((column, index) =>
    make(
      'th',
      { className: column.numeric ? 'number' : '', attributes: { role: 'columnheader', scope: 'col' } },
      buttons[index]!,
    ),
  );
  const widths = columns.map(() => make('col'));
  const body = make('tbody', { attributes: { role: 'rowgroup' } });
  const table = make(
    'table',
    { tabIndex: 0, attributes: { role: 'grid', 'aria-label': 'Layers of the model' } },
    make('colgroup', {}, ...widths),
    make(
      'thead',
      { attributes: { role: 'rowgroup' } },
      make('tr', { attributes: { role: 'row', 'aria-rowindex': '1' } }, ...titles),
    ),
    body,
  );
  const scroller = make('div', { className: 'scroller' }, table);
  parent.replaceChildren(scroller);

  function draw(): void {
    const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - margin);
    const last = Math.min(rows.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / rowHeight) + margin);
    const state = `${first} ${last} ${active}`;
    if (state === drawn) return;
    drawn = state;
    const shown = rows.slice(first, last).map((row, index) => rowElement(row, first + index, first + index === active));
    body.replaceChildren(spacer(first), ...shown, spacer(rows.length - last));
    if (rows.length > 0) table.setAttribute('aria-activedescendant', `row-${active}`);
    else table.removeAttribute('aria-activedescendant');
  }

  function moveTo(index: number): void {
    if (rows.length === 0) return;
    active = Math.max(0, Math.min(rows.length - 1, index));
    const top = active * rowHeight;
    const visible = scroller.clientHeight - 2 * rowHeight;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top > scroller.scrollTop + visible) scroller.scrollTop = top - visible;
    draw();
    handlers.onActive(rows[active]!.layer);
  }

  function keyPressed(event: KeyboardEvent): void {
    if (event.target !== table) return;
    const page = Math.max(1, Math.floor(scroller.clientHeight / rowHeight) - 2);
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    };
    const target = targets[event.key];
    const row = rows[active];
    if (target !== undefined) moveTo(target);
    else if (event.key === 'Enter' && row) handlers.onOpen(row.layer);
    else return;
    event.preventDefault();
  }

  function rowAt(event: Event): number | undefined {
    const row = event.target instanceof Element ? event.target.closest('tr[data-index]') : null;
    return row instanceof HTMLElement ? Number(row.dataset.index) : undefined;
  }

  table.addEventListener('keydown', keyPressed);
  body.addEventListener('click', event => moveTo(rowAt(event) ?? active));
  body.addEventListener('dblclick', event => {
    const row = rows[rowAt(event) ?? -1];
    if (row) handlers.onOpen(row.layer);
  });
  let requested = false;
  const drawSoon = () => {
    if (requested) return;
    requested = true;
    requestAnimationFrame(() => {
      requested = false;
      draw();
    });
  };
  scroller.addEventListener('scroll', drawSoon);
  new ResizeObserver(drawSoon).observe(scroller);

  return {
    /** Shows other rows, beginning at the first. */
    update(next: readonly Row[], view: View): void {
      rows = next;
      active = 0;
      drawn = '';
      table.setAttribute('aria-rowcount', String(rows.length + 1));
      for (const [index, title] of titles.entries()) {
        const sorted = view.sort === index;
        title.setAttribute('aria-sort', sorted ? (view.descending ? 'descending' : 'ascending') : 'none');
      }
      scroller.scrollTop = 0;
      draw();
    },
    /** Gives every column the width of its longest text. */
    fit(layers: readonly OnnxTableLayer[]): void {
      for (const [position, column] of columns.entries()) {
        let characters = column.title.length + 3;
        for (const [index, layer] of layers.entries()) {
          characters = Math.max(characters, column.text(layer, index).length + 1);
        }
        widths[position]!.style.width = `calc(${Math.min(column.widest, characters)}ch + 8px)`;
      }
    },
  };
}

function spacer(count: number): HTMLTableRowElement {
  const row = make('tr', { className: 'spacer', attributes: { 'aria-hidden': 'true' } });
  row.style.height = `${count * rowHeight}px`;
  return row;
}
