import type { DefenceKind } from '../defence.ts';

/**
 * Several steps of gradient descent on the client before anything is shared (FedAvg, McMahan et al., AISTATS 2017). What
 * is shared is the difference of the weights; over steps × rate it is the mean gradient along the way, and the attacks
 * here take it for a gradient at the first weights. An attacker who simulates the steps does better.
 */
export const localSteps: DefenceKind = {
  name: 'local-steps',
  title: 'Local steps',
  description: 'Trains several steps on the same examples and shares the difference of the weights (FedAvg).',
  parameter: { name: 'steps', meaning: 'steps before sharing', integer: true, least: 1, most: 1000 },
  options: [{ name: 'rate', meaning: 'learning rate of the steps', least: 0, open: true, preset: 0.01 }],
  flags: [],
  example: 'local-steps:4,rate=0.01',
  levels: '1..32,rate=0.01',
  create: ({ spec, value }) => ({ spec, training: { localSteps: { steps: value('steps'), rate: value('rate') } } }),
};
