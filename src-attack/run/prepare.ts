import type { ModelGraph } from '../../src-analysis/model/graph.ts';
import type { SourceFile } from '../../src-analysis/readers/reader.ts';
import type { AttackProblem } from '../attacks/attack.ts';
import type { Engine } from '../engines/engine.ts';
import { loadOnnxCpu, loadOnnxWasm } from '../engines/onnxruntime/load.ts';
import type { CapturedTensor } from '../gradient/captured.ts';
import { matchCapture } from '../gradient/match.ts';
import { decodePicture } from '../image/decode.ts';
import { fitPicture, fitRule } from '../image/fit.ts';
import type { Picture } from '../image/picture.ts';
import { parsePreprocess } from '../image/preprocess.ts';
import { picturesToInput } from '../image/tensor.ts';
import type { Node, Values } from '../ir/graph.ts';
import { engineProducts } from '../linear-algebra/engine-products.ts';
import { type MatrixProducts, plainProducts } from '../linear-algebra/products.ts';
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
  /** A PNG or JPEG file whose gradient is simulated, or tensors captured from a real training step. */
  readonly example:
    | { readonly kind: 'image'; readonly bytes: Uint8Array }
    | { readonly kind: 'gradient'; readonly tensors: ReadonlyMap<string, CapturedTensor> };
  /** null: inferred from the gradient; for an image, the class that the model itself predicts is taken for the true one. */
  readonly label: number | null;
  readonly preprocess: string;
  readonly seed: number;
}

export interface PreparedRun {
  readonly problem: AttackProblem;
  /** The picture behind the gradient as the model sees it, and the same as the model's input; null if it was captured. */
  readonly target: { readonly picture: Picture; readonly input: Float64Array } | null;
  readonly label: number;
  readonly labelFrom: 'given' | 'inferred';
  readonly assumptions: readonly string[];
}

/** Builds the training step, computes or takes the gradient that is shared, and what the attacker knows. @throws with a sentence */
export async function prepareRun(source: RunSource, engine: Engine): Promise<PreparedRun> {
  const preprocess = parsePreprocess(source.preprocess);
  const weights = weightsOfModel(source.model, source.file, source.shard, source.seed);
  const victim = victimOf(source.model, weights.values);
  const { shape, assumption } = imageShapeOf(victim);
  const seen =
    source.example.kind === 'image'
      ? await simulate(source.example.bytes, source.label, { victim, shape, preprocess, engine })
      : capture(source.example.tensors, victim);
  const label = source.label ?? inferLabel(victim, seen.observed);
  if (label === undefined) {
    throw new Error('The label cannot be inferred from this gradient (no bias in the last layer): give it.');
  }
  const { observed, target } = seen;
  const products = await productsFor(engine);
  const y = targetOf(victim, label);
  return {
    problem: { victim, observed, y, shape, preprocess, engine, products: products.products },
    target,
    label,
    labelFrom: source.label === null ? 'inferred' : 'given',
    assumptions: [
      'one example a gradient',
      weights.origin,
      seen.assumption,
      ...(assumption ? [assumption] : []),
      ...products.assumptions,
      ...victim.assumptions,
    ],
  };
}

/**
 * Float64 matrix products: by the engine itself, or for one that has only float32 (TensorFlow.js, GPUs) by ONNX Runtime,
 * since in plain JavaScript they take longer than everything else together.
 */
async function productsFor(engine: Engine): Promise<{ products: MatrixProducts; assumptions: readonly string[] }> {
  if (engine.info.precisions.includes('float64')) return { products: engineProducts(engine), assumptions: [] };
  for (const load of [loadOnnxCpu, loadOnnxWasm]) {
    try {
      const helper = await load();
      return {
        products: engineProducts(helper),
        assumptions: [`float64 matrix products by ${helper.info.name}, since ${engine.info.name} has float32 only`],
      };
    } catch {
      // The next one, or plain JavaScript.
    }
  }
  return { products: plainProducts, assumptions: ['float64 matrix products in plain JavaScript'] };
}

/** What is observed, and what is known of the picture behind it. */
interface Seen {
  readonly observed: readonly Values[];
  readonly target: PreparedRun['target'];
  readonly assumption: string;
}

async function simulate(
  bytes: Uint8Array,
  label: number | null,
  { victim, shape, preprocess, engine }: Pick<AttackProblem, 'victim' | 'shape' | 'preprocess' | 'engine'>,
): Promise<Seen> {
  const picture = fitPicture(decodePicture(bytes), shape.width, shape.height, shape.channels);
  const input = picturesToInput([picture], shape, preprocess);
  const trueLabel = label ?? (await predictedLabel(engine, victim, input));
  const observed = await gradientsAt(engine, victim, input, targetOf(victim, trueLabel));
  return { observed, target: { picture, input }, assumption: `picture fitted to the model’s input: ${fitRule}` };
}

function capture(tensors: ReadonlyMap<string, CapturedTensor>, victim: Victim): Seen {
  const { gradients, how } = matchCapture(victim.parameters, tensors);
  const matched = how === 'names' ? 'by their names' : 'by their order, since their names differ';
  return { observed: gradients, target: null, assumption: `captured tensors matched to the weights ${matched}` };
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

/** The gradient that one training step on `x` shares. */
export async function gradientsAt(engine: Engine, victim: Victim, x: Values, y: Values): Promise<Values[]> {
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
