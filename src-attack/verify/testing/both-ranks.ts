import { genericRank } from '../../../src-analysis/identifiability/exact/generic-rank.ts';
import type { ModelGraph } from '../../../src-analysis/model/graph.ts';
import { neverCancelled } from '../../../src-analysis/readers/reader.ts';
import type { Engine } from '../../engines/engine.ts';
import { sizeOf } from '../../ir/graph.ts';
import { plainProducts } from '../../linear-algebra/products.ts';
import { createRandom } from '../../optimisers/random.ts';
import { victimOf } from '../../run/victim-of.ts';
import { weightKey } from '../../victim/parameters.ts';
import type { WeightValues } from '../../victim/victim.ts';
import { numericIdentifiable } from '../identifiable.ts';
import { randomPoint } from '../point.ts';

/** The rank of a model's Jacobian in float64 at random weights, and the analysis' by elimination over GF(p). */
export async function bothRanks(engine: Engine, graph: ModelGraph, seed: number, batch = 1) {
  const victim = victimOf(graph, randomWeights(graph, seed), batch, { tokenVectors: true });
  const means = { engine, products: plainProducts };
  const point = randomPoint(victim, seed);
  const found = await numericIdentifiable(victim, point, means, seed, neverCancelled, () => {});
  const { rank, unknowns, certain } = found;
  return { measured: { rank, unknowns }, certain, exact: genericRank(graph, neverCancelled, { batch, seed }) };
}

function randomWeights(graph: ModelGraph, seed: number): Map<string, WeightValues> {
  const random = createRandom(seed);
  const values = new Map<string, WeightValues>();
  for (const layer of graph.layers) {
    for (const ref of layer.weights) {
      const shape = ref.shape as readonly number[];
      const data = Float64Array.from({ length: sizeOf(shape) }, () => 0.6 * random.normal());
      values.set(weightKey(graph, layer, ref), { shape, data });
    }
  }
  return values;
}
