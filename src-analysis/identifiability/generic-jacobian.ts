/**
 * The identifiable dimension by exact elimination: rank of J = ∂(all gradients)/∂(input) over GF(p) at random weights,
 * activations and derivatives. It is what the recursion predicts, without its assumptions; the cost confines it to inputs of
 * a few thousand entries.
 *
 * A generic smooth activation takes unrelated values σ, σ′, σ″ at every unit, so they are drawn at random; a piecewise-linear
 * one has σ″ = 0, one of two slopes at every unit, and σ = σ′·z. The dense layer behind the last convolution gives that
 * layer's output, so those entries are rows of J and everything behind them adds nothing.
 */

import type { ConvGeometry } from '../model/analysis.ts';
import { type CancellationToken, throwIfCancelled } from '../readers/reader.ts';
import { rowsOf, unknownsOf } from '../solubility/conv-geometry.ts';
import { EchelonBasis } from '../solubility/echelon.ts';
import { productsPerReduction, randomResidues, residue } from '../solubility/modular.ts';
import { axisWindows } from '../solubility/sparse-system.ts';

export interface JacobianStage {
  readonly geometry: ConvGeometry;
  readonly activation: 'smooth' | 'piecewise-linear' | 'linear';
  readonly bias: boolean;
}

/**
 * Generic rank of J for convolutions from the input on, with a dense layer on the output of the last one. Time and memory
 * grow with (entries of all layers) · (entries of the input). Throws `Cancelled` when the token asks for it.
 */
export function genericJacobianRank(stages: readonly JacobianStage[], cancel: CancellationToken, seed = 1): number {
  const random = randomResidues(seed);
  const layers = forward(stages, random);
  const unknowns = layers[0]!.input.length;
  const tangents = forwardTangents(layers, unknowns, cancel);
  const basis = new EchelonBasis(unknowns);
  const scratch = new Float64Array(unknowns);
  const add = (row: Int32Array): void => {
    throwIfCancelled(cancel);
    if (basis.rank === unknowns) return;
    scratch.set(row);
    basis.add(scratch, 0, unknowns);
  };
  const last = layers.length - 1;
  tangents[last]!.output.forEach(add);
  // Backwards: `up` is ∂L/∂a of the layer at hand, `upTangent` its derivative by the input: 0 where the features are known.
  let up: ArrayLike<number> = Float64Array.from({ length: layers[last]!.edges.length }, random);
  let upTangent: readonly Int32Array[] | null = null;
  for (let i = last; i >= 0; i--) {
    const layer = layers[i]!;
    const delta = layer.slope.map((slope, k) => residue(slope * up[k]!));
    const deltaTangent = tangentOfDelta(layer, up, upTangent, tangents[i]!.z, unknowns);
    addGradients(layer, delta, deltaTangent, tangents[i - 1]?.output ?? null, unknowns, add);
    up = backward(layer, delta);
    upTangent = backwardTangents(layer, deltaTangent, unknowns);
  }
  return basis.rank;
}

interface Layer {
  /** Entries of the input, as they enter this layer. */
  readonly input: Float64Array;
  /** For every output: the inputs it sees and the weights it sees them with. */
  readonly edges: readonly { readonly input: number; readonly weight: number }[][];
  readonly weights: Float64Array;
  readonly bias: boolean;
  readonly filters: number;
  readonly slope: Float64Array;
  readonly curvature: Float64Array;
}

function forward(stages: readonly JacobianStage[], random: () => number): Layer[] {
  const layers: Layer[] = [];
  let input = Float64Array.from({ length: unknownsOf(stages[0]!.geometry) }, random);
  for (const { geometry, activation, bias } of stages) {
    const edges = edgesOf(geometry);
    const weights = Float64Array.from({ length: rowsOf(geometry).gradients }, random);
    const offsets = Float64Array.from({ length: geometry.filters }, () => (bias ? random() : 0));
    const slopes = [random(), random()] as const;
    const slope = Float64Array.from({ length: edges.length }, () => {
      if (activation === 'smooth') return random();
      return activation === 'linear' ? 1 : slopes[random() > 0 ? 1 : 0];
    });
    const curvature = Float64Array.from({ length: edges.length }, () => (activation === 'smooth' ? random() : 0));
    layers.push({
      input,
      edges,
      weights,
      bias,
      filters: geometry.filters,
      slope,
      curvature,
    });
    const positions = edges.length / geometry.filters;
    const current = input;
    input = Float64Array.from({ length: edges.length }, (_, k) => {
      if (activation === 'smooth') return random();
      let z = offsets[Math.floor(k / positions)]!;
      for (const edge of edges[k]!) z = residue(z + weights[edge.weight]! * current[edge.input]!);
      return residue(z * slope[k]!);
    });
  }
  return layers;
}

/** Outputs [filter, y, x] and the inputs [channel, y, x] and weights [filter, channel of the group, i, j] they use. */
function edgesOf(g: ConvGeometry): { input: number; weight: number }[][] {
  const channels = g.inChannels / g.groups;
  const columns = axisWindows(g, 1);
  const positions = axisWindows(g, 0).flatMap(y =>
    columns.map(x =>
      y.flatMap(a => x.map(b => ({ cell: a.cell * g.input[1] + b.cell, tap: a.tap * g.kernel[1] + b.tap }))),
    ),
  );
  const [cells, taps] = [g.input[0] * g.input[1], g.kernel[0] * g.kernel[1]];
  return Array.from({ length: g.filters }, (_, o) => {
    const group = Math.floor((o * g.groups) / g.filters);
    return positions.map(seen =>
      Array.from({ length: channels }, (_, c) =>
        seen.map(({ cell, tap }) => ({
          input: (group * channels + c) * cells + cell,
          weight: (o * channels + c) * taps + tap,
        })),
      ).flat(),
    );
  }).flat();
}

interface Tangents {
  /** ∂z/∂input, one row an entry of the layer's output. */
  readonly z: readonly Int32Array[];
  /** ∂a/∂input. */
  readonly output: readonly Int32Array[];
}

function forwardTangents(layers: readonly Layer[], unknowns: number, cancel: CancellationToken): Tangents[] {
  const result: Tangents[] = [];
  for (const layer of layers) {
    const before = result[result.length - 1]?.output;
    const sum = new Sum(unknowns);
    const z = layer.edges.map(edges => {
      throwIfCancelled(cancel);
      for (const { input, weight } of edges) {
        if (before) sum.add(layer.weights[weight]!, before[input]!);
        else sum.addUnit(layer.weights[weight]!, input);
      }
      return sum.take();
    });
    result.push({ z, output: z.map((row, k) => row.map(v => residue(v * layer.slope[k]!))) });
  }
  return result;
}

/** ∂δ/∂input, δ = σ′·up: σ″·up·∂z + σ′·∂up. */
function tangentOfDelta(
  layer: Layer,
  up: ArrayLike<number>,
  upTangent: readonly Int32Array[] | null,
  z: readonly Int32Array[],
  unknowns: number,
): Int32Array[] {
  const sum = new Sum(unknowns);
  return z.map((row, k) => {
    sum.add(residue(layer.curvature[k]! * up[k]!), row);
    if (upTangent) sum.add(layer.slope[k]!, upTangent[k]!);
    return sum.take();
  });
}

/** Rows of J that belong to one layer: ∂(∂L/∂W) = Σ_p ∂δ·x + δ·∂x and ∂(∂L/∂b) = Σ_p ∂δ. */
function addGradients(
  layer: Layer,
  delta: Float64Array,
  deltaTangent: readonly Int32Array[],
  inputTangent: readonly Int32Array[] | null,
  unknowns: number,
  add: (row: Int32Array) => void,
): void {
  const uses: { output: number; input: number }[][] = Array.from(layer.weights, () => []);
  layer.edges.forEach((edges, output) => {
    for (const { input, weight } of edges) uses[weight]!.push({ output, input });
  });
  const sum = new Sum(unknowns);
  for (const used of uses) {
    for (const { output, input } of used) {
      sum.add(layer.input[input]!, deltaTangent[output]!);
      if (inputTangent) sum.add(delta[output]!, inputTangent[input]!);
      else sum.addUnit(delta[output]!, input);
    }
    add(sum.take());
  }
  if (!layer.bias) return;
  const positions = layer.edges.length / layer.filters;
  for (let o = 0; o < layer.filters; o++) {
    for (let p = 0; p < positions; p++) sum.add(1, deltaTangent[o * positions + p]!);
    add(sum.take());
  }
}

function backward(layer: Layer, delta: Float64Array): Float64Array {
  const up = new Float64Array(layer.input.length);
  layer.edges.forEach((edges, output) => {
    for (const { input, weight } of edges) up[input] = residue(up[input]! + layer.weights[weight]! * delta[output]!);
  });
  return up;
}

function backwardTangents(layer: Layer, deltaTangent: readonly Int32Array[], unknowns: number): Int32Array[] {
  const seenBy: { output: number; weight: number }[][] = Array.from({ length: layer.input.length }, () => []);
  layer.edges.forEach((edges, output) => {
    for (const { input, weight } of edges) seenBy[input]!.push({ output, weight });
  });
  const sum = new Sum(unknowns);
  return seenBy.map(seen => {
    for (const { output, weight } of seen) sum.add(layer.weights[weight]!, deltaTangent[output]!);
    return sum.take();
  });
}

/** A linear combination of rows over GF(p), reduced only when it must be. */
class Sum {
  private readonly values: Float64Array;
  private products = 0;

  constructor(length: number) {
    this.values = new Float64Array(length);
  }

  add(factor: number, row: Int32Array): void {
    if (factor === 0) return;
    if (this.products === productsPerReduction - 1) this.reduce();
    for (let i = 0; i < row.length; i++) this.values[i]! += factor * row[i]!;
    this.products++;
  }

  addUnit(factor: number, index: number): void {
    this.values[index] = residue(this.values[index]! + factor);
  }

  /** The sum so far; starts a new one. */
  take(): Int32Array {
    const taken = Int32Array.from(this.values, residue);
    this.values.fill(0);
    this.products = 0;
    return taken;
  }

  private reduce(): void {
    for (let i = 0; i < this.values.length; i++) this.values[i] = residue(this.values[i]!);
    this.products = 0;
  }
}
