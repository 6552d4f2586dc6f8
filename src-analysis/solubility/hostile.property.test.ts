import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Layer, ModelGraph } from '../model/graph.ts';
import { readModels } from '../readers/read.ts';
import { neverCancelled } from '../readers/reader.ts';
import { consumersOf } from './invertibility.ts';
import { kernelCases } from './kernel-cases.ts';
import { analyseLayer, rankTable } from './layer-analysis.ts';
import { outputKnowledge } from './output-knowledge.ts';

const fixtures = path.join(import.meta.dirname, '../../test/fixtures');
const graphs = ['image', 'volume', 'attention', 'recurrent', 'sequence'].flatMap(name => {
  const file = path.join(fixtures, `onnx/keras/${name}.onnx`);
  return readModels({ path: file, bytes: new Uint8Array(readFileSync(file)) }, neverCancelled).models;
});

const oddNumbers = [0, 1, -1, 3, 2 ** 20, 2 ** 40, null];

/** The same graph with some numbers of shapes and hyper-parameters replaced. */
function damaged(graph: ModelGraph, picks: readonly number[]): ModelGraph {
  let step = 0;
  const pick = () => picks[step++ % picks.length]!;
  const change = (value: unknown): unknown => {
    if (typeof value === 'number') return pick() < 3 ? oddNumbers[pick() % oddNumbers.length] : value;
    if (Array.isArray(value)) return pick() === 0 ? [] : value.map(change);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner)]));
  };
  const layers = graph.layers.map(layer => {
    const op = pick() < 12 ? (change(layer.op) as Layer['op']) : layer.op;
    const shapes = (list: Layer['inputShapes']) =>
      list.map(shape => (pick() < 3 ? null : (change(shape) as typeof shape)));
    return { ...layer, op, inputShapes: shapes(layer.inputShapes), outputShapes: shapes(layer.outputShapes) };
  });
  return { ...graph, layers };
}

test('damaged graphs are analysed without an error, and every figure is in its bounds', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...graphs),
      fc.array(fc.nat({ max: 40 }), { minLength: 50, maxLength: 200 }),
      (graph, picks) => {
        const broken = damaged(graph, picks);
        const consumers = consumersOf(broken);
        const knowledge = outputKnowledge(broken, consumers);
        const context = { graph: broken, consumers, knowledge, table: rankTable(new Map()), cases: kernelCases() };
        for (const layer of broken.layers) {
          const figures = analyseLayer(context, layer, { index: 0, count: 1 });
          if (!figures) continue;
          const { verdict, rank, touched, reason } = figures;
          if (verdict === 'unknown') expect(reason).toBeTruthy();
          else {
            expect(rank!.system).toBeGreaterThanOrEqual(Math.max(rank!.weights, 0));
            expect(rank!.system).toBeLessThanOrEqual(touched!);
          }
        }
      },
    ),
    { seed: 3, numRuns: 150 },
  );
});
