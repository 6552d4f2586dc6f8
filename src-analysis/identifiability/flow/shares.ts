/** Shares of entries that a ReLU switches off and that a max-pooling passes over, as expected at a general input. */

import { sizeOf } from '../../model/geometry.ts';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { pointwiseKind } from '../exact/program.ts';
import { entriesOf, type Region } from './region.ts';

/** Of one tensor. */
export interface Share {
  /** Entries that are not switched off: the rest are constant. */
  readonly active: number;
  /** Share of entries that are positive, as far as a ReLU behind is concerned. */
  readonly positive: number;
}

export const plain: (activeShare: number) => Share = activeShare => ({ active: 1, positive: activeShare });

/** The share behind an activation, and whether it is a switch at all. */
export function activated(name: string | undefined, before: Share, alpha?: number): Share {
  if (name === undefined) return before;
  const kind = pointwiseKind({ name, ...(alpha === undefined ? {} : { alpha }) });
  if (kind !== 'relu' && kind !== 'clipped') return before;
  const active = before.active < 1 ? before.active : before.positive;
  return { active, positive: active };
}

/** The greatest of `count` entries is positive, or active, unless none of them is. */
function greatest({ active, positive }: Share, count: number): Share {
  return { active: 1 - (1 - active) ** count, positive: 1 - (1 - positive) ** count };
}

/** Share of a layer's outputs through which a gradient comes back, by `layer.output`, from the consumers' shares. */
export function liveShares(
  graph: ModelGraph,
  regions: ReadonlyMap<string, Region>,
  active: ReadonlyMap<string, Share>,
): ReadonlyMap<string, number> {
  const live = new Map<string, number>();
  for (const { layer, output } of graph.outputs) live.set(`${layer}.${output}`, 1);
  for (const layer of graph.layers.toReversed()) {
    const out = live.get(`${layer.id}.0`);
    if (out === undefined) continue;
    layer.inputs.forEach((edge, index) => {
      const key = `${edge.layer}.${edge.output}`;
      const [region, own] = [regions.get(key), regions.get(`${layer.id}.0`)];
      if (!region || !own || entriesOf(region) === 0) return;
      live.set(
        key,
        Math.max(live.get(key) ?? 0, through(layer, index, out, entriesOf(own) / entriesOf(region), active)),
      );
    });
  }
  return live;
}

function through(layer: Layer, index: number, out: number, ratio: number, active: ReadonlyMap<string, Share>): number {
  const { op } = layer;
  const edge = layer.inputs[index]!;
  switch (op.kind) {
    case 'activation': {
      const before = active.get(`${edge.layer}.${edge.output}`);
      const after = active.get(`${layer.id}.0`);
      return before && after && after.active < before.active ? Math.min(out, after.active) : out;
    }
    case 'pool':
      return op.pool === 'max' ? Math.min(1, out * ratio) : 1;
    case 'merge':
      return op.merge === 'maximum' || op.merge === 'minimum' ? out / layer.inputs.length : out;
    case 'identity':
    case 'dropout':
    case 'norm':
    case 'rearrange':
      return out;
    case 'conv': {
      // An input is live if one of the outputs that look at it is.
      const taps = op.kernelSize.reduce<number>((product, k) => product * (k ?? 1), 1);
      const looking = (ratio * taps * (op.inChannels ?? 1)) / (op.groups ?? 1);
      return 1 - (1 - out) ** looking;
    }
    default:
      return 1;
  }
}

/** Shares of every tensor, from the input on. */
export function sharesOf(graph: ModelGraph, activeShare: number): ReadonlyMap<string, Share> {
  const shares = new Map<string, Share>();
  for (const layer of graph.layers) {
    const before = layer.inputs.map(edge => shares.get(`${edge.layer}.${edge.output}`) ?? plain(activeShare));
    const share = activated(layer.activation?.name, shareOf(layer, before, activeShare), layer.activation?.alpha);
    layer.outputShapes.forEach((_, part) => {
      shares.set(`${layer.id}.${part}`, share);
    });
  }
  return shares;
}

function shareOf({ op, inputShapes, outputShapes }: Layer, before: readonly Share[], activeShare: number): Share {
  const [first] = before;
  if (!first) return plain(activeShare);
  switch (op.kind) {
    case 'activation':
      return activated(op.activation.name, first, op.activation.alpha);
    case 'identity':
    case 'dropout':
    case 'rearrange':
      return first;
    case 'pool': {
      const window = op.global
        ? (sizeOf(inputShapes[0]) ?? 1) / (sizeOf(outputShapes[0]) ?? 1)
        : op.window.reduce<number>((p, k) => p * (k ?? 1), 1);
      if (op.pool === 'max') return greatest(first, window);
      return { active: 1 - (1 - first.active) ** window, positive: first.active < 1 ? 1 : activeShare };
    }
    case 'merge':
      if (op.merge === 'concat') {
        const mean = (of: (share: Share) => number) =>
          before.reduce((sum, share) => sum + of(share), 0) / before.length;
        return { active: mean(s => s.active), positive: mean(s => s.positive) };
      }
      if (op.merge === 'add' || op.merge === 'average') {
        return {
          active: 1 - before.reduce((product, share) => product * (1 - share.active), 1),
          positive: activeShare,
        };
      }
      return plain(activeShare);
    default:
      return plain(activeShare);
  }
}
