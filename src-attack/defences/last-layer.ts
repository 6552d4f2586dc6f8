import { freshName, inputName } from '../attacks/objective.ts';
import { denseFeatures } from '../attacks/r-gap/dense.ts';
import { createReferenceEngine } from '../engines/reference/engine.ts';
import { gradient } from '../ir/gradient.ts';
import type { Values } from '../ir/graph.ts';
import { substitute } from '../ir/rewrite.ts';
import { dot, norm } from '../linear-algebra/vector.ts';
import { type LastDense, lastDense } from '../victim/last-dense.ts';
import type { Victim } from '../victim/victim.ts';

/** By what the gradient was multiplied, and what share of the last layer's gradient that leaves unexplained. */
export interface LastLayerFactor {
  readonly factor: number;
  readonly misfit: number;
}

/**
 * By what positive factor c the gradient of one example was multiplied, from its last dense layer; undefined where there
 * is none, or nothing fits.
 *
 * With a bias, the layer's input x = (∂L/∂W)_r/(∂L/∂b)_r does not depend on c (Geiping et al. 2020, proposition 3.1). It
 * gives the logits, they give δ = ∂L/∂z, and the observed ∂L/∂b is c·δ. Without a bias, ∂L/∂W = c·δ·xᵀ tells x up to its
 * length t; the direction of δ(W·t·u) depends on t, the observed one decides it, and then the length gives c.
 */
export async function lastLayerFactor(
  victim: Victim,
  observed: readonly Values[],
  y: Values,
): Promise<LastLayerFactor | undefined> {
  const dense = lastDense(victim);
  if (!dense || victim.x.shape[0] !== 1) return undefined;
  const delta = await logitGradient(victim, y);
  try {
    const found =
      dense.bias === undefined
        ? await withoutBias(victim, observed, dense, delta.at)
        : await withBias(victim, observed, dense, dense.bias, delta.at);
    return found && Number.isFinite(found.misfit) && found.factor > 0 ? found : undefined;
  } finally {
    await delta.dispose();
  }
}

type LogitGradient = (z: Float64Array) => Promise<Float64Array>;

/** ∂L/∂z at given logits, in float64. */
async function logitGradient(victim: Victim, y: Values) {
  const free = victim.graph.input(freshName(victim.graph, 'logits'), victim.logits.shape);
  const [loss] = substitute([victim.loss], new Map([[victim.logits, free]]));
  const program = await createReferenceEngine().compile(
    { delta: gradient(loss!, [free])[0]! },
    { precision: 'float64' },
  );
  const at: LogitGradient = async z => {
    const { delta } = await program.run({ [inputName(free)]: z, [inputName(victim.y)]: y });
    return Float64Array.from(delta!);
  };
  return { at, dispose: () => program.dispose() };
}

async function withBias(
  victim: Victim,
  observed: readonly Values[],
  dense: LastDense,
  bias: number,
  delta: LogitGradient,
): Promise<LastLayerFactor | undefined> {
  const seen = Float64Array.from(observed[bias]!);
  if (!seen.some(value => value !== 0)) return undefined;
  const values = Float64Array.from(observed[dense.weight]!);
  const features = denseFeatures({ values, units: seen.length, unitsFirst: dense.unitsFirst }, seen);
  const offset = constant(victim, bias);
  if (!offset) return undefined;
  const rows = weightRows(victim, dense, seen.length);
  const z = seen.map((_, r) => dot(rows[r]!, features) + offset[r]!);
  return multipleOf(seen, await delta(z));
}

/** Lengths of the features that are tried: a factor of 1.1 from 1e-3 to 1e4 finds the neighbourhood of every root. */
const lengths = { first: 1e-3, last: 1e4, factor: 1.1 };

async function withoutBias(
  victim: Victim,
  observed: readonly Values[],
  dense: LastDense,
  delta: LogitGradient,
): Promise<LastLayerFactor | undefined> {
  const units = victim.logits.shape.at(-1)!;
  const seenRows = rowsOf(observed[dense.weight]!, units, dense.unitsFirst);
  const strongest = seenRows.reduce((best, row) => (norm(row) > norm(best) ? row : best));
  // Two logits have δ in one direction whatever the length.
  if (units < 3 || norm(strongest) === 0) return undefined;
  const u = strongest.map(value => value / norm(strongest));
  const seen = Float64Array.from(seenRows, row => dot(row, u));
  const response = Float64Array.from(weightRows(victim, dense, units), row => dot(row, u));
  const at = async (t: number) => {
    const d = await delta(response.map(value => value * t));
    return multipleOf(
      seen,
      d.map(value => value * t),
    );
  };
  const misfit = async (t: number) => {
    const { factor, misfit } = await at(t);
    return factor > 0 ? misfit : Number.POSITIVE_INFINITY;
  };
  let best = { t: 0, misfit: Number.POSITIVE_INFINITY };
  for (const sign of [1, -1]) {
    for (let length = lengths.first; length < lengths.last; length *= lengths.factor) {
      const tried = await misfit(sign * length);
      if (tried < best.misfit) best = { t: sign * length, misfit: tried };
    }
  }
  if (best.t === 0) return undefined;
  return at(await ternarySearch(misfit, best.t / lengths.factor, best.t * lengths.factor));
}

/** Minimiser of a function with one minimum between a and b, to rounding. */
async function ternarySearch(f: (x: number) => Promise<number>, a: number, b: number): Promise<number> {
  let [low, high] = [a, b];
  for (let i = 0; i < 80; i++) {
    const third = (high - low) / 3;
    if ((await f(low + third)) < (await f(high - third))) high -= third;
    else low += third;
  }
  return (low + high) / 2;
}

/** c of the least ‖seen − c·expected‖, and that over ‖seen‖. */
function multipleOf(seen: Float64Array, expected: Float64Array): LastLayerFactor {
  const factor = dot(seen, expected) / dot(expected, expected);
  return { factor, misfit: norm(seen.map((value, i) => value - factor * expected[i]!)) / norm(seen) };
}

function weightRows(victim: Victim, dense: LastDense, units: number): Float64Array[] {
  return rowsOf(constant(victim, dense.weight)!, units, dense.unitsFirst);
}

/** One row a unit. */
function rowsOf(values: Values, units: number, unitsFirst: boolean): Float64Array[] {
  const features = values.length / units;
  return Array.from({ length: units }, (_, r) =>
    Float64Array.from({ length: features }, (_, j) => values[unitsFirst ? r * features + j : j * units + r]!),
  );
}

function constant(victim: Victim, parameter: number): Values | undefined {
  const { operation } = victim.parameters[parameter]!.node;
  return operation.kind === 'constant' ? operation.data : undefined;
}
