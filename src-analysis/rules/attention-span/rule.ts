import { quoteName } from '../../findings/printable.ts';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { projectionOf } from '../../solubility/attention.ts';
import { consumersOf } from '../../solubility/invertibility.ts';
import type { Rule, RuleReport } from '../rule.ts';
import { isTrained } from '../trained.ts';

/** Projections whose gradient shows the span of the tokens, with their number. */
interface Span {
  readonly layer: Layer;
  readonly tokens: number;
  readonly features: number;
}

/**
 * Values of attention are a dense layer on T tokens: ∂L/∂W = Σ_t x_t δ_tᵀ has rank T for a generic δ, and where T is less than the
 * d features its column space is the span of the tokens (Petrov et al. 2024, DAGER, Theorem 5.1): a vector outside it is no token.
 */
export const attentionSpan: Rule = {
  meta: {
    id: 'attention-span',
    title: 'Attention whose gradient shows the span of the tokens',
    description:
      'Fewer tokens than features reach a projection of attention: its gradient tells which vectors are tokens.',
    defaultSeverity: 'warning',
    options: {},
  },
  check: ({ graph }) => {
    const [first, ...others] = spansOf(graph);
    return first ? [report(first, others)] : [];
  },
};

function spansOf(graph: ModelGraph): Span[] {
  const consumers = consumersOf(graph);
  return graph.layers.flatMap(layer => {
    const { op } = layer;
    const shape = layer.inputShapes[0];
    if (op.kind !== 'dense' || op.inFeatures === null || op.units === null || !shape || shape.length < 2) return [];
    const tokens = shape
      .slice(0, -1)
      .reduce<number | null>((n, dim) => (n === null || dim === null ? null : n * dim), 1);
    const features = op.inFeatures;
    if (tokens === null || tokens < 2 || tokens >= features || tokens > op.units) return [];
    if (!isTrained(layer, 'kernel') || projectionOf(graph, consumers, layer) !== 'value') return [];
    return [{ layer, tokens, features }];
  });
}

function report({ layer, tokens, features }: Span, others: readonly Span[]): RuleReport {
  const largest = Math.floor((features - 1) / tokens);
  const more = others.length > 0 ? ` So do ${others.length} more projections.` : '';
  return {
    layer,
    ...(layer.range ? { range: layer.range } : {}),
    message:
      `The gradient of ${quoteName(layer.name)} (values of attention) shows the span of the ${tokens} tokens of an example, ` +
      `${tokens} of ${features} dimensions: of a list of possible tokens, those outside it are ruled out. ` +
      `This holds for batches of up to ${largest} example${largest === 1 ? '' : 's'} of this length.${more}`,
    ...(others.length > 0
      ? {
          related: others.slice(0, mostRelated).map(other => ({
            message: `${quoteName(other.layer.name)} shows the span of its tokens`,
            ...(other.layer.range ? { range: other.layer.range } : {}),
          })),
        }
      : {}),
  };
}

const mostRelated = 20;
