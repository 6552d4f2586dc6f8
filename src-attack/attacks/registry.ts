import type { Attack } from './attack.ts';
import { cosine } from './cosine/cosine.ts';
import { dlg } from './dlg/dlg.ts';
import { gaussNewton } from './gauss-newton/gauss-newton.ts';
import { hybrid } from './hybrid/hybrid.ts';
import { rGap } from './r-gap/r-gap.ts';

/** Every attack there is, in the order in which they are offered. */
export const attacks: readonly Attack[] = [gaussNewton, rGap, dlg, cosine, hybrid];

export function findAttack(name: string): Attack {
  const attack = attacks.find(candidate => candidate.name === name);
  if (!attack)
    throw new Error(`There is no attack "${name}"; there are ${attacks.map(known => known.name).join(', ')}.`);
  return attack;
}
