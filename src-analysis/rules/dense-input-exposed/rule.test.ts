import { describe, expect, it } from 'vitest';
import type { Op, WeightRef } from '../../model/graph.ts';
import { analysisOf, chain, conv, dense, type LayerSpec } from '../testing.ts';
import { denseInputExposed } from './rule.ts';

const input: LayerSpec = { op: { kind: 'input' } };
const flatten: LayerSpec = { op: { kind: 'rearrange', how: 'flatten' } };
const weight = (role: string, trainable: boolean): WeightRef => ({
  role,
  name: '',
  shape: [],
  trainable,
  source: { kind: 'stored' },
});

function check(...layers: LayerSpec[]) {
  return denseInputExposed.check({ graph: chain(layers), analysis: analysisOf([]), options: {} });
}

/** [what, layers, full severity, words of the message] */
const reported: [string, LayerSpec[], boolean, string][] = [
  ['directly on the input', [input, { op: dense() }], true, "the model's input itself (784 entries) exactly"],
  [
    'after flattening',
    [input, flatten, { op: dense(false) }],
    true,
    "the model's input itself (784 entries) up to one factor",
  ],
  ['after a convolution', [input, { op: conv }, flatten, { op: dense() }], false, 'its input (784 features) exactly'],
  [
    'after an activation',
    [input, { op: { kind: 'activation', activation: { name: 'relu' } } }, { op: dense() }],
    false,
    'its input',
  ],
  [
    'after a fused activation',
    [input, { ...flatten, activation: { name: 'tanh' } }, { op: dense() }],
    false,
    'its input',
  ],
  [
    'with a frozen bias',
    [input, { op: dense(), weights: [weight('kernel', true), weight('bias', false)] }],
    true,
    'without a trained bias',
  ],
  ['with a bias of factor 0', [input, { op: { ...dense(), beta: 0 } as Op }], true, 'without a trained bias'],
  ['with one position', [input, { op: dense(), inputShapes: [[1, 784]] }], true, "the model's input itself"],
  ['with an unknown input shape', [input, { op: dense(), inputShapes: [null] }], true, "the model's input itself"],
];

describe('dense-input-exposed', () => {
  it.each(reported)('reports a dense layer %s', (_, layers, full, words) => {
    const reports = check(...layers);
    expect(reports).toHaveLength(1);
    expect(reports[0]?.layer?.op.kind).toBe('dense');
    expect(reports[0]?.note).toBe(!full);
    expect(reports[0]?.message).toContain(words);
    expect(reports[0]?.message).toContain('batch of one');
  });

  it.each<[string, LayerSpec]>([
    ['frozen', { op: dense(), trainable: false }],
    ['with a frozen kernel', { op: dense(), weights: [weight('kernel', false)] }],
    ['over several positions', { op: dense(), inputShapes: [[16, 784]] }],
    ['over an unknown number of positions', { op: dense(), inputShapes: [[null, 784]] }],
    ['of another kind', { op: conv as Op }],
  ])('is silent on a layer %s', (_, layer) => {
    expect(check(input, layer)).toEqual([]);
  });
});
