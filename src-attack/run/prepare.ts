import type { AttackProblem } from '../attacks/attack.ts';
import { unrolled } from '../defences/local-steps/unroll.ts';
import { rescale } from '../defences/rescale.ts';
import { gradientsAt, trainingChange } from '../defences/share.ts';
import type { Engine } from '../engines/engine.ts';
import type { Picture } from '../image/picture.ts';
import { parsePreprocess } from '../image/preprocess.ts';
import { picturesToInput } from '../image/tensor.ts';
import type { Values } from '../ir/graph.ts';
import { weightsOfModel } from '../weights/model-weights.ts';
import { imageShapeOf } from './image-input.ts';
import { classesOf, type InferredLabels, inferLabels, targetsOf } from './label.ts';
import { productsFor } from './products.ts';
import { type AppliedDefence, capture, logitsAt, type Seen, type Setting, simulate, type Targets } from './simulate.ts';
import { batchSizeOf, type RunSource } from './source.ts';
import { victimOf } from './victim-of.ts';

export interface PreparedRun {
  readonly problem: AttackProblem;
  /** null for a captured gradient: nobody knows the pictures. */
  readonly targets: Targets | null;
  /** One for every place of the batch, the images under attack first. Inferred ones stand in rising order. */
  readonly labels: readonly number[];
  readonly labelFrom: 'given' | 'inferred';
  readonly defence: readonly AppliedDefence[];
  readonly assumptions: readonly string[];
}

/** Builds the training step, computes or takes the gradient that is shared, and what the attacker knows. @throws with a sentence */
export async function prepareRun(source: RunSource, engine: Engine): Promise<PreparedRun> {
  const preprocess = parsePreprocess(source.preprocess);
  const weights = weightsOfModel(source.model, source.file, source.shard, source.seed);
  const batch = batchSizeOf(source);
  const victim = victimOf(source.model, weights.values, batch);
  const single = () => (batch === 1 ? victim : victimOf(source.model, weights.values, 1));
  const { shape, assumption } = imageShapeOf(victim);
  const setting: Setting = { victim, single, shape, preprocess, engine };
  const { example } = source;
  const seen = example.kind === 'image' ? await simulate(source, setting) : capture(source, example.tensors, victim);
  const typical = picturesToInput(Array<Picture>(batch).fill(shadedPicture(shape)), shape, preprocess);
  const inferred = source.label === null ? await labelsFrom(seen, setting, typical) : undefined;
  const labels = inferred?.labels ?? seen.labels ?? [];
  const y = targetsOf(victim, labels);
  const rescaled = await rescale(victim, seen.observed, y, seen.scale, () => gradientsAt(engine, victim, typical, y));
  const products = await productsFor(engine);
  const { localSteps } = trainingChange(source.defences ?? []);
  const attacked = localSteps?.simulated ? unrolled(victim, localSteps.steps, localSteps.rate) : victim;
  return {
    problem: {
      victim: attacked,
      observed: rescaled.observed,
      y,
      shape,
      preprocess,
      engine,
      products: products.products,
    },
    targets: seen.targets,
    labels,
    labelFrom: inferred ? 'inferred' : 'given',
    defence: seen.defence,
    assumptions: [
      batch === 1 ? 'one example a gradient' : `a batch of ${batch} examples, their number known`,
      weights.origin,
      seen.assumption,
      ...(inferred ? [`${batch === 1 ? 'label' : 'labels'} inferred from ${inferred.rule}`] : []),
      ...(seen.defence.length > 0 ? ['the attacker knows which defence was used'] : []),
      ...(rescaled.words ? [rescaled.words] : []),
      ...(assumption ? [assumption] : []),
      ...products.assumptions,
      ...victim.assumptions,
    ],
  };
}

async function labelsFrom({ observed }: Seen, { victim, engine }: Setting, typical: Values): Promise<InferredLabels> {
  const [batch, classes] = [victim.x.shape[0]!, classesOf(victim)];
  const expected = async () => probabilities((await logitsAt(engine, victim, typical)).slice(0, classes));
  const inferred = await inferLabels(victim, observed, batch, expected);
  if (inferred) return inferred;
  throw new Error(
    batch === 1
      ? 'The label cannot be inferred from this gradient (no bias in the last layer): give it.'
      : `The labels of ${batch} examples cannot be inferred from this gradient: give one for every image, in the same order.`,
  );
}

function probabilities(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const exponentials = logits.map(logit => Math.exp(logit - largest));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map(value => value / total);
}

/** A picture of ordinary contrast, from black at one corner to white at the other, for what an attacker can only guess. */
function shadedPicture({ width, height, channels }: AttackProblem['shape']): Picture {
  const pixels = new Uint8Array(width * height * channels);
  const steps = Math.max(1, width + height - 2);
  for (let i = 0; i < pixels.length; i++) {
    const p = Math.floor(i / channels);
    pixels[i] = Math.round((255 * ((p % width) + Math.floor(p / width))) / steps);
  }
  return { width, height, channels, pixels };
}
