import { describe, expect, it } from 'vitest';
import type { Layer, Op } from '../../model/graph.ts';
import { analysisOf, chain, type LayerSpec } from '../testing.ts';
import { attentionSpan } from './rule.ts';

const projection = (features: number): Op => ({ kind: 'dense', inFeatures: features, units: features, bias: true });

/** Input, Q, K, V, QKᵀ, softmax, product with V. */
function attention(tokens: number, features: number, value: Partial<Layer> = {}) {
  const shape = [tokens, features];
  const from = (...ids: number[]) => ids.map(layer => ({ layer, output: 0 }));
  const dense = (name: string): LayerSpec => ({
    op: projection(features),
    name,
    inputs: from(0),
    inputShapes: [shape],
    outputShapes: [shape],
  });
  return chain([
    { op: { kind: 'input' }, outputShapes: [shape] },
    dense('q'),
    dense('k'),
    { ...dense('v'), ...value },
    { op: { kind: 'merge', merge: 'matmul' }, inputs: from(1, 2) },
    { op: { kind: 'activation', activation: { name: 'softmax' } }, inputs: from(4) },
    { op: { kind: 'merge', merge: 'matmul' }, inputs: from(5, 3) },
  ]);
}

function check(graph: ReturnType<typeof attention>) {
  return attentionSpan.check({ graph, analysis: analysisOf([]), options: {} });
}

describe('attention-span', () => {
  it('reports the values of attention with fewer tokens than features, once a model', () => {
    const [report, ...more] = check(attention(16, 64));
    expect(more).toEqual([]);
    expect(report?.layer?.name).toBe('v');
    expect(report?.message).toMatch(/span of the 16 tokens.*16 of 64 dimensions.*batches of up to 3 examples/);
  });

  it.each([
    ['as many tokens as features', attention(64, 64)],
    ['a frozen projection', attention(16, 64, { trainable: false })],
    ['a model without attention', chain([{ op: { kind: 'input' } }, { op: projection(64), inputShapes: [[16, 64]] }])],
  ])('is silent on %s', (_, graph) => {
    expect(check(graph)).toEqual([]);
  });
});
