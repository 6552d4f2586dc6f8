/** What is known of the other branches of a sum. */
import { sizeOf } from '../model/geometry.ts';
import type { Edge, Layer, ModelGraph } from '../model/graph.ts';
import { isAffine } from './activation-effect.ts';
import { freeSummand, type Summand } from './combined-rank.ts';
import { everything } from './grid-rank.ts';
import type { Knowledge } from './knowledge.ts';
import { gradientObstacle } from './layer-figures.ts';
import { type LayerMap, layerMap, mapRanks, mapRows } from './layer-maps.ts';

export interface FoundSummand {
  /** Null where the other branch is the layer's own input: W + S has the rank of W for generic weights. */
  readonly ranks: Summand | null;
  readonly assumption: string;
}

/**
 * The other branches as unknowns beside this layer's input. A branch that ends in a convolution or a dense layer (perhaps behind
 * affine operations) has that layer's system; one that is the layer's own input adds the identity to W; any other is free.
 */
export function summandOf(graph: ModelGraph, layer: Layer, map: LayerMap, k: Knowledge): FoundSummand {
  const { others, merge } = k.summands!;
  const rows = mapRows(map).weights;
  const own = layer.inputs[0];
  let total: Summand = freeSummand(0);
  let isOwn = true;
  for (const other of others) {
    const { source, edge } = sourceOf(graph, other);
    if (own && edge.layer === own.layer && edge.output === own.output) continue;
    isOwn = false;
    const branch =
      branchRanks(graph, source) ?? freeSummand(Math.min(rows, sizeOf(source?.outputShapes[edge.output]) ?? rows));
    total = {
      weights: total.weights + branch.weights,
      gradients: total.gradients + branch.gradients,
      system: total.system + branch.system,
    };
  }
  if (isOwn) return { ranks: null, assumption: `'${merge}' adds the layer's own input, which does not lower the rank` };
  return { ranks: total, assumption: `what else '${merge}' adds is not known from elsewhere` };
}

function branchRanks(graph: ModelGraph, source: Layer | undefined): Summand | null {
  if (!source || source.activation || gradientObstacle(source)) return null;
  const found = layerMap(graph, source);
  return found && 'map' in found ? mapRanks(found.map, everything) : null;
}

/** Operations behind which a branch is followed back; longer chains end where they are. */
const mostSteps = 100;

/** Where a branch comes from, behind operations that neither lose nor mix entries. */
function sourceOf(graph: ModelGraph, from: Edge): { source: Layer | undefined; edge: Edge } {
  let edge = from;
  for (let step = 0; step < mostSteps; step++) {
    const source = graph.layers[edge.layer];
    const before = source?.inputs[0];
    if (!source || !before || source.activation || source.inputs.length !== 1 || !isTransparent(source)) {
      return { source, edge };
    }
    edge = before;
  }
  return { source: graph.layers[edge.layer], edge };
}

function isTransparent({ op }: Layer): boolean {
  if (op.kind === 'norm') return op.norm === 'batch' && !op.batchStatistics;
  return op.kind === 'identity' || (op.kind === 'elementwise' && isAffine(op.name));
}
