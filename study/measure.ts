import { eliminate } from '../src-analysis/eliminate.ts';
import { sizeOf } from '../src-analysis/model/geometry.ts';
import type { ModelGraph } from '../src-analysis/model/graph.ts';
import { neverCancelled, type SourceFile } from '../src-analysis/readers/reader.ts';
import { readTfjsCode } from '../src-analysis/readers/tfjs-code/read.ts';
import { settledModel } from '../src-analysis/what-ifs/settle.ts';
import type { Attack } from '../src-attack/attacks/attack.ts';
import { hasKinks } from '../src-attack/attacks/gauss-newton/smoothing.ts';
import { attackNamed } from '../src-attack/attacks/registry.ts';
import { runAttack } from '../src-attack/attacks/run-attack.ts';
import { gradientsAt } from '../src-attack/defences/share.ts';
import type { Engine } from '../src-attack/engines/engine.ts';
import { parsePreprocess } from '../src-attack/image/preprocess.ts';
import { inputToIntensities, picturesToInput } from '../src-attack/image/tensor.ts';
import type { Values } from '../src-attack/ir/graph.ts';
import { engineProducts } from '../src-attack/linear-algebra/engine-products.ts';
import { norm } from '../src-attack/linear-algebra/vector.ts';
import { scoreImage } from '../src-attack/metrics/scores.ts';
import { imageShapeOf } from '../src-attack/run/image-input.ts';
import { targetOf } from '../src-attack/run/label.ts';
import { victimOf } from '../src-attack/run/victim-of.ts';
import { numericIdentifiable } from '../src-attack/verify/identifiable.ts';
import { weightsOfModel } from '../src-attack/weights/model-weights.ts';
import { type Architecture, architecture } from './architectures.ts';
import { givenPattern } from './pattern-given.ts';
import { type pictureNames, studyPicture, totalVariation } from './pictures.ts';
import { type Compared, modelKeyOf, type Result } from './results.ts';

/** The strongest attack there is for one image and a model that can be differentiated. */
const method = 'gauss-newton';
const preprocess = parsePreprocess('x/255 - 0.5');

/** Measures and attacks one model on one picture. The label is the model's seed modulo ten. */
export async function measure(
  { seed, population, code }: Architecture,
  picture: (typeof pictureNames)[number],
  engine: Engine,
  root: string,
): Promise<Result> {
  const { file, model } = read({ seed, code });
  const weights = weightsOfModel(model, file, () => undefined, seed);
  const victim = victimOf(model, weights.values, 1);
  const { shape } = imageShapeOf(victim);
  const x = picturesToInput([studyPicture(picture, shape.channels, root)], shape, preprocess);
  const y = targetOf(victim, seed % 10);
  const products = engineProducts(engine);
  const observed = await gradientsAt(engine, victim, x, y);
  const means = { engine, products };
  const numeric = await numericIdentifiable(victim, { x, y }, means, seed, neverCancelled, () => {});
  const problem = { victim, observed, y, shape, preprocess, engine, products };
  const intensities = (values: ArrayLike<number>) => inputToIntensities(values, shape, preprocess);
  const attackWith = async (attack: Attack) => {
    const { x: reached, seconds } = await runAttack(attack, problem, { seed }, { cancel: neverCancelled });
    const image = reached ?? new Float64Array(x.length);
    const { psnr, ssim } = scoreImage(intensities(image), intensities(x), shape);
    return { image, scores: { psnr, ssim, seconds } };
  };
  const { image, scores } = await attackWith(attackNamed(method)!);
  const gradients = await gradientsAt(engine, victim, image, y);
  const end = {
    distance: distance(gradients, observed),
    variation: totalVariation(intensities(image), shape) / totalVariation(intensities(x), shape),
  };
  const told = hasKinks(victim.gradients) ? { told: (await attackWith(givenPattern(x))).scores } : {};
  return { seed, population, picture, measured: numeric.rank, method, ...scores, ...end, ...told };
}

/** A tensor that should be zero is measured by the length of the whole gradient. */
function distance(gradients: readonly Values[], observed: readonly Values[]): number {
  const whole = Math.hypot(...observed.map(norm));
  const shares = observed.map((g, l) => {
    const left = norm(Float64Array.from(g, (value, i) => value - gradients[l]![i]!));
    return left === 0 ? 0 : left / (norm(g) || whole);
  });
  return Math.max(...shares);
}

/** Sets results beside what the analysis, as it is now, says of their models. */
export function compare(results: readonly Result[]): Compared[] {
  const predictions = new Map<string, Omit<Compared, keyof Result>>();
  const predictionOf = (result: Result) => {
    const key = modelKeyOf(result);
    const known = predictions.get(key) ?? predict(result);
    predictions.set(key, known);
    return known;
  };
  return results.map(result => ({ ...result, ...predictionOf(result) }));
}

function predict({ seed, population }: Result): Omit<Compared, keyof Result> {
  const { kind, code } = architecture(seed, population);
  const { model } = read({ seed, code });
  // As editor and command line have it once their workers are done.
  const { identifiable, metric } = settledModel(
    model,
    new Map(),
    task => eliminate(task, neverCancelled),
    neverCancelled,
  ).analysis;
  const unknowns = sizeOf(model.layers[model.inputs[0]!.layer]!.outputShapes[0]);
  return {
    kind,
    unknowns: unknowns!,
    predicted: identifiable.rank,
    estimate: identifiable.certainty === 'estimate',
    ...(identifiable.range ? { range: identifiable.range } : {}),
    c: metric.c,
  };
}

function read({ seed, code }: Pick<Architecture, 'seed' | 'code'>): { file: SourceFile; model: ModelGraph } {
  const file = { path: `study-${seed}.js`, text: code };
  const model = readTfjsCode(file, neverCancelled).models[0];
  if (!model) throw new Error(`Model ${seed} of the study cannot be read.`);
  return { file, model };
}
