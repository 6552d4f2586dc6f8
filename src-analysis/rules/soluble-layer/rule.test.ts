import { describe, expect, it } from 'vitest';
import type { LayerAnalysis } from '../../model/analysis.ts';
import { analysisOf, chain, conv, dense, figures, unknownFigures } from '../testing.ts';
import { solubleLayer } from './rule.ts';

const range = { start: 5, end: 11 };
const graph = chain([{ op: { kind: 'input' } }, { op: conv, name: 'conv1', range }, { op: dense() }]);

function check(...layers: LayerAnalysis[]) {
  return solubleLayer.check({ graph, analysis: analysisOf(layers), options: {} });
}

describe('soluble-layer', () => {
  it('reports a soluble convolution on its name, with rank and basis', () => {
    const [report, ...more] = check(figures(1));
    expect(more).toEqual([]);
    expect(report?.layer?.name).toBe('conv1');
    expect(report?.range).toEqual(range);
    expect(report?.message).toContain('all 3072 input entries');
    expect(report?.message).toContain('rank(U) = 3072, rank law');
  });

  it('reports layers that determine their input together, once, unless one does alone', () => {
    const branches = chain([{ op: { kind: 'input' } }, { op: conv, name: 'a', range }, { op: conv, name: 'b' }]);
    const checkBoth = (...layers: LayerAnalysis[]) =>
      solubleLayer.check({ graph: branches, analysis: analysisOf(layers), options: {} });
    const rank = { weights: 2000, gradients: 1072, system: 3072 };
    const joint = { layers: [1, 2], touched: 3072, rank, verdict: 'soluble' } as const;
    const deficient = { verdict: 'deficient', deficiency: -10, joint } as const;
    const [report, ...more] = checkBoth(figures(1, deficient), figures(2, deficient));
    expect(more).toEqual([]);
    expect(report?.message).toContain("Soluble with the layers beside it. 'b' reads the same tensor.");
    expect(report?.message).toContain('joint rank 3072 of 3072');
    expect(checkBoth(figures(1, deficient), figures(2, { joint }))).toHaveLength(1);
    const open = { ...deficient, joint: { ...joint, verdict: 'unknown' } } as const;
    expect(checkBoth(figures(1, open), figures(2, open))).toEqual([]);
  });

  it('does not claim entries that no window reads', () => {
    const rank = { weights: 2883, gradients: 100, system: 2883 };
    const unread = { touched: 2883, rank, deficiency: -189, verdict: 'soluble', basis: 'finite-field' } as const;
    const [report] = check(figures(1, unread));
    expect(report?.message).toContain("2883 of the 3072 input entries of 'conv1' (the others reach no output)");
    expect(report?.message).toContain('exact elimination over a finite field');
  });

  it.each([
    [
      'deficient',
      figures(1, { verdict: 'deficient', deficiency: -10, rank: { weights: 3000, gradients: 62, system: 3062 } }),
    ],
    ['unknown', figures(1, unknownFigures)],
    ['dense, which has a rule of its own', figures(2)],
    ['not in the graph', figures(7)],
  ])('is silent on a layer that is %s', (_, layer) => {
    expect(check(layer)).toEqual([]);
  });
});
