/** The sentences of hovers, made from analysis figures. Formats; computes nothing. */
import type { LayerAnalysis } from '../src-analysis/model/analysis.ts';
import type { Shape } from '../src-analysis/model/graph.ts';
import { formatNumber } from '../src-analysis/reports/headline.ts';

export function formatShape(shape: Shape | undefined): string {
  if (!shape) return 'unknown shape';
  return `[${shape.map(dim => dim ?? '?').join(', ')}]`;
}

/** What the observer of one gradient gets from this layer's system, in one sentence with its condition. */
export function layerHeadline(layer: LayerAnalysis): string {
  switch (layer.verdict) {
    case 'soluble':
      return `Soluble: from the gradient of one example, ${untouched(layer)}the layer’s input follows exactly from its output and its weights’ gradient.`;
    case 'deficient':
      return `Deficient: this layer’s own equations leave ${formatNumber(-(layer.deficiency ?? 0))} of ${layer.unknowns} unknowns open. That does not make the model safe: see r of n of the whole gradient.`;
    default:
      return `Unknown: ${layer.reason ?? 'this layer is not covered by the analysis.'}`;
  }
}

function untouched({ unknowns, touched }: LayerAnalysis): string {
  const lost = (unknowns ?? 0) - (touched ?? 0);
  return lost > 0 ? `but for the ${lost} entries that no window reaches, ` : '';
}

export function basisPhrase(layer: LayerAnalysis): string {
  switch (layer.basis) {
    case 'law':
      return 'generic-rank law for this geometry';
    case 'finite-field':
      return 'exact elimination over GF(67108859) with random weights';
    default:
      return 'not covered';
  }
}
