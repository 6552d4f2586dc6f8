import { freshName, inputName } from '../attacks/objective.ts';
import type { Engine } from '../engines/engine.ts';
import type { Values } from '../ir/graph.ts';
import { substitute } from '../ir/rewrite.ts';
import { createRandom } from '../optimisers/random.ts';
import type { Victim } from '../victim/victim.ts';
import {
  type Defence,
  DefenceError,
  type LocalSteps,
  mean,
  type Scale,
  short,
  type Tensors,
  type TrainingChange,
} from './defence.ts';

/** The training step that a client takes: its model, its examples one after the other, and their targets. */
export interface ClientStep {
  readonly victim: Victim;
  readonly x: Float64Array;
  readonly y: Float32Array;
  /** The same model for one example, for defences that treat every example's gradient by itself. */
  readonly single: () => Victim;
}

/** What the client shares, with what was done to it. */
export interface SharedUpdate {
  readonly observed: readonly Values[];
  /** Every defence of the chain, and what it did, in words. */
  readonly applied: readonly { readonly spec: string; readonly description: string }[];
  readonly scale: Scale;
}

/** What a chain changes in the training step. @throws {DefenceError} where two would change the same */
export function trainingChange(chain: readonly Defence[]): TrainingChange {
  const [batches, locals] = [
    chain.filter(defence => defence.training?.batchSize !== undefined),
    chain.filter(defence => defence.training?.localSteps !== undefined),
  ];
  if (batches.length > 1) throw new DefenceError('The batch can have one size: name one batch:N.');
  if (locals.length > 1) throw new DefenceError('The client can train one way: name one local-steps:N.');
  return { ...batches[0]?.training, ...locals[0]?.training };
}

/**
 * Runs the training step and applies the chain of defences in its order (those that change the step itself come first).
 * The same seed gives the same noise, whatever its level.
 */
export async function shareUpdate(
  step: ClientStep,
  chain: readonly Defence[],
  engine: Engine,
  seed: number,
): Promise<SharedUpdate> {
  const { localSteps } = trainingChange(chain);
  const { victim, x, y } = step;
  const batch = victim.x.shape[0]!;
  const words = new Map<Defence, string>();
  for (const defence of chain) {
    if (defence.training) words.set(defence, trainingWords(defence.training, batch));
  }
  const applied = () => chain.map(defence => ({ spec: defence.spec, description: words.get(defence) ?? '' }));
  const protections = chain.filter(defence => defence.protect);
  if (protections.length === 0) {
    const observed = localSteps
      ? await localUpdate(victim, x, y, localSteps, engine)
      : await gradientsAt(engine, victim, x, y);
    return { observed, applied: applied(), scale: 'kept' };
  }
  const apart = batch > 1 && !localSteps && protections[0]?.perExample === true;
  let parts: readonly Tensors[] = apart
    ? await perExample(step, batch, engine)
    : [
        localSteps
          ? await localUpdate(victim, x, y, localSteps, engine)
          : precise(await gradientsAt(engine, victim, x, y)),
      ];
  let scale: Scale = 'kept';
  protections.forEach((defence, i) => {
    // The attack's own random start is drawn from the seed itself: noise must not repeat it.
    const random = createRandom(Math.imul(seed ^ 0x5bd1e995, 2 * i + 0x9e3779b1));
    const result = defence.protect!(parts, random);
    parts = result.parts;
    words.set(defence, result.words);
    if (scale !== 'lost' && result.scale !== 'kept') scale = result.scale;
  });
  return { observed: mean(parts), applied: applied(), scale };
}

function trainingWords({ batchSize, localSteps }: TrainingChange, batch: number): string {
  if (batchSize !== undefined) {
    return `the gradient is the mean over a batch of ${batch}; further examples are cut from the sample pictures`;
  }
  const { steps, rate, simulated } = localSteps!;
  const attacked = simulated
    ? 'is shared; gauss-newton, dlg and cosine simulate the steps, other attacks take it for one gradient'
    : 'is attacked as if it were one gradient';
  return `${steps} local ${steps === 1 ? 'step' : 'steps'} at rate ${short(rate)} on the same examples; the difference of the weights over ${short(steps * rate)} ${attacked}`;
}

/** The gradient that one training step on `x` shares. */
export async function gradientsAt(engine: Engine, victim: Victim, x: Values, y: Values): Promise<Values[]> {
  const outputs = Object.fromEntries(victim.gradients.map((node, i) => [`gradient ${i}`, node]));
  const program = await engine.compile(outputs);
  try {
    const values = await program.run({ x, y });
    return victim.gradients.map((_, i) => values[`gradient ${i}`]!);
  } finally {
    await program.dispose();
  }
}

async function perExample({ x, y, single }: ClientStep, batch: number, engine: Engine): Promise<Tensors[]> {
  const victim = single();
  const [perX, perY] = [x.length / batch, y.length / batch];
  const parts: Tensors[] = [];
  for (let b = 0; b < batch; b++) {
    const [example, target] = [x.slice(b * perX, (b + 1) * perX), y.slice(b * perY, (b + 1) * perY)];
    parts.push(precise(await gradientsAt(engine, victim, example, target)));
  }
  return parts;
}

/** (w₀ − w_K)/(K·rate): the mean of the gradients along the way. */
async function localUpdate(
  victim: Victim,
  x: Float64Array,
  y: Float32Array,
  { steps, rate }: LocalSteps,
  engine: Engine,
): Promise<Float64Array[]> {
  const { graph, parameters } = victim;
  const inputs = parameters.map(({ name, node }) => graph.input(freshName(graph, name), node.shape));
  const gradients = substitute(victim.gradients, new Map(parameters.map(({ node }, i) => [node, inputs[i]!])));
  const weights = parameters.map(({ node }) => {
    if (node.operation.kind !== 'constant')
      throw new DefenceError('A weight of this model is not known: no local steps.');
    return Float64Array.from(node.operation.data);
  });
  const sum = weights.map(weight => new Float64Array(weight.length));
  const program = await engine.compile(Object.fromEntries(gradients.map((node, i) => [`gradient ${i}`, node])));
  try {
    for (let step = 0; step < steps; step++) {
      const given = Object.fromEntries(inputs.map((node, i) => [inputName(node), weights[i]!]));
      const values = await program.run({ x, y, ...given });
      weights.forEach((weight, l) => {
        values[`gradient ${l}`]!.forEach((g, i) => {
          weight[i]! -= rate * g;
          sum[l]![i]! += g / steps;
        });
      });
    }
  } finally {
    await program.dispose();
  }
  return sum;
}

function precise(values: readonly Values[]): Float64Array[] {
  return values.map(tensor => Float64Array.from(tensor));
}
