import { expect, test } from 'vitest';
import type { OnnxTableLayer } from '../../../server/protocol.ts';
import { columns, rowsOf } from './columns.ts';
import { initialView, type View } from './messages.ts';

function layer(name: string, op: string, unknowns: number | null, verdict: OnnxTableLayer['verdict']): OnnxTableLayer {
  return {
    name,
    op,
    unknowns,
    verdict,
    input: '',
    output: '',
    parameters: 0,
    rank: null,
    deficiency: null,
    explanation: '',
  };
}

const layers = [
  layer('conv10', 'Conv', 30, 'deficient'),
  layer('act', 'Relu', null, null),
  layer('conv2', 'Conv', 4, 'soluble'),
  layer('fc', 'Gemm', 12, 'unknown'),
];

const byTitle = (title: string) => columns.findIndex(column => column.title === title);

test.each<[string, Partial<View>, string]>([
  ['the order of the model', {}, 'conv10 act conv2 fc'],
  ['a filter by name', { filter: ' CONV1' }, 'conv10'],
  ['a filter by operator', { filter: 'gemm' }, 'fc'],
  ['a filter that nothing matches', { filter: 'pool' }, ''],
  ['a verdict', { verdict: 'soluble' }, 'conv2'],
  ['names sorted as people read them', { sort: byTitle('Layer') }, 'act conv2 conv10 fc'],
  ['numbers, with unknown ones last', { sort: byTitle('Unknowns') }, 'conv2 fc conv10 act'],
  [
    'numbers descending, with unknown ones last',
    { sort: byTitle('Unknowns'), descending: true },
    'conv10 fc conv2 act',
  ],
  ['verdicts, the leaking first', { sort: byTitle('Verdict') }, 'conv2 conv10 fc act'],
])('%s', (_, view, names) => {
  const rows = rowsOf(layers, { ...initialView, ...view });
  expect(rows.map(row => row.layer.name).join(' ')).toBe(names);
  for (const { layer: shown, index } of rows) expect(layers[index]).toBe(shown);
});
