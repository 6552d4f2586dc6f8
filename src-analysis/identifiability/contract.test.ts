import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomModel } from '../../bench/random-models.ts';
import { randomSequenceModel } from '../../bench/random-sequences.ts';
import type { Layer, ModelGraph } from '../model/graph.ts';
import { neverCancelled } from '../readers/reader.ts';
import { rankTable } from '../solubility/layer-analysis.ts';
import { contractProblem } from './contract.ts';
import { identifiableOf } from './identifiable.ts';
import { modelOf } from './testing.ts';

const graph = modelOf([
  "conv2d({ inputShape: [6, 6, 2], filters: 2, kernelSize: 3, name: 'first' })",
  'flatten()',
  'dense({ units: 3 })',
]);

/** The graph with its second layer, the convolution, changed. */
function changed(change: (layer: Layer) => object): ModelGraph {
  return { ...graph, layers: graph.layers.map(layer => (layer.id === 1 ? { ...layer, ...change(layer) } : layer)) };
}

const op = (fields: object) => changed(layer => ({ op: { ...layer.op, ...fields } }));

describe('graphs that no reader should make', () => {
  const cases: readonly [string, ModelGraph, RegExp][] = [
    ['an edge to a later layer', changed(() => ({ inputs: [{ layer: 2, output: 0 }] })), /place among the layers/],
    ['an edge to no output', changed(() => ({ inputs: [{ layer: 0, output: 3 }] })), /place among the layers/],
    ['a wrong id', changed(() => ({ id: 7 })), /place among the layers/],
    ['half a pixel', changed(() => ({ outputShapes: [[4, 4.5, 2]] })), /no whole number/],
    ['a negative size', changed(() => ({ inputShapes: [[6, -6, 2]] })), /no whole number/],
    ['a kernel of one axis on a map of two', op({ kernelSize: [3] }), /hyper-parameters/],
    ['a stride of nothing', op({ strides: [0, 1] }), /hyper-parameters/],
    ['three groups of two channels', op({ groups: 3 }), /hyper-parameters/],
    ['an axis beyond the shape', op({ kind: 'merge', merge: 'concat', axis: 5 }), /hyper-parameters/],
    ['weights shared with an input', changed(() => ({ sharedWith: 0 })), /shares its weights/],
    ['no such output of the model', { ...graph, outputs: [{ layer: 9, output: 0 }] }, /no tensor of it/],
  ];
  test.each(cases)('%s: r is unknown, with the reason', (_, broken, reason) => {
    expect(contractProblem(broken)?.reason).toMatch(reason);
    expect(identifiableOf(broken, rankTable(new Map()), neverCancelled)).toMatchObject({
      rank: null,
      basis: 'unknown',
      reason: expect.stringMatching(reason),
    });
  });

  test('a graph that a reader makes is none of them', () => {
    expect(contractProblem(graph)).toBeUndefined();
  });
});

/** Values that stand where others are expected. */
const strange = fc.constantFrom<unknown>(null, -1, 0, 0.5, 1, 2, 7, 1e9, [], [0], [3, 3], [3, 3, 3, 3], true, 'linear');

test('whatever one field of a graph is changed to, the analysis of it does not fail', () => {
  const draws = fc.record({
    seed: fc.integer({ min: 1, max: 10_000 }),
    isSequence: fc.boolean(),
    layer: fc.nat(40),
    field: fc.nat(40),
    value: strange,
  });
  fc.assert(
    fc.property(draws, ({ seed, isSequence, layer, field, value }) => {
      const { graph } = (isSequence ? randomSequenceModel : randomModel)(seed);
      const id = layer % graph.layers.length;
      const broken = { ...graph, layers: graph.layers.map(one => (one.id === id ? mutated(one, field, value) : one)) };
      const { rank, reason } = identifiableOf(broken, rankTable(new Map()), neverCancelled);
      if (rank === null) expect(reason).toMatch(/^The identifiable dimension is unknown: ./);
      else expect(Number.isSafeInteger(rank)).toBe(true);
    }),
    { seed: 3, numRuns: 300 },
  );
});

/** A number, a list of numbers or a list of edges becomes something else of the kind that a reader could get wrong. */
function mutated(layer: Layer, field: number, value: unknown): Layer {
  const numbers = Object.entries(layer.op).filter(([, old]) => typeof old === 'number' || Array.isArray(old));
  const places: (() => Layer)[] = [
    ...numbers.map(([key, old]) => () => {
      const fits = Array.isArray(old) === Array.isArray(value);
      return { ...layer, op: { ...layer.op, [key]: fits ? value : old } } as Layer;
    }),
    () => ({ ...layer, inputs: [] }),
    () => ({ ...layer, inputs: [...layer.inputs, ...layer.inputs] }),
    () => ({ ...layer, weights: [] }),
    () => (Array.isArray(value) ? { ...layer, outputShapes: [value] } : layer),
    () => (Array.isArray(value) ? { ...layer, outputShapes: [value, value] } : layer),
    () => (typeof value === 'number' ? { ...layer, inputs: [{ layer: value, output: 0 }] } : layer),
  ];
  return places[field % places.length]!();
}
