import { analyseModel } from '../../src-analysis/analyse.ts';
import { unknownsOf } from '../../src-analysis/identifiability/unknowns.ts';
import type { ModelGraph } from '../../src-analysis/model/graph.ts';
import { type CancellationToken, neverCancelled } from '../../src-analysis/readers/reader.ts';
import { identifiablePhrase } from '../../src-analysis/reports/headline.ts';
import { trainableParameters } from '../../src-analysis/what-ifs/figures.ts';
import type { Engine } from '../engines/engine.ts';
import { loadOnnxCpu, loadOnnxWasm } from '../engines/onnxruntime/load.ts';
import { sizeOf } from '../ir/graph.ts';
import { engineProducts } from '../linear-algebra/engine-products.ts';
import type { Measurement, Prediction, Verification, VerifyProgress } from '../process/verify-protocol.ts';
import type { OpenedModel } from '../run/model-file.ts';
import { victimOf } from '../run/victim-of.ts';
import type { Victim } from '../victim/victim.ts';
import { weightsOfModel } from '../weights/model-weights.ts';
import { largestExact, numericIdentifiable } from './identifiable.ts';
import { pixelMaps } from './map.ts';
import { type ChosenPoint, type PointPictures, picturesPoint, randomPoint } from './point.ts';
import { type Mark, secondsLeft } from './time-left.ts';
import { twinOf } from './twin.ts';

export interface VerifyRequest {
  readonly seed: number;
  /** Examples that share one gradient. */
  readonly batch: number;
  /** As many as the batch has examples; absent: random inputs. */
  readonly pictures?: PointPictures;
  /** Inputs of more entries are not measured whole if the model has a smaller twin; absent: {@link largestSketched}. */
  readonly largestWhole?: number;
}

export interface VerifyHooks {
  readonly cancel: CancellationToken;
  readonly progress: (progress: VerifyProgress) => void;
}

/** Inputs of more entries (64×64×3 are 12,288) would take the better part of an hour for what is mostly a lower bound. */
export const largestSketched = 16_384;

/**
 * The identifiable dimension by automatic differentiation, at the model's weights (stored, else drawn) and at pictures or
 * a random input with a random label. Up to {@link largestExact} entries of input it is exact and comes with a map; up to
 * {@link largestSketched} it is sketched, and a smaller twin measured besides; beyond that the twin is measured alone,
 * or, where there is none, the model sketched all the same.
 *
 * @throws {Error} with a sentence where the model cannot be run
 * @throws Cancelled when the token asks for it
 */
export async function verifyModel(
  opened: OpenedModel,
  request: VerifyRequest,
  hooks: VerifyHooks,
): Promise<Verification> {
  const engine = await loadOnnxCpu().catch(() => loadOnnxWasm());
  const measure = (graph: ModelGraph, what: 'model' | 'twin') =>
    rankOf({ opened, graph, request, engine, progress: reporter(what, hooks), cancel: hooks.cancel });
  try {
    const unknowns = request.batch * inputSizeOf(opened.model);
    const predicted = predictionOf(opened.model, request.batch);
    const about = { unknowns, equations: trainableParameters(opened.model), predicted };
    if (unknowns <= largestExact) return { ...about, whole: await measure(opened.model, 'model'), twin: null };
    const twin = twinOf(opened.model, largestExact / request.batch);
    const isTooLarge = unknowns > (request.largestWhole ?? largestSketched);
    const whole = isTooLarge && 'graph' in twin ? null : await measure(opened.model, 'model');
    return { ...about, whole, twin: 'graph' in twin ? await measure(twin.graph, 'twin') : twin };
  } finally {
    await engine.dispose();
  }
}

/** Unknowns of one example; 0 where the shape is not known, of which the training step's builder tells the user. */
function inputSizeOf(graph: ModelGraph): number {
  const unknowns = unknownsOf(graph);
  return ('reason' in unknowns ? graph.inputs : unknowns.edges).reduce((sum, { layer, output }) => {
    const shape = graph.layers[layer]?.outputShapes[output];
    return sum + (shape?.reduce<number>((size, dim) => size * (dim ?? 0), 1) ?? 0);
  }, 0);
}

function predictionOf(graph: ModelGraph, batch: number): Prediction {
  const { identifiable } = analyseModel(graph, new Map(), neverCancelled, { batch });
  return { rank: identifiable.rank, basis: identifiable.basis, text: identifiablePhrase(identifiable) };
}

/** Tells of a measurement's progress, with the time that is left. */
function reporter(what: 'model' | 'twin', { progress }: VerifyHooks): (rank: number, most: number) => void {
  const started = performance.now();
  const marks: Mark[] = [];
  return (rank, most) => {
    marks.push({ rank, seconds: (performance.now() - started) / 1000 });
    progress({ what, rank, most, secondsLeft: secondsLeft(marks, most) });
  };
}

interface Subject {
  readonly opened: OpenedModel;
  /** The model, or its twin. */
  readonly graph: ModelGraph;
  readonly request: VerifyRequest;
  readonly engine: Engine;
  readonly progress: (rank: number, most: number) => void;
  readonly cancel: CancellationToken;
}

async function rankOf({ opened, graph, request, engine, progress, cancel }: Subject): Promise<Measurement> {
  const started = performance.now();
  const { seed, batch } = request;
  const weights = weightsOfModel(graph, opened.file, opened.shard, seed);
  const victim = victimOf(graph, weights.values, batch, { tokenVectors: true });
  const single = () => (batch === 1 ? victim : victimOf(graph, weights.values, 1));
  const point = await pointOf(victim, single, request, engine);
  const means = { engine, products: engineProducts(engine) };
  const { shares, ...found } = await numericIdentifiable(victim, point, means, seed, cancel, progress);
  return {
    ...found,
    inputShape: victim.x.shape,
    equations: victim.gradients.reduce((sum, g) => sum + sizeOf(g.shape), 0),
    engine: engine.info.name,
    seconds: (performance.now() - started) / 1000,
    assumptions: [
      batch === 1 ? 'one example a gradient' : `${batch} examples a gradient`,
      weights.origin,
      ...point.assumptions,
      ...victim.assumptions,
    ],
    predicted: predictionOf(graph, batch),
    maps: shares && point.layout ? pixelMaps(shares, point.layout, batch) : [],
  };
}

function pointOf(
  victim: Victim,
  single: () => Victim,
  { pictures, seed }: VerifyRequest,
  engine: Engine,
): Promise<ChosenPoint> | ChosenPoint {
  return pictures ? picturesPoint(victim, single, pictures, engine) : randomPoint(victim, seed);
}
