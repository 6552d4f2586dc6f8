import { batch } from './batch/batch.ts';
import { clip } from './clip/clip.ts';
import type { DefenceKind } from './defence.ts';
import { dpSgd } from './dp-sgd/dp-sgd.ts';
import { localSteps } from './local-steps/local-steps.ts';
import { noise } from './noise/noise.ts';
import { prune } from './prune/prune.ts';
import { quantise } from './quantise/quantise.ts';
import { sign } from './sign/sign.ts';

/** Every kind of defence. A new one is a folder and a line here. */
export const defences: readonly DefenceKind[] = [noise, clip, dpSgd, prune, quantise, sign, batch, localSteps];
