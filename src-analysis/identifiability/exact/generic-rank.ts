/**
 * The identifiable dimension by exact elimination: rank of J = ∂(all gradients)/∂(input) over GF(p) at random weights, inputs,
 * activity patterns and derivatives. It assumes nothing that the law assumes; cost and memory grow with
 * (entries of all layers) · (entries of the input), which confines it to small models.
 */
import type { ModelGraph } from '../../model/graph.ts';
import { type CancellationToken, throwIfCancelled } from '../../readers/reader.ts';
import { EchelonBasis } from '../../solubility/echelon.ts';
import { randomResidues } from '../../solubility/modular.ts';
import { type CompileOptions, compile } from './compile.ts';
import { type Dual, DualSum } from './dual.ts';
import { evaluate, type ParameterUse } from './evaluate.ts';
import { type Program, repeated } from './program.ts';
import type { Pattern } from './typical-pattern.ts';

export interface GenericRankOptions extends CompileOptions {
  /** Examples in the gradient (1). */
  readonly batch?: number;
  /** Share of units that a ReLU leaves active (½). */
  readonly activeShare?: number;
  readonly seed?: number;
}

export type GenericRank =
  | { readonly rank: number; readonly unknowns: number }
  /** Why there is none, in a clause, and the layer in the way. */
  | { readonly reason: string; readonly layer?: number };

/**
 * Generic rank of J for a model with known shapes, cross-entropy at its end. The pattern of active units and of the greatest
 * entries is random, so where it decides, so does the seed. Throws `Cancelled` when the token asks for it.
 */
export function genericRank(
  graph: ModelGraph,
  cancel: CancellationToken,
  { batch = 1, activeShare = 0.5, seed = 1, ...options }: GenericRankOptions = {},
): GenericRank {
  const compiled = compile(graph, options);
  if ('reason' in compiled) return compiled;
  return rankOfProgram(repeated(compiled.program, batch), cancel, seed, activeShare);
}

export function rankOfProgram(
  program: Program,
  cancel: CancellationToken,
  seed: number,
  activeShare: number,
  pattern?: Pattern,
): { readonly rank: number; readonly unknowns: number } {
  const { unknowns, uses, tables } = evaluate(program, randomResidues(seed), activeShare, cancel, pattern);
  const basis = new EchelonBasis(unknowns);
  const scratch = new Float64Array(unknowns);
  const gradients = [...tables.map(deltas => deltas.map(delta => delta.tangent)), ...parameterRows(uses, unknowns)];
  for (const rows of gradients) {
    for (const row of rows) {
      throwIfCancelled(cancel);
      if (basis.rank === unknowns) return { rank: unknowns, unknowns };
      if (!row) continue;
      scratch.set(row);
      basis.add(scratch, 0, unknowns);
    }
  }
  return { rank: basis.rank, unknowns };
}

/** Rows of J, one parameter tensor after the other; from the output on, where they are most likely to be independent. */
function* parameterRows(uses: readonly ParameterUse[], unknowns: number): Generator<Iterable<Int32Array | null>> {
  const byKey = new Map<string, ParameterUse[]>();
  for (const use of uses) {
    const { weight, bias } = use.node;
    if (weight.observed) byKey.set(weight.key, [...(byKey.get(weight.key) ?? []), use]);
    if (bias?.parameter.observed) byKey.set(bias.parameter.key, [...(byKey.get(bias.parameter.key) ?? []), use]);
  }
  for (const [key, same] of byKey) {
    if (same[0]!.node.weight.key === key) yield kernelRows(same, unknowns);
    else yield biasRows(same, unknowns);
  }
}

function* kernelRows(uses: readonly ParameterUse[], unknowns: number): Generator<Int32Array | null> {
  const outer = uses.length === 1 ? outerProduct(uses[0]!) : null;
  const { count } = uses[0]!.node.weight;
  const terms: { use: ParameterUse; output: number; entry: number }[][] = Array.from({ length: count }, () => []);
  for (const use of uses) {
    const { lists, weights } = use.node;
    for (let k = 0; k + 1 < lists.starts.length; k++) {
      for (let at = lists.starts[k]!; at < lists.starts[k + 1]!; at++) {
        terms[weights[at]!]!.push({ use, output: k, entry: lists.entries[at]! });
      }
    }
  }
  const sum = new DualSum(unknowns);
  for (const products of terms) {
    if (outer && !products.some(({ output, entry }) => output === outer.output || entry === outer.entry)) continue;
    for (const { use, output, entry } of products) sum.addProduct(use.delta[output]!, use.input[entry]!);
    yield sum.take().tangent;
  }
}

/**
 * A dense layer used once has the gradient δ aᵀ. The tangent space of the matrices of rank one at it is spanned by one row and
 * one column of the matrix: all other rows of J depend on these.
 */
function outerProduct({ node, input, delta }: ParameterUse): { output: number; entry: number } | null {
  if (node.weight.count !== node.size * input.length || node.weights.length !== node.weight.count) return null;
  const isNonzero = ({ value }: Dual) => value !== 0;
  const [output, entry] = [delta.findIndex(isNonzero), input.findIndex(isNonzero)];
  return output < 0 || entry < 0 ? null : { output, entry };
}

function* biasRows(uses: readonly ParameterUse[], unknowns: number): Generator<Int32Array | null> {
  const { count } = uses[0]!.node.bias!.parameter;
  const terms: Dual[][] = Array.from({ length: count }, () => []);
  for (const { node, delta } of uses) for (const [k, label] of node.bias!.of.entries()) terms[label]!.push(delta[k]!);
  const sum = new DualSum(unknowns);
  for (const deltas of terms) {
    for (const delta of deltas) sum.addScaled(1, delta);
    yield sum.take().tangent;
  }
}
