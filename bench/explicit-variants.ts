/** Systems with more than one layer's rows or unknowns, written out entry by entry over GF(p). */
import type { GridGeometry } from '../src-analysis/solubility/grid-geometry.ts';
import { inverse, randomResidues, residue } from '../src-analysis/solubility/modular.ts';
import {
  type ConvMap,
  convMap,
  type Draw,
  gradientRows,
  type Knowing,
  pulledBack,
  type Ranks,
  rankOf,
  type SparseRow,
  touchedBy,
  weightRows,
  wholeOutput,
} from './explicit-system.ts';

/** A transposed convolution: `back` is the convolution from its output to its input, with the same weights. */
export function explicitTransposed(back: GridGeometry, knowledge: Knowing, seed: number): Ranks {
  const random = randomResidues(seed);
  const map = convMap(back, random);
  const rows: [number, number][][] = Array.from({ length: map.unknowns }, () => []);
  for (let output = 0; output < map.outputs; output++) {
    for (const [z, w] of map.row(output)) rows[z]!.push([output, w]);
  }
  const turned: ConvMap = {
    unknowns: map.outputs,
    outputs: map.unknowns,
    positions: map.unknowns / back.inChannels,
    filters: back.inChannels,
    row: z => rows[z]!,
    taps: () => map.taps().map(pairs => pairs.map(([output, z]) => [z, output] as const)),
  };
  const known = knowledge(turned, random);
  const w = weightRows(turned, known);
  const k = gradientRows(turned, pulledBack(turned, known, random));
  return ranksOf(w, k, map.outputs, touchedBy(turned));
}

function ranksOf(w: readonly SparseRow[], k: readonly SparseRow[], columns: number, touched: number): Ranks {
  return {
    touched,
    weights: rankOf(w, columns),
    gradients: rankOf(k, columns),
    system: rankOf([...w, ...k], columns),
  };
}

/** Depthwise then pointwise convolution, both with their gradients. */
export function explicitSeparable(depthwise: GridGeometry, pointwise: GridGeometry, seed: number): Ranks {
  const random = randomResidues(seed);
  const [inner, outer] = [convMap(depthwise, random), convMap(pointwise, random)];
  const delta = pulledBack(outer, wholeOutput(outer), random);
  const innerDelta = new Float64Array(inner.outputs);
  for (let output = 0; output < outer.outputs; output++) {
    for (const [middle, w] of outer.row(output)) {
      innerDelta[middle] = residue(innerDelta[middle]! + residue(w * delta[output]!));
    }
  }
  const composed = (row: SparseRow) =>
    row.flatMap(([middle, v]) => inner.row(middle).map(([c, w]) => [c, residue(v * w)] as const));
  const w = weightRows(outer, wholeOutput(outer)).map(composed);
  const k = [...gradientRows(outer, delta).map(composed), ...gradientRows(inner, innerDelta)];
  return ranksOf(w, k, inner.unknowns, touchedBy(inner));
}

/**
 * Output known up to σ (and μ) of each set of channels, both further unknowns: dimensions of the input that follow. The rows are
 * those of a real input x*, as the system is homogeneous: ŷ = (z* − μ)/σ, and δ̂ ⊥ 1, δ̂ ⊥ ŷ on every set.
 */
export function explicitStatistics(
  g: GridGeometry,
  setOf: (filter: number) => number,
  sets: number,
  centred: boolean,
  seed: number,
): Pick<Ranks, 'touched' | 'weights' | 'system'> {
  const random = randomResidues(seed);
  const map = convMap(g, random);
  const at = (output: number) => setOf(Math.floor(output / map.positions));
  const input = draws(map.unknowns, random);
  const scale = draws(sets, random);
  const offset = centred ? draws(sets, random) : scale.map(() => 0);
  const value = draws(map.outputs, random).map((_, output) => {
    const z = map.row(output).reduce((sum, [c, w]) => residue(sum + residue(w * input[c]!)), 0);
    return residue(residue(z - offset[at(output)]!) * inverse(scale[at(output)]!));
  });
  const delta = draws(map.outputs, random);
  for (let set = 0; set < sets; set++) makeOrthogonal(delta, value, entriesOf(delta, at, set), centred);
  const [n, unknowns] = [map.unknowns, sets * (centred ? 2 : 1)];
  const w = value.map((y, output): SparseRow => {
    const ofSet = at(output);
    return [...map.row(output), [n + ofSet, residue(-y)], ...(centred ? [[n + sets + ofSet, -1] as const] : [])];
  });
  const k = map.taps().map((pairs): SparseRow => {
    const [first] = pairs;
    if (!first) return [];
    const gradient = pairs.reduce((sum, [output, c]) => residue(sum + residue(delta[output]! * input[c]!)), 0);
    const ofSet = at(first[0]);
    const known = residue(gradient * inverse(scale[ofSet]!));
    return [...pairs.map(([output, c]) => [c, delta[output]!] as const), [n + ofSet, residue(-known)]];
  });
  return {
    touched: touchedBy(map),
    weights: Math.max(0, rankOf(w, n + unknowns) - unknowns),
    system: rankOf([...w, ...k], n + unknowns) - unknowns,
  };
}

function draws(length: number, random: Draw): number[] {
  return Array.from({ length }, random);
}

function entriesOf(all: readonly number[], at: (output: number) => number, set: number): number[] {
  return [...all.keys()].filter(output => at(output) === set);
}

/** Changes the first entries of δ so that Σ δ·y = 0 (and Σ δ = 0) over a set. */
function makeOrthogonal(delta: number[], y: readonly number[], set: readonly number[], centred: boolean): void {
  const [a, b] = set as [number, number];
  const rest = set.slice(centred ? 2 : 1);
  const sum = residue(-rest.reduce((total, e) => residue(total + delta[e]!), 0));
  const product = residue(-rest.reduce((total, e) => residue(total + residue(delta[e]! * y[e]!)), 0));
  if (!centred) {
    delta[a] = residue(product * inverse(y[a]!));
    return;
  }
  delta[b] = residue(residue(product - residue(y[a]! * sum)) * inverse(residue(y[b]! - y[a]!)));
  delta[a] = residue(sum - delta[b]!);
}

/** Only z + s is known, and s is any tensor: dimensions of the layer's input that follow. */
export function explicitSumWithFree(g: GridGeometry, seed: number): Ranks {
  const random = randomResidues(seed);
  const map = convMap(g, random);
  const n = map.unknowns;
  const k = gradientRows(map, pulledBack(map, wholeOutput(map), random));
  const w = weightRows(map, wholeOutput(map)).map((row, output): SparseRow => [...row, [n + output, 1]]);
  const columns = n + map.outputs;
  return {
    touched: touchedBy(map),
    weights: rankOf(w, columns) - map.outputs,
    gradients: rankOf(k, columns),
    system: rankOf([...w, ...k], columns) - map.outputs,
  };
}

/** Only the sum of two layers' outputs is known, and both layers' gradients: dimensions of the first one's input. */
export function explicitSum(g: GridGeometry, other: GridGeometry, seed: number): Ranks {
  const random = randomResidues(seed);
  const [map, branch] = [convMap(g, random), convMap(other, random)];
  const n = map.unknowns;
  const delta = pulledBack(map, wholeOutput(map), random);
  const shifted = (row: SparseRow): SparseRow => row.map(([c, v]) => [c + n, v]);
  const w = weightRows(map, wholeOutput(map)).map((row, output) => [...row, ...shifted(branch.row(output))]);
  const k = gradientRows(map, delta);
  const branchRows = weightRows(branch, wholeOutput(branch));
  const branchGradients = gradientRows(branch, delta);
  const columns = n + branch.unknowns;
  const branchRank = rankOf(branchRows, branch.unknowns);
  return {
    touched: touchedBy(map),
    weights: rankOf(w, columns) - branchRank,
    gradients: rankOf(k, columns),
    system:
      rankOf([...w, ...k, ...branchGradients.map(shifted)], columns) -
      rankOf([...branchRows, ...branchGradients], branch.unknowns),
  };
}

/** A convolution to the same shape whose input is added to its output. */
export function explicitWithSkip(g: GridGeometry, seed: number): Ranks {
  const random = randomResidues(seed);
  const map = convMap(g, random);
  const w = weightRows(map, wholeOutput(map)).map((row, output): SparseRow => [...row, [output, 1]]);
  const k = gradientRows(map, pulledBack(map, wholeOutput(map), random));
  return ranksOf(w, k, map.unknowns, touchedBy(map));
}
