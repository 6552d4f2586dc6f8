import type { Values } from '../ir/graph.ts';
import { norm } from '../linear-algebra/vector.ts';
import type { Victim } from '../victim/victim.ts';
import { normOf, type Scale, short } from './defence.ts';
import { lastLayerFactor } from './last-layer.ts';

/** The observed gradient brought back to a gradient's scale, and how. */
export interface Rescaled {
  readonly observed: readonly Values[];
  readonly words: string;
}

/**
 * What an attacker does who knows that the scale of a gradient was changed (clipping, signs), or does not know whether:
 * attacks that compare gradients entry by entry need it back; angles (`cosine`) do not. With one example the last dense
 * layer tells it ({@link lastLayerFactor}). Otherwise the norm is taken from the gradient of a typical picture, for signs
 * tensor by tensor.
 * @param typical the gradient at a picture of ordinary contrast for the same labels
 */
export async function rescale(
  victim: Victim,
  observed: readonly Values[],
  y: Values,
  scale: Scale,
  typical: () => Promise<readonly Values[]>,
): Promise<Rescaled> {
  if (scale === 'kept') return { observed, words: '' };
  if (scale === 'lost') {
    const likely = await typical();
    return {
      observed: observed.map((tensor, l) => times(tensor, quotient(norm(likely[l]!), norm(tensor)))),
      words:
        'the attacker gives every tensor the norm that it has for a picture of ordinary contrast, since signs do not tell it',
    };
  }
  const found = await lastLayerFactor(victim, observed, y);
  if (scale === 'unknown') {
    const told = found && found.misfit < collinear && Math.abs(found.factor - 1) > 1e-3;
    if (!told) return { observed, words: '' };
    return {
      observed: observed.map(tensor => times(tensor, 1 / found.factor)),
      words: `the last layer’s gradients tell that what was captured is ${short(found.factor)} times a gradient (clipped, or a difference of weights)`,
    };
  }
  if (found) {
    const { factor, misfit } = found;
    // Noise and local steps leave the bias gradient no exact multiple of the expected one.
    const how = misfit < collinear ? 'tell that the factor was' : 'suggest a factor of';
    return {
      observed: observed.map(tensor => times(tensor, 1 / factor)),
      words: `the attacker undoes the clipping: the last layer’s gradients ${how} ${short(factor)}`,
    };
  }
  const likely = quotient(normOf(precise(await typical())), normOf(precise(observed)));
  const batch = victim.x.shape[0]!;
  const several = batch > 1 ? `; one factor for all ${batch} examples, though each was clipped by its own` : '';
  return {
    observed: observed.map(tensor => times(tensor, likely)),
    words: `the attacker guesses the clipping’s factor ${short(1 / likely)} from the norm that the gradient has for a picture of ordinary contrast${several}`,
  };
}

/** A last layer's gradient this near to a multiple of the expected one is a multiple of it. */
const collinear = 1e-2;

function quotient(a: number, b: number): number {
  return a > 0 && b > 0 ? a / b : 1;
}

function times(tensor: Values, factor: number): Float64Array {
  return Float64Array.from(tensor, value => value * factor);
}

function precise(values: readonly Values[]): Float64Array[] {
  return values.map(tensor => Float64Array.from(tensor));
}
