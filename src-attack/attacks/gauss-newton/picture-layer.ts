import { type CancellationToken, throwIfCancelled } from '../../../src-analysis/readers/reader.ts';
import { createReferenceEngine } from '../../engines/reference/engine.ts';
import { sizeOf } from '../../ir/graph.ts';
import { cholesky, choleskySolve } from '../../linear-algebra/cholesky.ts';
import { gramMatrix } from '../../linear-algebra/gram.ts';
import { addSymmetric, copyTiled, diagonalOf, type TiledSymmetric } from '../../linear-algebra/tiled.ts';
import { maxAbs, norm } from '../../linear-algebra/vector.ts';
import type { AttackProblem } from '../attack.ts';
import { inputName } from '../objective.ts';
import { gradientRow, type SparseRow, weightRow } from '../r-gap/layer-rows.ts';
import type { KnownLayer } from '../r-gap/layer-system.ts';
import { addPrior, quadraticPrior, totalVariationPrior } from './prior.ts';

/** Dense normal equations: more unknowns or rows than this are left to the least-norm solution. */
const mostUnknowns = 6000;
const mostEntries = 2e7;
const mu = { first: 1e-2, last: 1e-7, factor: 0.1 };
const mostSteps = 20;
/** Intensities; far below a grey level. */
const settled = 1e-4;
const damping = 1e-12;
/** Values that are cut off are kept this far from their limit, in units of the mean row norm: a bound holds nearly. */
const margin = 1e-5;

/** How an entry of a layer's input comes from the picture: scale · u[index] + offset. */
export interface Affine {
  readonly index: Int32Array;
  readonly scale: Float64Array;
  readonly offset: Float64Array;
}

/**
 * The picture from the system of the layer that sees it, U x = v, where that leaves something open: least squares with
 * the smoothness prior (total variation from the second step on, by reweighting), and what else is certain. Intensities
 * are in [0, 1], and what a ReLU cuts off is below its limit; the equations of the bounds that the last step violated
 * hold in the next.
 * @param show is given the intensities − 0.5 after every step, and how far they are from solving the system
 * @returns the layer's input; null where the system is too large for dense algebra
 */
export async function solvePictureLayer(
  layer: KnownLayer,
  affine: Affine,
  problem: AttackProblem,
  cancel: CancellationToken,
  show: (u: Float64Array, loss: number) => void,
): Promise<Float64Array | null> {
  const unknowns = affine.index.length;
  if (unknowns > mostUnknowns || unknowns * layer.kernel.length > mostEntries) return null;
  const { rows, right, limits } = equations(layer, affine);
  const { matrix: base, product } = await normalEquations(rows, right, unknowns, problem, cancel);
  const mean = diagonalOf(base).reduce((sum, d) => sum + d, 0) / unknowns;

  let u: Float64Array = new Float64Array(unknowns);
  let prior = quadraticPrior(problem.shape, 1);
  let bounds: Equation[] = [];
  let weight = mu.first;
  for (let step = 0; step < mostSteps; step++) {
    throwIfCancelled(cancel);
    const matrix = copyTiled(base);
    const known = product.slice();
    addPrior(matrix, prior, weight, problem.shape, 1);
    for (let i = 0; i < unknowns; i++) addSymmetric(matrix, i, i, damping * mean);
    for (const { row, value } of bounds) addRow(matrix, known, row, value);
    const factor = await cholesky(matrix, problem.products, cancel);
    if (factor.kind !== 'factor') return null;
    const next = choleskySolve(factor, known);
    const moved = maxAbs(next.map((value, i) => value - u[i]!));
    u = next;
    if (!Number.isFinite(moved)) return null;
    show(
      u,
      rows.reduce((sum, row, r) => sum + (dotSparse(row, u) - right[r]!) ** 2, 0),
    );
    if (weight <= mu.last && moved < settled) break;
    bounds = [...limits.filter(limit => violates(limit, u)), ...outOfRange(u)];
    prior = totalVariationPrior(problem.shape, 1, u);
    weight = Math.max(mu.last, weight * mu.factor);
  }
  return Float64Array.from(affine.index, (i, k) => affine.scale[k]! * u[i]! + affine.offset[k]!);
}

interface Equation {
  readonly row: SparseRow;
  readonly value: number;
}

interface Limit extends Equation {
  /** −1: row · u ≤ value; 1: ≥. */
  readonly side: number;
}

/** The layer's equations in terms of the picture, each family scaled to unit mean row norm, and its limits. */
function equations(layer: KnownLayer, affine: Affine) {
  const { z, cutOff, kernelGradient } = layer;
  const inPicture = (row: SparseRow, value: number): Equation => {
    let constant = 0;
    const values = row.values.map((v, k) => {
      const column = row.columns[k]!;
      constant += v * affine.offset[column]!;
      return v * affine.scale[column]!;
    });
    return { row: { columns: row.columns.map(column => affine.index[column]!), values }, value: value - constant };
  };
  const outputs = Array.from(z, (_, p) => weightRow(layer, p));
  const on = outputs.flatMap((row, p) => (cutOff?.known[p] === 0 ? [] : [inPicture(row, z[p]!)]));
  const scale = inverseRowNorm(on);
  const gradients = Array.from(kernelGradient ?? [], (value, entry) => inPicture(gradientRow(layer, entry), value));
  const all = [...on.map(scaledBy(scale)), ...gradients.map(scaledBy(inverseRowNorm(gradients)))];
  const limits = outputs.flatMap((row, p): Limit[] => {
    if (cutOff?.known[p] !== 0) return [];
    const limit = cutOff.limit[p]!;
    const side = Math.sign(z[p]! - limit);
    const scaled = scaledBy(scale)(inPicture(row, limit));
    return [{ ...scaled, value: scaled.value + side * margin, side }];
  });
  return { rows: all.map(({ row }) => row), right: Float64Array.from(all, ({ value }) => value), limits };
}

function scaledBy(factor: number) {
  return ({ row, value }: Equation): Equation => ({
    row: { columns: row.columns, values: row.values.map(v => v * factor) },
    value: value * factor,
  });
}

function inverseRowNorm(list: readonly Equation[]): number {
  const squares = list.reduce((sum, { row }) => sum + norm(row.values) ** 2, 0);
  return squares > 0 ? Math.sqrt(list.length / squares) : 0;
}

/** UᵀU and Uᵀv. */
async function normalEquations(
  rows: readonly SparseRow[],
  right: Float64Array,
  unknowns: number,
  problem: AttackProblem,
  cancel: CancellationToken,
): Promise<{ readonly matrix: TiledSymmetric; readonly product: Float64Array }> {
  // Rows of W have few entries, rows of K many: the former are added one by one, the latter as one matrix product.
  const isLong = (row: SparseRow) => row.columns.length > longRow;
  const long = rows.filter(isLong);
  const columns = Array.from({ length: unknowns }, () => new Float64Array(long.length));
  long.forEach((row, r) => {
    row.columns.forEach((column, k) => {
      columns[column]![r]! += row.values[k]!;
    });
  });
  const matrix = await gramMatrix(columns, problem.products, cancel);
  const product = new Float64Array(unknowns);
  rows.forEach((row, r) => {
    if (!isLong(row)) addRow(matrix, product, row, right[r]!);
    else addTo(product, row, right[r]!);
  });
  return { matrix, product };
}

const longRow = 128;

function addTo(product: Float64Array, { columns, values }: SparseRow, factor: number): void {
  for (let k = 0; k < columns.length; k++) product[columns[k]!]! += factor * values[k]!;
}

/** matrix += row·rowᵀ, product += value·row. */
function addRow(matrix: TiledSymmetric, product: Float64Array, row: SparseRow, value: number): void {
  const { columns, values } = row;
  for (let a = 0; a < columns.length; a++) {
    for (let b = 0; b <= a; b++) addSymmetric(matrix, columns[a]!, columns[b]!, values[a]! * values[b]!);
  }
  addTo(product, row, value);
}

function violates({ row, value, side }: Limit, u: Float64Array): boolean {
  return (dotSparse(row, u) - value) * side < 0;
}

function dotSparse({ columns, values }: SparseRow, u: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < columns.length; k++) sum += values[k]! * u[columns[k]!]!;
  return sum;
}

/** Intensities beyond black and white. */
function outOfRange(u: Float64Array): Equation[] {
  const list: Equation[] = [];
  u.forEach((value, i) => {
    if (Math.abs(value) > 0.5) {
      list.push({ row: { columns: Int32Array.of(i), values: Float64Array.of(1) }, value: 0.5 * Math.sign(value) });
    }
  });
  return list;
}

/**
 * How the layer's input comes from the picture, if it is only rearranged, scaled and shifted on the way.
 * @param toInput the model's input for intensities − 0.5
 */
export async function affineFromPicture(
  layer: KnownLayer,
  problem: AttackProblem,
  toInput: (u: Float64Array) => Float64Array,
): Promise<Affine | null> {
  const { victim } = problem;
  const data = layer.node.inputs[0]!;
  const unknowns = sizeOf(victim.x.shape);
  if (sizeOf(data.shape) !== unknowns) return null;
  const program = await createReferenceEngine().compile({ data }, { precision: 'float64' });
  const evaluate = async (u: Float64Array) => (await program.run({ [inputName(victim.x)]: toInput(u) })).data!;
  const offset = Float64Array.from(await evaluate(new Float64Array(unknowns)));
  const ones = await evaluate(new Float64Array(unknowns).fill(1));
  const scale = offset.map((constant, k) => ones[k]! - constant);
  const numbered = await evaluate(Float64Array.from({ length: unknowns }, (_, i) => i + 1));
  await program.dispose();
  const index = Int32Array.from(numbered, (value, k) => Math.round((value - offset[k]!) / scale[k]!) - 1);
  // A map that mixes or bends entries does not give back the numbers.
  const isAffine = index.every(
    (i, k) =>
      i >= 0 &&
      i < unknowns &&
      Math.abs(numbered[k]! - offset[k]! - (i + 1) * scale[k]!) < 1e-6 * unknowns * Math.abs(scale[k]!),
  );
  return isAffine && new Set(index).size === unknowns ? { index, scale, offset } : null;
}
