import type { ModelGraph } from '../../src-analysis/model/graph.ts';
import type { SourceFile } from '../../src-analysis/readers/reader.ts';
import type { AttackProblem } from '../attacks/attack.ts';
import type { Engine } from '../engines/engine.ts';
import { decodePicture } from '../image/decode.ts';
import { fitPicture, fitRule } from '../image/fit.ts';
import type { Picture } from '../image/picture.ts';
import { parsePreprocess } from '../image/preprocess.ts';
import { picturesToInput } from '../image/tensor.ts';
import type { Node, Values } from '../ir/graph.ts';
import { engineProducts } from '../linear-algebra/engine-products.ts';
import { buildVictim } from '../victim/build-victim.ts';
import type { Victim, VictimLoss } from '../victim/victim.ts';
import { weightsOfModel } from '../weights/model-weights.ts';
import { imageShapeOf } from './image-input.ts';
import { classesOf, inferLabel, targetOf } from './label.ts';

/** What a simulated attack starts from: everything is read, nothing is computed yet. */
export interface RunSource {
  readonly model: ModelGraph;
  readonly file: SourceFile;
  /** Bytes of a weight file beside model.json. */
  readonly shard: (path: string) => Uint8Array | undefined;
  /** A PNG or JPEG file. */
  readonly image: Uint8Array;
  /** null: the class that the model itself predicts is taken for the example, and the attacker infers it. */
  readonly label: number | null;
  readonly preprocess: string;
  readonly seed: number;
}

export interface PreparedRun {
  readonly problem: AttackProblem;
  /** The picture behind the gradient, as the model sees it. */
  readonly target: Picture;
  /** The same as the model's input. */
  readonly truth: Float64Array;
  readonly label: number;
  readonly labelFrom: 'given' | 'inferred';
  readonly assumptions: readonly string[];
}

/** Builds the training step, computes the gradient that would be shared, and what the attacker knows. @throws with a sentence */
export async function prepareRun(source: RunSource, engine: Engine): Promise<PreparedRun> {
  const preprocess = parsePreprocess(source.preprocess);
  const weights = weightsOfModel(source.model, source.file, source.shard, source.seed);
  const victim = victimOf(source.model, weights.values);
  const { shape, assumption } = imageShapeOf(victim);
  const target = fitPicture(decodePicture(source.image), shape.width, shape.height, shape.channels);
  const truth = picturesToInput([target], shape, preprocess);
  const trueLabel = source.label ?? (await predictedLabel(engine, victim, truth));
  const observed = await gradientsAt(engine, victim, truth, targetOf(victim, trueLabel));
  const inferred = source.label === null ? inferLabel(victim, observed) : undefined;
  if (source.label === null && inferred === undefined) {
    throw new Error('The label cannot be inferred from this model’s gradient (no bias in its last layer): give it.');
  }
  const label = inferred ?? trueLabel;
  return {
    problem: {
      victim,
      observed,
      y: targetOf(victim, label),
      shape,
      preprocess,
      engine,
      products: engineProducts(engine),
    },
    target,
    truth,
    label,
    labelFrom: source.label === null ? 'inferred' : 'given',
    assumptions: [
      'one example a gradient',
      weights.origin,
      `picture fitted to the model’s input: ${fitRule}`,
      ...(assumption ? [assumption] : []),
      ...victim.assumptions,
    ],
  };
}

function victimOf(model: ModelGraph, weights: Parameters<typeof buildVictim>[1]): Victim {
  const { victim, unsupported } = buildVictim(model, weights, { batch: 1, loss: lossOf(model), normMode: 'eval' });
  if (victim) return victim;
  const [first, ...others] = unsupported;
  const layer = first && first.layer !== null ? `${model.layers[first.layer]?.name}: ` : '';
  const more = others.length > 0 ? ` (and ${others.length} more obstacles)` : '';
  throw new Error(`The attack cannot be run on ${model.name}. ${layer}${first?.reason ?? ''}${more}`);
}

/** Models that end in a sigmoid are trained with binary cross-entropy, all others here with cross-entropy. */
function lossOf(model: ModelGraph): VictimLoss {
  const last = model.layers[model.outputs[0]?.layer ?? -1];
  const activation = last?.op.kind === 'activation' ? last.op.activation : last?.activation;
  return activation?.name === 'sigmoid' ? 'bce' : 'cross-entropy';
}

async function predictedLabel(engine: Engine, victim: Victim, x: Values): Promise<number> {
  const logits = await evaluate(engine, { logits: victim.logits }, { x });
  const values = Array.from(logits.logits!);
  return classesOf(victim) === 1 ? Number(values[0]! > 0) : values.indexOf(Math.max(...values));
}

async function gradientsAt(engine: Engine, victim: Victim, x: Values, y: Values): Promise<Values[]> {
  const outputs = Object.fromEntries(victim.gradients.map((node, i) => [`gradient ${i}`, node]));
  const values = await evaluate(engine, outputs, { x, y });
  return victim.gradients.map((_, i) => values[`gradient ${i}`]!);
}

async function evaluate(
  engine: Engine,
  outputs: Readonly<Record<string, Node>>,
  inputs: Readonly<Record<string, Values>>,
): Promise<Record<string, Values>> {
  const program = await engine.compile(outputs);
  try {
    return await program.run(inputs);
  } finally {
    await program.dispose();
  }
}
