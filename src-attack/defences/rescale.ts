import { freshName, inputName } from '../attacks/objective.ts';
import { denseFeatures } from '../attacks/r-gap/dense.ts';
import { createReferenceEngine } from '../engines/reference/engine.ts';
import type { Values } from '../ir/graph.ts';
import { substitute } from '../ir/rewrite.ts';
import { dot, norm } from '../linear-algebra/vector.ts';
import { lastDense } from '../victim/last-dense.ts';
import type { Victim } from '../victim/victim.ts';
import { normOf, type Scale, short } from './defence.ts';

/** The observed gradient brought back to a gradient's scale, and how. */
export interface Rescaled {
  readonly observed: readonly Values[];
  readonly words: string;
}

/**
 * What an attacker does who knows that the scale of a gradient was changed (clipping, signs): attacks that compare
 * gradients entry by entry need it back; angles (`cosine`) do not. With one example and a last dense layer with a bias
 * it is exact: the layer's input is a ratio of the gradient's entries, with it the logits are known, and with them the
 * true ∂L/∂b, of which the observed one is a multiple. Otherwise the norm is taken from the gradient of a typical picture,
 * for signs tensor by tensor.
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
  const found = await factorOfLastLayer(victim, observed, y);
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
  return {
    observed: observed.map(tensor => times(tensor, likely)),
    words: `the attacker guesses the clipping’s factor ${short(1 / likely)} from the norm that the gradient has for a picture of ordinary contrast`,
  };
}

/** A bias gradient this near to a multiple of the expected one is a multiple of it. */
const collinear = 1e-2;

/** Observed ∂L/∂b over the one that the observed features would give, in the sense of least squares, and what remains. */
async function factorOfLastLayer(
  victim: Victim,
  observed: readonly Values[],
  y: Values,
): Promise<{ readonly factor: number; readonly misfit: number } | undefined> {
  const dense = lastDense(victim);
  if (victim.x.shape[0] !== 1 || dense?.bias === undefined) return undefined;
  const bias = Float64Array.from(observed[dense.bias]!);
  if (!bias.some(value => value !== 0)) return undefined;
  const values = Float64Array.from(observed[dense.weight]!);
  const features = denseFeatures({ values, units: bias.length, unitsFirst: dense.unitsFirst }, bias);
  const free = victim.graph.input(freshName(victim.graph, 'features'), dense.features.shape);
  const [replaced] = substitute([victim.gradients[dense.bias]!], new Map([[dense.features, free]]));
  const program = await createReferenceEngine().compile({ bias: replaced! }, { precision: 'float64' });
  const { bias: expected } = await program.run({ [inputName(free)]: features, [inputName(victim.y)]: y });
  const factor = dot(bias, Float64Array.from(expected!)) / dot(expected!, expected!);
  if (!(factor > 0 && Number.isFinite(factor))) return undefined;
  const misfit = norm(bias.map((value, i) => value - factor * expected![i]!)) / norm(bias);
  return { factor, misfit };
}

function quotient(a: number, b: number): number {
  return a > 0 && b > 0 ? a / b : 1;
}

function times(tensor: Values, factor: number): Float64Array {
  return Float64Array.from(tensor, value => value * factor);
}

function precise(values: readonly Values[]): Float64Array[] {
  return values.map(tensor => Float64Array.from(tensor));
}
