import { dot, norm } from '../../linear-algebra/vector.ts';

/** A dense weight or its gradient: `unitsFirst` is [units, features], else [features, units]. */
export interface DenseMatrix {
  readonly values: Float64Array;
  readonly units: number;
  readonly unitsFirst: boolean;
}

/** The row of one unit: `features` entries. */
function unitRow({ values, units, unitsFirst }: DenseMatrix, unit: number): Float64Array {
  const features = values.length / units;
  return Float64Array.from(
    { length: features },
    (_, j) => values[unitsFirst ? unit * features + j : j * units + unit]!,
  );
}

/**
 * The input of a dense layer from ∂L/∂W = δ·xᵀ and δ = ∂L/∂b: the quotient of the row with the largest |δ_r|, which
 * loses the fewest digits (Geiping et al. 2020, proposition 3.1).
 */
export function denseFeatures(weightGradient: DenseMatrix, delta: Float64Array): Float64Array {
  let largest = 0;
  delta.forEach((value, unit) => {
    if (Math.abs(value) > Math.abs(delta[largest]!)) largest = unit;
  });
  return unitRow(weightGradient, largest).map(value => value / delta[largest]!);
}

/** Scales tried: a factor of 1.1 from 1e-4 to 1e5 brackets every root that real features can have. */
const scales = { first: 1e-4, last: 1e5, factor: 1.1 };

/**
 * The input of the last dense layer without a bias: ∂L/∂W = δ·xᵀ tells x up to its scale s, and δ(s), the loss gradient
 * at the output W x, must have δ(s)·s·‖u‖² equal to ∂L/∂W·u for the unit vector u along x. Where several scales fit, as
 * for the μ of R-GAP, the one with the smallest mismatch counts.
 * @param lossGradient ∂L/∂z at a given output z of the layer
 */
export async function scaledFeatures(
  weightGradient: DenseMatrix,
  weight: Float64Array,
  lossGradient: (z: Float64Array) => Promise<Float64Array>,
): Promise<Float64Array> {
  const { units } = weightGradient;
  const rows = Array.from({ length: units }, (_, unit) => unitRow(weightGradient, unit));
  const strongest = rows.reduce((best, row) => (norm(row) > norm(best) ? row : best));
  const unit = strongest.map(value => value / norm(strongest));
  const projected = Float64Array.from(rows, row => dot(row, unit));
  const weights: DenseMatrix = { ...weightGradient, values: weight };
  const response = Float64Array.from({ length: units }, (_, r) => dot(unitRow(weights, r), unit));
  const mismatch = async (scale: number) => {
    const delta = await lossGradient(response.map(value => value * scale));
    return norm(delta.map((value, i) => value * scale - projected[i]!));
  };
  let best = { scale: 0, error: Number.POSITIVE_INFINITY };
  for (const sign of [1, -1]) {
    for (let scale = scales.first; scale < scales.last; scale *= scales.factor) {
      const error = await mismatch(sign * scale);
      if (error < best.error) best = { scale: sign * scale, error };
    }
  }
  const refined = await goldenSection(mismatch, best.scale / scales.factor, best.scale * scales.factor);
  return unit.map(value => value * refined);
}

/** Minimiser of a function with one minimum between a and b. */
async function goldenSection(f: (x: number) => Promise<number>, a: number, b: number): Promise<number> {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [a, b];
  let [p, q] = [high - ratio * (high - low), low + ratio * (high - low)];
  let [fp, fq] = [await f(p), await f(q)];
  for (let i = 0; i < 80; i++) {
    if (fp < fq) {
      [high, q, fq] = [q, p, fp];
      p = high - ratio * (high - low);
      fp = await f(p);
    } else {
      [low, p, fp] = [p, q, fq];
      q = low + ratio * (high - low);
      fq = await f(q);
    }
  }
  return (low + high) / 2;
}
