import type { ModelGraph } from '../../src-analysis/model/graph.ts';
import type { CancellationToken } from '../../src-analysis/readers/reader.ts';
import type { Engine } from '../engines/engine.ts';
import { loadOnnxCpu, loadOnnxWasm } from '../engines/onnxruntime/load.ts';
import { sizeOf } from '../ir/graph.ts';
import { engineProducts } from '../linear-algebra/engine-products.ts';
import { createRandom } from '../optimisers/random.ts';
import type { OpenedModel } from '../run/model-file.ts';
import { victimOf } from '../run/victim-of.ts';
import type { Victim } from '../victim/victim.ts';
import { weightsOfModel } from '../weights/model-weights.ts';
import { largestExact, type NumericIdentifiable, numericIdentifiable } from './identifiable.ts';
import { twinOf } from './twin.ts';

export interface VerifyRequest {
  readonly seed: number;
  /** Examples that share one gradient. */
  readonly batch: number;
}

export interface VerifyResult extends NumericIdentifiable {
  /** Shape of the input that was taken, batch first; feature maps as [B, C, H, W]. */
  readonly inputShape: readonly number[];
  /** Entries of all gradients. */
  readonly equations: number;
  readonly engine: string;
  readonly seconds: number;
  readonly assumptions: readonly string[];
  /** Where the model itself is too large: the same on a smaller picture, or why there is none. */
  readonly twin?: VerifyResult | { readonly reason: string };
}

export interface VerifyHooks {
  readonly cancel: CancellationToken;
  /** Rank found so far, and the most it can become. */
  readonly progress: (rank: number, most: number, what: 'model' | 'twin') => void;
}

/**
 * The identifiable dimension by automatic differentiation, at the model's weights (stored, else drawn) and a random
 * input: uniform in ±0.5, with a random label.
 *
 * @throws {Error} with a sentence where the model cannot be run
 * @throws Cancelled when the token asks for it
 */
export async function verifyModel(
  { model, file, shard }: OpenedModel,
  request: VerifyRequest,
  hooks: VerifyHooks,
): Promise<VerifyResult> {
  const engine = await loadOnnxCpu().catch(() => loadOnnxWasm());
  const measure = async (graph: ModelGraph, what: 'model' | 'twin'): Promise<VerifyResult> => {
    const weights = weightsOfModel(graph, file, shard, request.seed);
    const victim = victimOf(graph, weights.values, request.batch);
    return rankOf(victim, engine, request, weights.origin, hooks, what);
  };
  try {
    const result = await measure(model, 'model');
    if (result.bound !== 'at least') return result;
    const twin = twinOf(model, largestExact / request.batch);
    return { ...result, twin: 'graph' in twin ? await measure(twin.graph, 'twin') : twin };
  } finally {
    await engine.dispose();
  }
}

async function rankOf(
  victim: Victim,
  engine: Engine,
  { seed, batch }: VerifyRequest,
  weights: string,
  { cancel, progress }: VerifyHooks,
  what: 'model' | 'twin',
): Promise<VerifyResult> {
  const started = performance.now();
  const means = { engine, products: engineProducts(engine) };
  const found = await numericIdentifiable(victim, randomPoint(victim, seed), means, seed, cancel, (rank, most) =>
    progress(rank, most, what),
  );
  return {
    ...found,
    inputShape: victim.x.shape,
    equations: victim.gradients.reduce((sum, g) => sum + sizeOf(g.shape), 0),
    engine: engine.info.name,
    seconds: (performance.now() - started) / 1000,
    assumptions: [
      batch === 1 ? 'one example a gradient' : `${batch} examples a gradient`,
      weights,
      'a random input, uniform in ±0.5, and a random label',
      ...victim.assumptions,
    ],
  };
}

function randomPoint({ x, y }: Victim, seed: number) {
  const random = createRandom(seed);
  const input = Float64Array.from({ length: sizeOf(x.shape) }, () => random.uniform() - 0.5);
  const target = new Float64Array(sizeOf(y.shape));
  const classes = y.shape[y.shape.length - 1] ?? 1;
  for (let b = 0; b < target.length / classes; b++) {
    if (classes === 1) target[b] = Math.round(random.uniform());
    else target[b * classes + Math.floor(random.uniform() * classes)] = 1;
  }
  return { x: input, y: target };
}
