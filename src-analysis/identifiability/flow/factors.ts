/** Layers whose outputs a product of matrices multiplies: queries and keys of attention. */
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { elementwiseKind, isOffset } from '../../solubility/elementwise.ts';
import type { Consumers } from '../../solubility/invertibility.ts';

/** What a layer is in such a product. */
export interface Factor {
  /** Id of the product: the gradients of both layers are told from one matrix for each head. */
  readonly product: number;
  /** Facts that the gradients of both hold together, at most; without a bound where one of them sends none. */
  readonly facts: number;
  /** Its bias has no gradient: an offset of all keys moves all scores of a query alike, which a softmax forgets. */
  readonly losesBias: boolean;
}

/** Sizes of a product of queries and keys, for one head of the keys. */
export interface ProductSizes {
  /** Rows of the queries' and of the keys' kernels, with the bias if it is seen. */
  readonly queryRows: number;
  readonly keyRows: number;
  /** Columns: entries of a query and of a key. */
  readonly depth: number;
  /** Heads of the queries that one head of the keys serves: 1, or more in multi-query attention. */
  readonly sharing: number;
  /** Greatest rank of ∂L/∂scores, over all examples. */
  readonly rank: number;
}

/**
 * Facts in the gradients of queries Q = X W_Q and keys K = Y W_K of which only S = Q Kᵀ goes on (a bias is one more row of W and a
 * column of ones in X). With D = ∂L/∂S and M = Xᵀ D Y they are ∂W_Q = M W_K and ∂W_K = Mᵀ W_Q: functions of M, of rank at most
 * rank D. The count is the dimension of what M → (M W_K, Mᵀ W_Q) makes of the matrices of that rank, over all queries' heads of
 * one keys' head. Where no rank limits, it is the number of rows less the relations W_Qᵀ ∂W_Q = (W_Kᵀ ∂W_K)ᵀ of the symmetry
 * W_Q → W_Q A, W_K → W_K A⁻ᵀ: depth², or less where a kernel has fewer rows than columns.
 */
export function factsOfProduct({ queryRows, keyRows, depth, sharing, rank }: ProductSizes): number {
  const width = Math.min(depth, keyRows);
  const own = Math.min(rank, depth, queryRows, keyRows);
  // M W_K for every head: matrices of rank `own` whose rows lie in those of W_K; then what of M W_K does not see.
  const seen = sharing * (queryRows + width - own) * own;
  return seen + (keyRows - width) * Math.min(depth, sharing * Math.min(rank, queryRows));
}

type IsObserved = (layer: Layer, isRole: (role: string) => boolean) => boolean;

/** Every layer that is a factor of a product of two layers' outputs over their channels, by its id. */
export function factorsOf(
  graph: ModelGraph,
  consumers: Consumers,
  isObserved: IsObserved,
  batch: number,
): ReadonlyMap<number, Factor> {
  const factors = new Map<number, Factor>();
  for (const product of graph.layers) {
    const pair = factorsIn(graph, consumers, product);
    if (!pair) continue;
    const [query, key] = pair;
    const losesBias = isNormalised(graph, consumers, product);
    const facts = pair.every(({ layer }) => isObserved(layer, role => role !== 'bias'))
      ? factsIn(product, pair, isObserved, losesBias, batch)
      : Number.MAX_VALUE;
    factors.set(query.layer.id, { product: product.id, facts, losesBias: false });
    factors.set(key.layer.id, { product: product.id, facts, losesBias });
  }
  return factors;
}

function factsIn(
  product: Layer,
  [query, key]: readonly [DenseFactor, DenseFactor],
  isObserved: IsObserved,
  isNormalised: boolean,
  batch: number,
): number {
  const rows = ({ layer, inFeatures, bias }: DenseFactor, losesBias: boolean) =>
    inFeatures + (bias && !losesBias && isObserved(layer, role => role === 'bias') ? 1 : 0);
  const [heads, keyHeads] = [query.units / query.depth, key.units / key.depth];
  if (query.depth !== key.depth || !Number.isInteger(heads / keyHeads)) return Number.MAX_VALUE;
  const [queries, keys] = (product.outputShapes[0] as readonly number[]).slice(-2) as [number, number];
  const sizes = {
    queryRows: rows(query, false),
    keyRows: rows(key, isNormalised),
    depth: query.depth,
    sharing: heads / keyHeads,
    rank: batch * Math.min(queries, isNormalised ? keys - 1 : keys),
  };
  return keyHeads * factsOfProduct(sizes);
}

interface DenseFactor {
  readonly layer: Layer;
  readonly inFeatures: number;
  readonly units: number;
  readonly bias: boolean;
  /** Entries that the product sums over: the units of one head. */
  readonly depth: number;
}

/** The dense layers whose outputs a product contracts over their channels, first and second factor. */
function factorsIn(
  graph: ModelGraph,
  consumers: Consumers,
  { op, inputs, inputShapes }: Layer,
): readonly [DenseFactor, DenseFactor] | undefined {
  if (op.kind !== 'merge' || (op.merge !== 'dot' && op.merge !== 'matmul') || inputs.length !== 2) return undefined;
  const axes = op.merge === 'matmul' ? inputShapes.map((shape, i) => (shape?.length ?? 0) - 1 - i) : op.axes;
  const [first, second] = inputs.map((edge, i) => {
    const found = factorBehind(graph, consumers, edge.layer, axes?.[i]);
    const depth = inputShapes[i]?.[axes?.[i] ?? -1];
    return found && depth && found.units % depth === 0 ? { ...found, depth } : undefined;
  });
  return first && second && first.layer !== second.layer ? [first, second] : undefined;
}

/** The dense layer that makes a tensor with its channels along `axis`, if nothing else looks at it and only scales are between. */
function factorBehind(graph: ModelGraph, consumers: Consumers, from: number, axis: number | undefined) {
  let at = axis;
  for (let layer = graph.layers[from]!; at !== undefined && at >= 0; layer = graph.layers[layer.inputs[0]!.layer]!) {
    if (consumers.get(layer.id)?.length !== 1 || layer.activation) return undefined;
    const { op } = layer;
    if (op.kind === 'dense') {
      const { inFeatures, units, bias } = op;
      const isShared = graph.layers.some(other => (other.sharedWith ?? other.id) === layer.id && other !== layer);
      const isLast = at === (layer.outputShapes[0]?.length ?? 0) - 1;
      if (!isLast || isShared || layer.sharedWith !== undefined || inFeatures === null || units === null)
        return undefined;
      return { layer, inFeatures, units, bias };
    }
    if (layer.inputs.length !== 1) return undefined;
    at = axisBefore(layer, at);
  }
  return undefined;
}

const reshaping = new Set(['reshape', 'flatten', 'squeeze', 'unsqueeze', 'expand']);

/** The axis of a layer's input that becomes an axis of its output whole, or as parts of it, one a head. */
function axisBefore({ op, inputShapes, outputShapes }: Layer, axis: number): number | undefined {
  if (op.kind === 'identity' || op.kind === 'dropout') return axis;
  if (op.kind === 'elementwise') return elementwiseKind(op.name) === 'affine' && !isOffset(op.name) ? axis : undefined;
  if (op.kind !== 'rearrange') return undefined;
  if (op.how === 'permute') return op.permutation?.[axis];
  const [before, after] = [inputShapes[0], outputShapes[0]];
  if (!reshaping.has(op.how) || !before || !after || axis !== after.length - 1) return undefined;
  const [width, part] = [before.at(-1), after.at(-1)];
  const isHeads = after.at(-2) !== null && width === part! * after.at(-2)!;
  const isSplit = isHeads && before.slice(0, -1).join() === after.slice(0, -2).join();
  return width === part || isSplit ? before.length - 1 : undefined;
}

const mostSteps = 10;

/** Whether a softmax over the keys is all that looks at the scores. */
function isNormalised(graph: ModelGraph, consumers: Consumers, product: Layer): boolean {
  const last = product.outputShapes[0]!.length - 1;
  let layer = product;
  for (let step = 0; step < mostSteps; step++) {
    const [only, ...others] = consumers.get(layer.id) ?? [];
    const next = only === undefined || others.length > 0 ? undefined : graph.layers[only];
    if (!next) return false;
    const { op } = next;
    if (op.kind === 'activation')
      return op.activation.name === 'softmax' && [-1, last].includes(op.activation.axis ?? -1);
    const isScale = op.kind === 'elementwise' && elementwiseKind(op.name) === 'affine';
    const isMask = op.kind === 'merge' && op.merge === 'add';
    if (!isScale && !isMask && op.kind !== 'identity' && op.kind !== 'dropout') return false;
    layer = next;
  }
  return false;
}
