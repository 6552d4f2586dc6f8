/** Dense layers that make queries, keys and values of attention: what their gradient says of the tokens. */
import type { LayerAnalysis } from '../model/analysis.ts';
import type { Layer, ModelGraph } from '../model/graph.ts';
import type { Consumers } from './invertibility.ts';
import type { LayerContext } from './layer-analysis.ts';
import { systemAssumptions } from './layer-figures.ts';
import type { LayerMap } from './layer-maps.ts';

export type Projection = 'query' | 'key' | 'value';

/**
 * The part of attention that a dense layer's output plays: softmax(QKᵀ)V is a product of matrices, softmax, and a second product.
 * Undefined where its output goes elsewhere.
 */
export function projectionOf(graph: ModelGraph, consumers: Consumers, layer: Layer): Projection | undefined {
  const product = firstProduct(graph, consumers, layer);
  if (!product) return undefined;
  if (reachesSoftmax(graph, consumers, product.layer)) return product.operand === 0 ? 'query' : 'key';
  return 'value';
}

/** Layers behind a product or a projection that are looked at before it is given up. */
const mostSteps = 60;

function firstProduct(graph: ModelGraph, consumers: Consumers, from: Layer) {
  if (from.activation) return undefined;
  const waiting = [from.id];
  for (let step = 0; waiting.length > 0 && step < mostSteps; step++) {
    const id = waiting.pop()!;
    for (const reader of new Set(consumers.get(id) ?? [])) {
      const next = graph.layers[reader];
      if (next?.op.kind === 'merge' && (next.op.merge === 'matmul' || next.op.merge === 'dot')) {
        return { layer: next, operand: next.inputs.findIndex(edge => edge.layer === id) };
      }
      if (next && passesOn(next)) waiting.push(reader);
    }
  }
  return undefined;
}

function reachesSoftmax(graph: ModelGraph, consumers: Consumers, product: Layer): boolean {
  const waiting = [product.id];
  for (let step = 0; waiting.length > 0 && step < mostSteps; step++) {
    for (const reader of consumers.get(waiting.pop()!) ?? []) {
      const next = graph.layers[reader];
      if (next?.op.kind === 'activation' && next.op.activation.name === 'softmax') return true;
      const addsMask = next?.op.kind === 'merge' && next.op.merge === 'add';
      if (next && (passesOn(next) || addsMask)) waiting.push(reader);
    }
  }
  return false;
}

function passesOn({ op }: Layer): boolean {
  return op.kind === 'rearrange' || op.kind === 'identity' || op.kind === 'elementwise' || op.kind === 'dropout';
}

/**
 * ∂L/∂W = Σ_t x_t δ_tᵀ over T tokens has rank at most T, and its column space lies in the span of the tokens (Petrov et al. 2024,
 * DAGER, Theorem 5.1). δ depends on tokens that are not known, so this is all that is linear:
 * - values: δ is generic, the span of all T tokens: T(d − T) of the T·d unknowns (a T-dimensional subspace of d dimensions);
 * - keys: Σ_t δ_t = 0, since softmax ignores a common offset: the span of T − 1 differences of tokens;
 * - queries: a head's δ has rank at most T − 1, and its rows lie in the span of differences of keys: the span of all T tokens
 *   needs several heads and no causal mask, of which the graph does not tell; counted like keys.
 */
export function attentionLayer(
  { graph, consumers }: LayerContext,
  layer: Layer,
  map: LayerMap,
): Omit<LayerAnalysis, 'layer' | 'unknowns' | 'rows' | 'metricWeight'> | undefined {
  const projection = projectionOf(graph, consumers, layer);
  if (!projection || map.kind !== 'conv') return undefined;
  const { inChannels: features, filters, axes } = map.grid;
  const tokens = axes.reduce((product, axis) => product * axis.input, 1);
  const span = projection === 'value' ? tokens : tokens - 1;
  const seen = span < features && span <= filters ? span * (features - span) : 0;
  const touched = tokens * features;
  return {
    touched,
    rank: { weights: 0, gradients: seen, system: seen },
    deficiency: seen - touched,
    verdict: 'deficient',
    basis: 'law',
    assumptions: [...systemAssumptions, spanAssumption(projection, seen, span)],
  };
}

const plural = { value: 'values', key: 'keys', query: 'queries' } as const;

function spanAssumption(projection: Projection, seen: number, span: number): string {
  if (seen === 0)
    return `its gradient mixes at least as many tokens as it has independent rows (${plural[projection]} of attention)`;
  const what = { value: 'all tokens', key: 'the differences of tokens', query: 'differences of tokens, at least' }[
    projection
  ];
  return `its gradient gives the span of ${what} (${span} dimensions), not each; tokens from a known list follow by trying which lie in it`;
}
