import type { ModelGraph } from '../../src-analysis/model/graph.ts';
import { buildVictim } from '../victim/build-victim.ts';
import type { Victim, VictimLoss, VictimOptions } from '../victim/victim.ts';

/** The training step of a model on a batch of examples. @throws {Error} with a sentence naming the first obstacle */
export function victimOf(
  model: ModelGraph,
  weights: Parameters<typeof buildVictim>[1],
  batch: number,
  { tokenVectors = false }: Pick<VictimOptions, 'tokenVectors'> = {},
): Victim {
  const options = { batch, loss: lossOf(model), normMode: 'eval', tokenVectors } as const;
  const { victim, unsupported } = buildVictim(model, weights, options);
  if (victim) return victim;
  const [first, ...others] = unsupported;
  const layer = first && first.layer !== null ? `${model.layers[first.layer]?.name}: ` : '';
  const more = others.length > 0 ? ` (and ${others.length} more obstacles)` : '';
  throw new Error(`The training step of ${model.name} cannot be built. ${layer}${first?.reason ?? ''}${more}`);
}

/** Models that end in a sigmoid are trained with binary cross-entropy, all others here with cross-entropy. */
function lossOf(model: ModelGraph): VictimLoss {
  const last = model.layers[model.outputs[0]?.layer ?? -1];
  const activation = last?.op.kind === 'activation' ? last.op.activation : last?.activation;
  return activation?.name === 'sigmoid' ? 'bce' : 'cross-entropy';
}
