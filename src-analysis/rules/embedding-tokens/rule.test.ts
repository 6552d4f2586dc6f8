import { describe, expect, it } from 'vitest';
import type { Layer } from '../../model/graph.ts';
import { analysisOf, chain, dense, type LayerSpec } from '../testing.ts';
import { embeddingTokens } from './rule.ts';

const range = { start: 3, end: 9 };
const table: LayerSpec = { op: { kind: 'embedding', vocabulary: 30_000, units: 64 }, name: 'words', range };

function check(fields: Partial<Layer> = {}) {
  const graph = chain([{ op: { kind: 'input' } }, { ...table, ...fields }, { op: dense() }]);
  return embeddingTokens.check({ graph, analysis: analysisOf([]), options: {} });
}

describe('embedding-tokens', () => {
  it('reports a trained table on its name', () => {
    const [report, ...more] = check();
    expect(more).toEqual([]);
    expect(report).toMatchObject({ range, message: expect.stringMatching(/'words'.*30000 entries/) });
  });

  it.each<[string, Partial<Layer>]>([
    ['frozen', { trainable: false }],
    ['tied', { sharedWith: 0 }],
    [
      'of frozen weights',
      { weights: [{ role: 'embeddings', name: 'e', shape: [9, 4], trainable: false, source: { kind: 'stored' } }] },
    ],
  ])('is silent on a table that is %s', (_, fields) => {
    expect(check(fields)).toEqual([]);
  });
});
