import { describe, expect, it } from 'vitest';
import type { Op } from '../../model/graph.ts';
import { analysisOf, chain, conv, type LayerSpec } from '../testing.ts';
import { imprintModule } from './rule.ts';

const dense = (inFeatures: number, units: number, bias = true): Op => ({ kind: 'dense', inFeatures, units, bias });
const relu = { name: 'relu' };
const encoder: LayerSpec = { op: dense(3072, 500), name: 'bins', activation: relu, inputShapes: [[3072]] };

function check(...layers: readonly LayerSpec[]) {
  const graph = chain([{ op: { kind: 'input' } }, ...layers]);
  return imprintModule.check({ graph, analysis: analysisOf([]), options: {} });
}

describe('imprint-module', () => {
  it.each([
    ['fused', [encoder, { op: dense(500, 3072) }]],
    [
      'with a layer for the rectifier',
      [
        { op: dense(3072, 500), inputShapes: [[3072]], name: 'bins' },
        { op: { kind: 'activation' as const, activation: relu } },
        { op: dense(500, 3072) },
      ],
    ],
  ])('reports input → many units → input, %s', (_, layers) => {
    const [report, ...more] = check({ op: { kind: 'rearrange', how: 'flatten' } }, ...layers);
    expect(more).toEqual([]);
    expect(report).toMatchObject({
      layer: { name: 'bins' },
      related: [{ message: expect.stringMatching(/restores/) }],
    });
  });

  it.each([
    ['a classifier', [encoder, { op: dense(500, 10) }]],
    ['an autoencoder of features', [{ op: conv }, encoder, { op: dense(500, 3072) }]],
    ['an encoder without bias', [{ ...encoder, op: dense(3072, 500, false) }, { op: dense(500, 3072) }]],
    [
      'an encoder whose activation keeps every value',
      [{ ...encoder, activation: { name: 'tanh' } }, { op: dense(500, 3072) }],
    ],
  ])('is silent on %s', (_, layers) => {
    expect(check(...layers)).toEqual([]);
  });
});
