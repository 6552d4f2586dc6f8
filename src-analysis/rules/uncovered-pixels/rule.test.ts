import { describe, expect, it } from 'vitest';
import { analysisOf, chain, conv, figures } from '../testing.ts';
import { uncoveredPixels } from './rule.ts';

const input = { op: { kind: 'input' } } as const;

describe('uncovered-pixels', () => {
  it('reports how many entries of the input the first convolution leaves out', () => {
    const graph = chain([input, { op: { kind: 'rearrange', how: 'pad' } }, { op: conv, name: 'conv1' }]);
    const analysis = analysisOf([figures(2, { touched: 2883 })]);
    const reports = uncoveredPixels.check({ graph, analysis, options: {} });
    expect(reports).toHaveLength(1);
    expect(reports[0]?.message).toMatch(/'conv1' reaches 189 of the 3072 input entries/);
  });

  it.each([
    ['a convolution that reads everything', [input, { op: conv }], figures(1)],
    ['a later convolution', [input, { op: conv }, { op: conv }], figures(2, { touched: 2000 })],
    ['figures that are not known', [input, { op: conv }], figures(1, { touched: null })],
  ])('is silent on %s', (_, layers, layer) => {
    const graph = chain(layers);
    expect(uncoveredPixels.check({ graph, analysis: analysisOf([layer]), options: {} })).toEqual([]);
  });
});
