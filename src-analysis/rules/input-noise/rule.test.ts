import { describe, expect, it } from 'vitest';
import type { Op } from '../../model/graph.ts';
import { analysisOf, chain, conv } from '../testing.ts';
import { inputNoise } from './rule.ts';

const noise: Op = { kind: 'elementwise', name: 'gaussianNoise' };

function check(...ops: readonly Op[]) {
  const graph = chain([{ op: { kind: 'input' } }, ...ops.map(op => ({ op }))]);
  return inputNoise.check({ graph, analysis: analysisOf([]), options: {} });
}

describe('input-noise', () => {
  it.each<[string, Op]>([
    ['noise', noise],
    ['dropout', { kind: 'dropout', rate: 0.2 }],
  ])('reports %s on the input', (_, op) => {
    expect(check({ kind: 'rearrange', how: 'flatten' }, op, conv)).toMatchObject([{ layer: { id: 2 } }]);
  });

  it.each<[string, readonly Op[]]>([
    ['dropout further inside', [conv, { kind: 'dropout', rate: 0.2 }]],
    ['dropout that is off', [{ kind: 'dropout', rate: 0 }, conv]],
    ['arithmetic that is no noise', [{ kind: 'elementwise', name: 'rescaling' }, conv]],
  ])('is silent on %s', (_, ops) => {
    expect(check(...ops)).toEqual([]);
  });
});
