import { reshape } from './arrange.ts';
import { add, div, mul, pow, sqrt, square, sub } from './elementwise.ts';
import type { Node } from './graph.ts';
import { mean } from './reduce.ts';

/** (x − mean)/√(variance + ε)·γ + β, everything broadcast against x; γ and β where given. */
export function normalise(x: Node, center: Node, variance: Node, epsilon: number, gamma?: Node, beta?: Node): Node {
  const scaled = div(sub(x, center), sqrt(add(variance, epsilon)));
  const stretched = gamma ? mul(scaled, gamma) : scaled;
  return beta ? add(stretched, beta) : stretched;
}

/**
 * Normalisation by the statistics of x itself over the given axes, with the biased variance: batch-norm in training
 * mode (axes: batch and space), layer-norm, instance-norm.
 */
export function normaliseBy(x: Node, axes: readonly number[], epsilon: number, gamma?: Node, beta?: Node): Node {
  const center = mean(x, axes);
  const centered = sub(x, center);
  const variance = mean(square(centered), axes);
  const scaled = mul(centered, pow(add(variance, epsilon), -0.5));
  const stretched = gamma ? mul(scaled, gamma) : scaled;
  return beta ? add(stretched, beta) : stretched;
}

/** Group-norm of [N, C, …]: statistics over each sample's group of channels (Wu & He 2018). γ, β broadcast against x. */
export function groupNorm(x: Node, groups: number, epsilon: number, gamma?: Node, beta?: Node): Node {
  const grouped = reshape(x, [x.shape[0]!, groups, -1]);
  const normalised = reshape(normaliseBy(grouped, [2], epsilon), x.shape);
  const stretched = gamma ? mul(normalised, gamma) : normalised;
  return beta ? add(stretched, beta) : stretched;
}
