import { describe, expect, it } from 'vitest';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { analysisOf, chain, conv, dense, type LayerSpec } from '../testing.ts';
import { labelLeak } from './rule.ts';

const softmax = { name: 'softmax', axis: -1 };
const head = (fields: Partial<Layer>, bias = true): LayerSpec => ({ op: dense(bias), name: 'head', ...fields });

function check(...layers: readonly LayerSpec[]) {
  const graph: ModelGraph = chain([{ op: { kind: 'input' } }, ...layers]);
  return labelLeak.check({ graph, analysis: analysisOf([]), options: {} }).map(report => report.message);
}

describe('label-leak', () => {
  it('is off unless asked for, since it holds for nearly every classifier', () => {
    expect(labelLeak.meta.offByDefault).toBe(true);
  });

  it.each([
    ['fused', [head({ activation: softmax })], /'head'.*p − y is negative/],
    ['separate', [head({}), { op: { kind: 'activation' as const, activation: softmax } }], /p − y/],
    ['without a bias', [head({ activation: softmax }, false)], /points against the others/],
  ])('reports a softmax classifier, %s', (_, layers, message) => {
    const messages = check(...layers);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(message);
  });

  it.each([
    ['a regression', [head({})]],
    ['a frozen head', [head({ activation: softmax, trainable: false })]],
    ['a segmentation', [{ op: conv, activation: softmax }]],
  ])('is silent on %s', (_, layers) => {
    expect(check(...layers)).toEqual([]);
  });
});
