import { DefenceError, type DefenceKind } from '../defence.ts';
import { mostUnrolledSteps } from './unroll.ts';

/**
 * Several steps of gradient descent on the client before anything is shared (FedAvg, McMahan et al., AISTATS 2017). What
 * is shared is the difference of the weights; over steps × rate it is the mean gradient along the way. The attacks take
 * it for a gradient at the first weights, or with `simulated` differentiate the steps themselves.
 */
export const localSteps: DefenceKind = {
  name: 'local-steps',
  title: 'Local steps',
  description: 'Trains several steps on the same examples and shares the difference of the weights (FedAvg).',
  parameter: { name: 'steps', meaning: 'steps before sharing', integer: true, least: 1, most: 1000 },
  options: [{ name: 'rate', meaning: 'learning rate of the steps', least: 0, open: true, preset: 0.01 }],
  flags: ['simulated'],
  example: 'local-steps:4,rate=0.01',
  levels: '1..32,rate=0.01',
  create({ spec, value, has }) {
    const [steps, simulated] = [value('steps'), has('simulated')];
    if (simulated && steps > mostUnrolledSteps) {
      throw new DefenceError(
        `An attacker can simulate up to ${mostUnrolledSteps} local steps here, not ${steps}: leave out "simulated".`,
      );
    }
    return { spec, training: { localSteps: { steps, rate: value('rate'), simulated } } };
  },
};
