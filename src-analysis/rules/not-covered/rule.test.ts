import { describe, expect, it } from 'vitest';
import { analysisOf, chain, conv, figures, identifiable, unknownFigures } from '../testing.ts';
import { notCovered } from './rule.ts';

const layers = [{ op: { kind: 'input' } as const }, { op: conv, name: 'conv1', range: { start: 9, end: 15 } }];
const unknownInput = identifiable(null, null, { reason: 'two inputs' });

describe('not-covered', () => {
  it('reports every gap and every layer without a verdict, with the reason and the place', () => {
    const graph = chain(layers, { gaps: [{ reason: 'units is known at run time only', range: { start: 1, end: 4 } }] });
    const unknown = figures(1, { ...unknownFigures, reason: 'dilated and strided at once.' });
    const reports = notCovered.check({
      graph,
      analysis: analysisOf([unknown], { identifiable: unknownInput }),
      options: {},
    });
    expect(reports.map(report => [report.range, report.layer?.name, report.message])).toEqual([
      [{ start: 1, end: 4 }, undefined, expect.stringContaining('Not followed: units is known at run time only. ')],
      [{ start: 9, end: 15 }, 'conv1', 'Unknown: dilated and strided at once.'],
    ]);
  });

  it('names the layer where the analysis gives no reason', () => {
    const analysis = analysisOf([figures(1, unknownFigures)]);
    expect(notCovered.check({ graph: chain(layers), analysis, options: {} })[0]?.message).toContain("'conv1' (conv)");
  });

  it('reports an unknown identifiable dimension that no layer explains', () => {
    const analysis = analysisOf([figures(1)], { identifiable: unknownInput });
    const reports = notCovered.check({ graph: chain(layers, { range: { start: 0, end: 3 } }), analysis, options: {} });
    expect(reports).toEqual([
      { message: expect.stringMatching(/^Unknown: .*two inputs\.$/), range: { start: 0, end: 3 } },
    ]);
  });

  it('is silent where everything is covered', () => {
    expect(notCovered.check({ graph: chain(layers), analysis: analysisOf([figures(1)]), options: {} })).toEqual([]);
  });
});
