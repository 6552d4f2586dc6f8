/** A model's flow network while it is built from the output to the input. */
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { type Consumers, consumersOf } from '../../solubility/invertibility.ts';
import type { RankTable } from '../../solubility/layer-analysis.ts';
import { type LossEnd, lossEnd } from '../loss-end.ts';
import type { Unknowns } from '../unknowns.ts';
import { type ConservationLaw, conservationLaw } from './conserved.ts';
import { type Factor, factorsOf } from './factors.ts';
import { type FlowNetwork, flowNetwork } from './max-flow.ts';
import { entriesOf, type Region, regionsOf } from './region.ts';
import { liveShares, type Share, sharesOf } from './shares.ts';
import { patternSlack } from './slack.ts';

export interface FlowOptions {
  readonly batch: number;
  readonly activeShare: number;
  /** Ids of layers whose gradients the observer does not get. */
  readonly withheld: ReadonlySet<number>;
}

/** An edge of finite capacity and the layer that it stands for. */
export interface LayerEdge {
  readonly layer: number;
  readonly edge: number;
  readonly kind: 'system' | 'weights' | 'tap' | 'tensor';
  /** Capacity whatever is known behind, where that limits `edge`. */
  readonly full?: number;
  /** Relative error to reckon with: 0 where the capacity is trusted. */
  readonly slack: number;
}

export interface Tensor {
  readonly node: { readonly in: number; readonly out: number };
  /** The edge between the two. */
  readonly edge: number;
  readonly dimensions: number;
}

export interface FlowState {
  readonly graph: ModelGraph;
  readonly unknowns: Unknowns;
  readonly table: RankTable;
  readonly options: FlowOptions;
  readonly network: FlowNetwork;
  readonly source: number;
  readonly sink: number;
  /** By `layer.output`. */
  readonly tensors: Map<string, Tensor>;
  /** Tensors that layers behind look at and that are not computed yet: one alone is all that the back depends on. */
  readonly open: Set<string>;
  /** Tensors that stand for all that is behind them while the network is built, and the edge that does so. */
  readonly contracted: Map<Tensor, number>;
  /** Curved dimensions behind a tensor that are still free. */
  readonly freeBehind: Map<string, number>;
  readonly edges: LayerEdge[];
  /** Gradients that several layers tell together: of weights used more than once, of queries and keys. */
  readonly sharedGradients: Map<string, Tensor>;
  /** Behind every layer's first input, in order from the output. */
  readonly inputNodes: Map<number, number>;
  readonly regions: ReadonlyMap<string, Region>;
  readonly shares: ReadonlyMap<string, Share>;
  readonly live: ReadonlyMap<string, number>;
  readonly end: LossEnd;
  readonly consumers: Consumers;
  readonly conservation: ConservationLaw;
  /** Layers of queries and keys, by id. */
  readonly factors: ReadonlyMap<number, Factor>;
  readonly assumptions: Set<string>;
  /** A random pattern (active units, greatest entries) is part of the figures. */
  patterned: boolean;
  /** Something is verified less than the rest: statistics of the example or batch, a few greatest entries of a whole map. */
  unproven: boolean;
}

export function newState(graph: ModelGraph, unknowns: Unknowns, table: RankTable, options: FlowOptions): FlowState {
  const network = flowNetwork();
  const consumers = consumersOf(graph);
  const regions = regionsOf(graph);
  const shares = sharesOf(graph, options.activeShare);
  const isSeen = (layer: Layer, isRole: (role: string) => boolean) => isObserved({ options }, layer, isRole);
  const isKernelObserved = (layer: Layer) => isSeen(layer, role => role !== 'bias');
  return {
    graph,
    unknowns,
    table,
    options,
    network,
    source: network.addNode(),
    sink: network.addNode(),
    tensors: new Map(),
    open: new Set(),
    contracted: new Map(),
    freeBehind: new Map(),
    edges: [],
    sharedGradients: new Map(),
    inputNodes: new Map(),
    regions,
    shares,
    live: liveShares(graph, regions, shares),
    end: lossEnd(graph),
    consumers,
    conservation: conservationLaw(graph, consumers, isKernelObserved),
    factors: factorsOf(graph, consumers, isSeen, options.batch),
    assumptions: new Set(),
    patterned: false,
    unproven: false,
  };
}

/** The nodes of a tensor, made when the first layer that looks at it is taken in. */
export function tensorOf(s: FlowState, key: string): Tensor {
  const known = s.tensors.get(key);
  if (known) return known;
  const region = s.regions.get(key);
  const share = Math.min(s.shares.get(key)?.active ?? 1, s.live.get(key) ?? 1);
  const dimensions = region ? entriesOf(region) * share * s.options.batch : 0;
  const tensor = addNode(
    s,
    dimensions,
    Number(key.split('.')[0]),
    'tensor',
    patternSlack(share, share, s.options.activeShare),
  );
  s.tensors.set(key, tensor);
  return tensor;
}

export function addNode(
  s: FlowState,
  dimensions: number,
  layer: number,
  kind: LayerEdge['kind'],
  slack: number,
): Tensor {
  const node = { in: s.network.addNode(), out: s.network.addNode() };
  const edge = s.network.addEdge(node.in, node.out, dimensions);
  s.edges.push({ layer, kind, slack, edge });
  return { node, edge, dimensions };
}

export function join(s: FlowState, from: Tensor, to: Tensor): void {
  s.network.addEdge(from.node.out, to.node.in, Number.MAX_VALUE);
}

/** Known dimensions of a tensor, given everything behind it. */
export function knownDimensions(s: FlowState, tensor: Tensor): number {
  return s.network.maxFlow(tensor.node.in, s.sink);
}

export function freeDimensions(s: FlowState, tensor: Tensor): number {
  return Math.max(0, tensor.dimensions - knownDimensions(s, tensor));
}

/** Lets facts flow from a node to an observed gradient of at most `rows` entries. */
export function addTap(s: FlowState, layer: number, from: Tensor, rows: number, slack: number): void {
  s.edges.push({ layer, kind: 'tap', slack, edge: s.network.addEdge(from.node.out, s.sink, rows) });
}

/**
 * The same for a gradient, named by `key`, that several layers tell: the sum over all uses of the same weights, of `rows` entries, or
 * what factors of a product tell together.
 * @param uses the layer's own part: how many facts it can add
 */
export function addSharedTap(
  s: FlowState,
  layer: Layer,
  key: string,
  from: Tensor,
  { uses, rows, slack }: { readonly uses: number; readonly rows: number; readonly slack: number },
): void {
  const known = s.sharedGradients.get(key);
  const gradient = known ?? addNode(s, rows, layer.id, 'tap', slack);
  if (!known) {
    s.sharedGradients.set(key, gradient);
    s.network.addEdge(gradient.node.out, s.sink, Number.MAX_VALUE);
  }
  const edge = s.network.addEdge(from.node.out, gradient.node.in, uses);
  s.edges.push({ layer: layer.id, kind: 'tap', slack, edge });
}

/** Names the gradient of weights that several layers use. */
export function sharedKey(layer: Layer, role: string): string {
  return `${layer.sharedWith ?? layer.id}.${role}`;
}

/** Whether other layers use the same weights. */
export function isShared({ graph }: Pick<FlowState, 'graph'>, layer: Layer): boolean {
  return layer.sharedWith !== undefined || graph.layers.some(other => other.sharedWith === layer.id);
}

export function inputOf(s: FlowState, layer: Layer, key: string, free: number): Tensor {
  const tensor = tensorOf(s, key);
  s.open.add(key);
  if (!s.inputNodes.has(layer.id)) s.inputNodes.set(layer.id, tensor.node.out);
  s.freeBehind.set(key, Math.max(s.freeBehind.get(key) ?? 0, free));
  return tensor;
}

export function isObserved(s: Pick<FlowState, 'options'>, layer: Layer, isRole: (role: string) => boolean): boolean {
  if (!layer.trainable || s.options.withheld.has(layer.id)) return false;
  return layer.weights.every(weight => weight.trainable || !isRole(weight.role));
}

/**
 * Lets a tensor stand for everything behind it, if all that is behind looks at the rest of the model through it alone: a flow
 * then need not be followed to the end of the model again and again. {@link expand} undoes it.
 */
export function contract(s: FlowState): void {
  const [key, ...others] = s.open;
  const tensor = key === undefined || others.length > 0 ? undefined : s.tensors.get(key);
  if (!tensor || s.contracted.has(tensor)) return;
  const known = knownDimensions(s, tensor);
  s.contracted.set(tensor, s.network.addEdge(tensor.node.in, s.sink, known));
  s.network.setCapacity(tensor.edge, 0);
}

export function expand(s: FlowState): void {
  for (const [tensor, edge] of s.contracted) {
    s.network.setCapacity(edge, 0);
    s.network.setCapacity(tensor.edge, tensor.dimensions);
  }
  s.contracted.clear();
}
