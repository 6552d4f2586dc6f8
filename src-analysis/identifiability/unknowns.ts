/** What of a model's input an observer of the gradient looks for: its entries, or the vectors of its tokens. */
import type { Edge, Layer, ModelGraph } from '../model/graph.ts';
import { consumersOf } from '../solubility/invertibility.ts';

export interface Unknowns {
  /** Tensors whose entries are the unknowns. */
  readonly edges: readonly Edge[];
  /** Embeddings whose vectors stand for the tokens that they look up. */
  readonly embeddings: ReadonlySet<number>;
  /** Layers in front of the unknowns: they hold tokens. */
  readonly skipped: ReadonlySet<number>;
}

export interface NoUnknowns {
  /** Why there are none, in a clause. */
  readonly reason: string;
  readonly layer?: number;
}

/**
 * The unknowns of a model. No derivative leads through the look-up of an embedding, so for tokens the entries of their vectors
 * are asked for: a known vector names its token.
 */
export function unknownsOf(graph: ModelGraph): Unknowns | NoUnknowns {
  if (graph.inputs.length === 0) return { reason: 'models with no inputs are not covered' };
  const consumers = consumersOf(graph);
  const edges: Edge[] = [];
  const embeddings = new Set<number>();
  const skipped = new Set<number>();
  for (const input of graph.inputs) {
    const found = readersOf(graph, consumers, input.layer);
    if (found.embeddings.length === 0) {
      edges.push(input);
      continue;
    }
    const other = found.others[0];
    if (other) return { reason: `the tokens are also used as numbers ('${other.name}')`, layer: other.id };
    const shared = found.embeddings.find(layer => layer.sharedWith !== undefined || embeddings.has(layer.id));
    if (shared)
      return { reason: `a table shared between embeddings is not covered ('${shared.name}')`, layer: shared.id };
    for (const id of found.passed) skipped.add(id);
    for (const { id } of found.embeddings) {
      embeddings.add(id);
      edges.push({ layer: id, output: 0 });
    }
  }
  return { edges, embeddings, skipped };
}

/** Layers that move or recast tokens. */
function passesTokens({ op, activation, inputs }: Layer): boolean {
  const moves = op.kind === 'identity' || op.kind === 'rearrange' || (op.kind === 'elementwise' && op.name === 'cast');
  return moves && !activation && inputs.length === 1;
}

function readersOf(graph: ModelGraph, consumers: ReadonlyMap<number, readonly number[]>, input: number) {
  const [embeddings, others] = [new Set<Layer>(), new Set<Layer>()];
  const passed = new Set([input]);
  for (const id of passed) {
    for (const reader of consumers.get(id) ?? []) {
      const layer = graph.layers[reader]!;
      if (layer.op.kind === 'embedding') embeddings.add(layer);
      else if (passesTokens(layer)) passed.add(reader);
      else others.add(layer);
    }
  }
  return { embeddings: [...embeddings], others: [...others], passed };
}
