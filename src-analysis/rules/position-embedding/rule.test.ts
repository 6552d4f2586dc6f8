import { describe, expect, it } from 'vitest';
import type { Dim } from '../../model/graph.ts';
import { analysisOf, chain, type LayerSpec } from '../testing.ts';
import { positionEmbedding } from './rule.ts';

const shape = [16, 8];
const from = (...ids: number[]) => ids.map(layer => ({ layer, output: 0 }));

function embedding(offset: readonly Dim[], trainable = true): LayerSpec {
  return {
    op: { kind: 'elementwise', name: 'add' },
    name: 'positions',
    outputShapes: [shape],
    weights: [{ role: 'offset', name: 'pos', shape: offset, trainable, source: { kind: 'stored' } }],
  };
}

function model(added: LayerSpec, attends = true) {
  const projection: LayerSpec = { op: { kind: 'dense', inFeatures: 8, units: 8, bias: true }, inputs: from(1) };
  return chain([
    { op: { kind: 'input' }, outputShapes: [shape] },
    added,
    projection,
    projection,
    ...(attends ? [{ op: { kind: 'merge', merge: 'matmul' } as const, inputs: from(2, 3) }] : []),
  ]);
}

function check(graph: ReturnType<typeof model>) {
  return positionEmbedding.check({ graph, analysis: analysisOf([]), options: {} });
}

describe('position-embedding', () => {
  it('reports a learned offset for every token entry in front of attention', () => {
    const reports = check(model(embedding([1, 16, 8])));
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ layer: { name: 'positions' }, message: expect.stringMatching(/linear system/) });
  });

  it.each([
    ['a bias, the same for every token', model(embedding([8]))],
    ['a fixed table', model(embedding(shape, false))],
    ['a model without attention', model(embedding(shape), false)],
  ])('is silent on %s', (_, graph) => {
    expect(check(graph)).toEqual([]);
  });
});
