/** Layers with kernels in the flow network. */
import type { Activation, Layer } from '../../model/graph.ts';
import { pointwiseKind } from '../exact/program.ts';
import { composedSystem, linearFollower } from './linear-run.ts';
import { activated, plain } from './shares.ts';
import { isNearCritical, patternSlack, slacks } from './slack.ts';
import {
  addNode,
  addSharedTap,
  addTap,
  type FlowState,
  freeDimensions,
  inputOf,
  isObserved,
  isShared,
  join,
  knownDimensions,
  sharedKey,
  type Tensor,
} from './state.ts';
import type { LinearMap, LinearMaps } from './weighted.ts';

export function addWeighted(
  s: FlowState,
  layer: Layer,
  activation: Activation | undefined,
  found: LinearMaps,
  output: Tensor,
  free: number,
  bias: boolean,
): string | undefined {
  if ('reason' in found) return found.reason;
  const shared = isShared(s, layer);
  if (shared) {
    s.unproven = true;
    s.assumptions.add('the gradients of shared weights are seen as their sum');
  }
  const edge = layer.inputs[0]!;
  const key = `${edge.layer}.${edge.output}`;
  const input = inputOf(s, layer, key, free);
  const hasKernel = isObserved(s, layer, role => role !== 'bias');
  if (!hasKernel) s.assumptions.add('frozen layers send no gradient');
  if (!bias && layer.op.kind === 'dense') {
    s.assumptions.add('the loss fixes the factor that a dense layer without a bias leaves open');
  }
  const factor = s.factors.get(layer.id);
  const hasBias = bias && !factor?.losesBias && isObserved(s, layer, role => role === 'bias');
  let behind = output;
  for (const [i, map] of found.maps.toReversed().entries()) {
    const isLast = i === 0;
    const share = {
      active: i === found.maps.length - 1 ? (s.shares.get(key)?.active ?? 1) : 1,
      live: isLast ? liveOutputs(s, layer, activation) : 1,
    };
    const { ranks, doubtful } = scaled(
      map,
      layer.op.kind === 'dense' ? 1 : s.options.batch,
      share,
      s.options.activeShare,
    );
    const channels = map.filters * map.groups;
    const conserved = isLast
      ? s.conservation.of(layer, activation, channels)
      : { relations: channels, unobserved: false, product: false };
    const rows = (hasKernel ? ranks.rows : 0) + (isLast && hasBias ? channels : 0);
    const overlap = Math.max(0, ranks.weights + ranks.gradients - ranks.system);
    // A relation with what is known behind can repeat no more than is known there.
    const known = knownDimensions(s, behind);
    // Through a layer that sends no gradient only the scale of the whole is conserved.
    const counted = conserved.unobserved ? Math.min(1, conserved.relations) : conserved.relations;
    // What W + S tells goes past the layer's own system; with δ known, rows of K repeat as much of it as of W.
    const repeated = isLast && free === 0 && isBesideItsInput(s, layer) ? channels * channels : 0;
    const relations = hasKernel && !shared ? Math.min(Math.max(counted, repeated), overlap, known) : 0;
    const still = (hasKernel ? ranks.gradients : 0) + free - (conserved.product ? 0 : relations);
    const run = isLast ? linearRun(s, layer, activation) : { system: Number.MAX_VALUE, slack: 0, weights: undefined };
    const tap = Math.max(0, Math.min(rows - relations, still, (run.weights ?? Number.MAX_VALUE) - relations));
    const limit = Math.min(hasKernel ? ranks.system : ranks.weights, input.dimensions, run.system);
    // The gradient of a dense layer on one position is δ·xᵀ: it holds x whatever is known behind.
    const given = map.positions === 1 && s.options.batch === 1 && hasKernel && ranks.gradients - relations >= limit;
    const slack = Math.max(
      patternSlack(share.active, share.live, s.options.activeShare),
      doubtful || !hasKernel || conserved.unobserved || repeatsRelations(s, layer) ? slacks.critical : 0,
      !given && isNearCritical(map, known, behind.dimensions, tap, limit) ? slacks.critical : 0,
      run.slack,
      map.slack,
    );
    const system = addNode(s, limit, layer.id, 'system', limit < input.dimensions || map.mayLack ? slack : 0);
    if (shared) addSharedTap(s, layer, sharedKey(layer, `${i}`), system, { uses: tap, rows, slack: slacks.unproven });
    else if (factor)
      addSharedTap(s, layer, `${factor.product}.product`, system, { uses: tap, rows: factor.facts, slack });
    else addTap(s, layer.id, system, tap, slack);
    // No more than is known behind gets through; said here, an error of the map counts even where it is wide enough.
    const full = Math.min(ranks.weights, run.weights ?? ranks.weights);
    const edge = s.network.addEdge(system.node.out, behind.node.in, Math.min(full, known));
    s.edges.push({ layer: layer.id, kind: 'weights', slack, edge, full });
    behind = system;
  }
  join(s, input, behind);
  if (s.open.size === 1) {
    s.freeBehind.set(key, Math.min(s.freeBehind.get(key)!, freeDimensions(s, input)));
  }
  return undefined;
}

/** Whether relations hold that are not counted: with other layers on the same input, with its own input, between kinks. */
function repeatsRelations(s: FlowState, layer: Layer): boolean {
  return hasSiblings(s, layer) || isBesideItsInput(s, layer) || isBehindFrozenKinks(s, layer);
}

/** Whether the layer's output is added to its own input: W + S has relations with K as W has. */
function isBesideItsInput(s: FlowState, layer: Layer): boolean {
  const [source] = layer.inputs;
  return (s.consumers.get(layer.id) ?? []).some(id => {
    const { op, inputs } = s.graph.layers[id]!;
    return op.kind === 'merge' && inputs.some(edge => edge.layer === source!.layer && edge.output === source!.output);
  });
}

/**
 * Whether a layer without a gradient of its own makes part of the input through units with two slopes: on few entries the same
 * slopes occur together, and then rows of the gradient repeat each other.
 */
function isBehindFrozenKinks(s: FlowState, layer: Layer): boolean {
  const waiting = layer.inputs.map(({ layer: id }) => ({ id, hasKinks: false }));
  const seen = new Set<number>();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { op, inputs, activation, ...before } = s.graph.layers[next.id]!;
    const own = op.kind === 'activation' ? op.activation : activation;
    const hasKinks =
      next.hasKinks || (own !== undefined && ['relu', 'piecewise-linear'].includes(pointwiseKind(own) ?? ''));
    const isWeighted = ['conv', 'convTranspose', 'separableConv', 'dense'].includes(op.kind);
    if (isWeighted) {
      if (hasKinks && !isObserved(s, { op, inputs, ...before }, role => role !== 'bias')) return true;
      continue;
    }
    if (seen.has(next.id)) continue;
    seen.add(next.id);
    for (const edge of inputs) waiting.push({ id: edge.layer, hasKinks });
  }
  return false;
}

/** Whether other layers with weights look at the same input: relations across them are not counted. */
function hasSiblings(s: FlowState, layer: Layer): boolean {
  const source = layer.inputs[0]!.layer;
  const kinds = ['conv', 'convTranspose', 'separableConv', 'dense'];
  const siblings = (s.consumers.get(source) ?? []).filter(id => kinds.includes(s.graph.layers[id]!.op.kind));
  return siblings.length > 1 && siblings.includes(layer.id);
}

/** What limits a layer that is one of several linear ones in a row. */
function linearRun(
  s: FlowState,
  layer: Layer,
  activation: Activation | undefined,
): { readonly system: number; readonly slack: number; readonly weights?: number | undefined } {
  const follower = linearFollower(s.graph, layer, activation, s.consumers);
  // One example's input of a dense layer is known whole, so that the layers before are on their own.
  const isAlone = follower.kind === 'none' || (follower.kind === 'dense' && s.options.batch === 1);
  if (isAlone) return { system: Number.MAX_VALUE, slack: 0 };
  const composed =
    follower.kind === 'linear'
      ? composedSystem(s.graph, layer, follower.chain, s.regions, s.table, s.options.batch)
      : undefined;
  if (!composed?.exact) s.unproven = true;
  if (composed) return { system: composed.system, slack: composed.exact ? slacks.critical : slacks.unproven };
  const seen = follower.kind === 'global-average' ? entriesOfMean(layer, follower.alike) : undefined;
  if (seen === undefined) return { system: Number.MAX_VALUE, slack: slacks.unproven };
  const weights = seen * s.options.batch;
  return { system: weights, slack: slacks.unproven, weights };
}

/**
 * The mean over positions is a linear map of the mean of the input under every tap, for every head by its own shares (`alike`
 * channels each): its entries. Undefined for layers that are neither convolutions nor dense.
 */
function entriesOfMean({ op }: Layer, alike: number): number | undefined {
  if (op.kind === 'dense') return (op.inFeatures ?? 1) * Math.max(1, (op.units ?? 1) / alike);
  if (op.kind !== 'conv') return undefined;
  return op.kernelSize.reduce<number>((product, k) => product * (k ?? 1), op.inChannels ?? 1);
}

/** Share of a layer's outputs before its activation that the gradient comes back through. */
function liveOutputs(s: FlowState, layer: Layer, activation: Activation | undefined): number {
  const live = s.live.get(`${layer.id}.0`) ?? 1;
  return activation
    ? Math.min(live, activated(activation.name, plain(s.options.activeShare), activation.alpha).active)
    : live;
}

/** Ranks for a batch, with a share of the outputs live and a share of the input entries active. */
function scaled(
  map: LinearMap,
  batch: number,
  { active, live }: { readonly active: number; readonly live: number },
  activeShare: number,
) {
  const { ranks, rows } = map;
  if (batch === 1 && active === 1 && live === 1) {
    const { weights, gradients, system } = ranks;
    return { ranks: { rows, weights, gradients, system }, doubtful: false };
  }
  const part = map.partly(batch, { support: live, equations: live });
  const touched = batch * ranks.touched * active;
  // A filter none of whose outputs is live has no gradient. Units are active or not on their own; of a pooling window one is.
  const count = batch * map.positions;
  const alive = live < activeShare ? Math.min(1, live * count) : 1 - (1 - live) ** count;
  const weights = Math.min(part.weights, touched);
  const gradients = Math.min(part.gradients, rows * alive, touched);
  const system = Math.max(weights, gradients, Math.min(part.system, touched));
  return {
    ranks: { rows: rows * alive, weights, gradients, system },
    doubtful: weights < touched && gradients < touched,
  };
}
