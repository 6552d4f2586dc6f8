import { describe, expect, it } from 'vitest';
import { analysisOf, chain, conv, figures, identifiable, unknownFigures } from '../testing.ts';
import { notCovered } from './rule.ts';

const layers = [{ op: { kind: 'input' } as const }, { op: conv, name: 'conv1', range: { start: 9, end: 15 } }];
const unknownInput = identifiable(null, null, { reason: 'two inputs' });

describe('not-covered', () => {
  it('reports every gap and every layer without a verdict, with the reason and the place', () => {
    const graph = chain(layers, { gaps: [{ reason: 'units is known at run time only', range: { start: 1, end: 4 } }] });
    const unknown = figures(1, { ...unknownFigures, reason: 'No verdict: its padding is negative.' });
    const reports = notCovered.check({
      graph,
      analysis: analysisOf([unknown], { identifiable: unknownInput }),
      options: {},
    });
    expect(reports.map(report => [report.range, report.layer?.name, report.message])).toEqual([
      [{ start: 1, end: 4 }, undefined, expect.stringContaining('Not followed: units is known at run time only. ')],
      [{ start: 9, end: 15 }, 'conv1', "No verdict on 'conv1': its padding is negative."],
    ]);
  });

  it('names the layer where the analysis gives no reason', () => {
    const analysis = analysisOf([figures(1, unknownFigures)]);
    expect(notCovered.check({ graph: chain(layers), analysis, options: {} })[0]?.message).toContain(
      "'conv1': layers of the type conv",
    );
  });

  it.each<[string, number | undefined, number]>([
    ['that no layer explains', undefined, 1],
    ['that another layer blocks', 0, 1],
    ['but not twice', 1, 0],
  ])('reports an unknown identifiable dimension %s', (_, bottleneck, expected) => {
    const identifiable = { ...unknownInput, ...(bottleneck === undefined ? {} : { bottleneck }) };
    const analysis = analysisOf([figures(1, unknownFigures)], { identifiable });
    const range = { start: 0, end: 3 };
    const reports = notCovered.check({ graph: chain(layers, { range }), analysis, options: {} });
    const aboutModel = reports.filter(report => report.layer === undefined);
    expect(aboutModel).toHaveLength(expected);
    for (const report of aboutModel) expect(report).toMatchObject({ message: "'model': two inputs.", range });
    expect(aboutModel[0]?.related?.length).toBe(bottleneck === 0 ? 1 : undefined);
  });

  it('is silent where everything is covered', () => {
    expect(notCovered.check({ graph: chain(layers), analysis: analysisOf([figures(1)]), options: {} })).toEqual([]);
  });
});
