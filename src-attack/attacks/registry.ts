import type { Attack } from './attack.ts';
import { cosine } from './cosine/cosine.ts';
import { dlg } from './dlg/dlg.ts';
import { gaussNewton } from './gauss-newton/gauss-newton.ts';
import { hybrid } from './hybrid/hybrid.ts';
import { rGap } from './r-gap/r-gap.ts';

/** Every attack, in the order in which figures show them. A new one is a folder and a line here. */
export const attacks: readonly Attack[] = [rGap, dlg, cosine, hybrid, gaussNewton];

export function attackNamed(name: string): Attack | undefined {
  return attacks.find(attack => attack.name === name);
}
