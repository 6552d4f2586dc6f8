/** Relations between the gradients of neighbouring layers, which hold whatever the input is. */
import type { Activation, Layer, ModelGraph, Op } from '../../model/graph.ts';
import type { Consumers } from '../../solubility/invertibility.ts';
import { pointwiseKind } from '../exact/program.ts';

/**
 * What may be done to the channels of a layer's output without a change to the model, if the layers behind make up for it: any
 * invertible mixing within groups of so many channels. 1: scaling; infinite: any mixing of all; 0: nothing.
 */
export type Freedom = number;
const nothing = 0;
const scaling = 1;
const mixing = Number.POSITIVE_INFINITY;

export interface Conserved {
  /** Relations that the gradient rows of a layer obey. */
  readonly relations: number;
  /** A layer behind that takes part sends no gradient: the relation then tells less. */
  readonly unobserved: boolean;
  /** A product is between: its other factor moves, and the relations bind the rows only as they are counted, not as δ stands still. */
  readonly product: boolean;
}

const none: Conserved = { relations: 0, unobserved: false, product: false };

export interface ConservationLaw {
  /** @param channels output channels of the layer */
  readonly of: (layer: Layer, activation: Activation | undefined, channels: number) => Conserved;
}

/**
 * Where scaling an output channel up and the weights behind down leaves the model unchanged (everything between is
 * homogeneous), gradient flow conserves Σ W[o]·∂W[o] + b[o]·∂b[o] = Σ W_next[:, o]·∂W_next[:, o]: one relation a channel. Where
 * nothing but linear maps that treat all channels alike stands between, any invertible mixing of the channels does: one for
 * every pair of channels. Layers whose outputs are added up must be scaled together and share their relations, which are then
 * counted for the first of them.
 */
export function conservationLaw(
  graph: ModelGraph,
  consumers: Consumers,
  isObserved: (layer: Layer) => boolean,
): ConservationLaw {
  const writers = writersOf(graph);
  const first = firstOfGroups(graph, writers);
  return {
    of: (layer, activation, channels) => {
      if (first.get(layer.id) !== layer.id) return none;
      const found = freedomBehind(graph, layer, activation, consumers, writers, isObserved);
      if (found.freedom === nothing) return none;
      return {
        relations: channels * Math.min(found.freedom, channels),
        unobserved: found.unobserved,
        product: found.product,
      };
    },
  };
}

function freedomBehind(
  graph: ModelGraph,
  layer: Layer,
  activation: Activation | undefined,
  consumers: Consumers,
  writers: ReadonlyMap<number, ReadonlySet<number> | 'fixed'>,
  isObserved: (layer: Layer) => boolean,
): { readonly freedom: Freedom; readonly unobserved: boolean; readonly product: boolean } {
  let freedom = Math.min(freedomThrough(activation), isGrouped(layer) ? scaling : mixing);
  let unobserved = false;
  let product = false;
  const seen = new Set<number>();
  const readersOf = (id: number) => (consumers.get(id) ?? []).map(reader => ({ id: reader, from: id }));
  const waiting = readersOf(layer.id);
  if (waiting.length === 0) return { freedom: nothing, unobserved, product };
  for (let at = waiting.pop(); at !== undefined && freedom !== nothing; at = waiting.pop()) {
    const next = graph.layers[at.id]!;
    if (seen.has(at.id)) {
      // A product of two things that change is no longer linear in the change.
      if (isProduct(next)) freedom = nothing;
      continue;
    }
    seen.add(at.id);
    product ||= isProduct(next);
    const through = isProduct(next) ? freedomOfFactor(next, at.from) : freedomAt(next, writers);
    if (through === 'absorbed') {
      if (isGrouped(next)) freedom = Math.min(freedom, scaling);
      unobserved ||= !isObserved(next);
      continue;
    }
    freedom = Math.min(freedom, through, freedomThrough(next.activation));
    const behind = readersOf(at.id);
    // The end of the model: nothing makes up for the factor.
    if (behind.length === 0) return { freedom: nothing, unobserved, product };
    waiting.push(...behind);
  }
  return { freedom, unobserved, product };
}

function isGrouped({ op }: Layer): boolean {
  return op.kind === 'separableConv' || op.kind === 'norm' || ('groups' in op && op.groups !== 1);
}

function freedomThrough(activation: Activation | undefined): Freedom {
  if (!activation) return mixing;
  const kind = pointwiseKind(activation);
  if (kind === 'linear') return mixing;
  return kind === 'relu' || kind === 'piecewise-linear' ? scaling : nothing;
}

export function isProduct({ op }: Layer): boolean {
  return op.kind === 'merge' && ['multiply', 'divide', 'dot', 'matmul'].includes(op.merge);
}

/**
 * Of a factor of a product whose other factor stays as it is. Entries times entries: a scale. A matrix from the left, as the shares
 * of attention: any mixing of the columns, which are the channels of one head.
 */
export function freedomOfFactor({ op, inputs, inputShapes }: Layer, from: number): Freedom {
  const operands = inputs.flatMap((edge, i) => (edge.layer === from ? [i] : []));
  const [operand] = operands;
  if (op.kind !== 'merge' || operand === undefined || operands.length > 1) return nothing;
  if (op.merge === 'multiply') return scaling;
  if (op.merge === 'divide') return operand === 0 ? scaling : nothing;
  const shape = inputShapes[operand];
  const columns = shape?.at(-1);
  const isContracted = op.merge === 'dot' && op.axes?.[operand] === (shape?.length ?? 0) - 1;
  return operand !== 1 || inputs.length !== 2 || isContracted || !columns ? nothing : columns;
}

const selecting = new Set(['split', 'slice', 'gather', 'depthToSpace', 'spaceToDepth']);

function freedomAt(layer: Layer, writers: ReadonlyMap<number, ReadonlySet<number> | 'fixed'>): Freedom | 'absorbed' {
  const { op } = layer;
  if (isWriter(layer)) return 'absorbed';
  switch (op.kind) {
    case 'identity':
    case 'dropout':
    case 'reduce':
      return mixing;
    case 'activation':
      return freedomThrough(op.activation);
    case 'pool':
      return op.pool === 'average' ? mixing : op.pool === 'max' ? scaling : nothing;
    case 'rearrange':
      return selecting.has(op.how) ? nothing : mixing;
    case 'norm':
      // Without γ: Σ δ·z of the layer in front is W·∂W + (β − mean)·∂β, as long as the gradient of an offset is seen.
      return isStored(op) && layer.weights.some(weight => weight.role === 'beta') ? scaling : nothing;
    case 'merge':
      if (op.merge === 'concat') return mixing;
      if (op.merge !== 'add' && op.merge !== 'average' && op.merge !== 'subtract') return nothing;
      return writers.get(layer.id) === 'fixed' ? nothing : scaling;
    default:
      return nothing;
  }
}

/** Layers whose weights set the scale of their output channels, and make up for a scale of their input channels. */
function isWriter({ op, weights }: Layer): boolean {
  if (['conv', 'convTranspose', 'separableConv', 'dense'].includes(op.kind)) return true;
  return isStored(op) && weights.some(weight => weight.role === 'gamma');
}

/** Batch normalisation by stored statistics: an affine map of every channel. */
function isStored(op: Op): boolean {
  return op.kind === 'norm' && op.norm === 'batch' && !op.batchStatistics;
}

/** For every layer the layers that set the scale of its output; `fixed` where something without weights does. */
function writersOf(graph: ModelGraph): ReadonlyMap<number, ReadonlySet<number> | 'fixed'> {
  const writers = new Map<number, ReadonlySet<number> | 'fixed'>();
  for (const layer of graph.layers) {
    if (isWriter(layer)) {
      writers.set(layer.id, freedomThrough(layer.activation) === nothing ? 'fixed' : new Set([layer.id]));
      continue;
    }
    const before = layer.inputs.map(edge => writers.get(edge.layer) ?? 'fixed');
    const passes = before.length > 0 && !(layer.op.kind === 'merge' && layer.op.merge === 'concat');
    const isFixed = !passes || before.includes('fixed') || freedomAt(layer, writers) === nothing;
    const all = before.flatMap(set => (set === 'fixed' ? [] : [...set]));
    writers.set(layer.id, isFixed ? 'fixed' : new Set(all));
  }
  return writers;
}

/** Layers that are scaled together, by the first of them. */
function firstOfGroups(
  graph: ModelGraph,
  writers: ReadonlyMap<number, ReadonlySet<number> | 'fixed'>,
): ReadonlyMap<number, number> {
  const leader = new Map<number, number>();
  const find = (id: number): number => {
    let at = id;
    while ((leader.get(at) ?? at) !== at) at = leader.get(at)!;
    return at;
  };
  for (const layer of graph.layers) {
    const group = writers.get(layer.id);
    if (layer.op.kind !== 'merge' || group === undefined || group === 'fixed') continue;
    const leaders = [...group].map(find);
    const least = Math.min(...leaders);
    for (const id of leaders) leader.set(id, least);
  }
  return new Map(graph.layers.map(layer => [layer.id, find(layer.id)]));
}
