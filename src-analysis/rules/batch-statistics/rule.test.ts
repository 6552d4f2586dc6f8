import { describe, expect, it } from 'vitest';
import type { Op } from '../../model/graph.ts';
import { analysisOf, chain } from '../testing.ts';
import { batchStatistics } from './rule.ts';

const norm = (own: boolean): Op => ({
  kind: 'norm',
  norm: 'batch',
  axes: [-1],
  epsilon: 1e-3,
  ...(own ? { batchStatistics: true } : {}),
});

function check(...ops: readonly Op[]) {
  const graph = chain([{ op: { kind: 'input' } }, ...ops.map(op => ({ op }))]);
  return batchStatistics.check({ graph, analysis: analysisOf([]), options: {} });
}

describe('batch-statistics', () => {
  it('reports a model once, on its first such layer', () => {
    const reports = check(norm(true), norm(false), norm(true));
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ layer: { id: 1 }, message: expect.stringMatching(/and 1 more layers/) });
  });

  it('is silent where stored statistics are used', () => {
    expect(check(norm(false))).toEqual([]);
  });
});
