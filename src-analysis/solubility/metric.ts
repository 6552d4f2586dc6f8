import type { LayerAnalysis, Metric } from '../model/analysis.ts';

/**
 * The security metric of Chen & Campbell (BMVC 2022, arXiv 2210.13231): c(M) = Σ_i (rank(U_i) − n_i)·(d − i)/d over the
 * d convolution layers, i = 0 at the input. 0 means that every layer's system determines its input. Layers without a
 * verdict are left out and make the coverage partial.
 *
 * @param convolutions one entry for every convolution of the model
 */
export function metricOf(convolutions: readonly LayerAnalysis[]): Metric {
  const terms = convolutions.flatMap(layer =>
    layer.deficiency === null || layer.metricWeight === null ? [] : [layer.deficiency * layer.metricWeight],
  );
  const coverage = terms.length === convolutions.length ? 'complete' : 'partial';
  if (terms.length === 0) return { c: null, cRounded: null, coverage };
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return { c: sum(terms), cRounded: sum(terms.map(roundHalfToEven)), coverage };
}

/** Weight of convolution `i` of `d`: 1 at the input, 1/d for the last. */
export function metricWeight(i: number, d: number): number {
  return (d - i) / d;
}

/** Rounds to the nearest integer, ties to the even one, as Python's `round` in the paper's code does. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction !== 0.5) return Math.round(value) + 0;
  return (floor % 2 === 0 ? floor : floor + 1) + 0;
}
