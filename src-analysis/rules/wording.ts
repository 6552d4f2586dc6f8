import { quoteName } from '../findings/printable.ts';
import type { JointSystem } from '../model/analysis.ts';
import type { Layer, ModelGraph } from '../model/graph.ts';

/** `33.5 %`, never rounded up to 100 % or down to 0 %. */
export function percent(fraction: number): string {
  if (fraction >= 1) return '100 %';
  if (fraction <= 0) return '0 %';
  return `${Math.min(99.9, Math.max(0.1, 100 * fraction)).toFixed(1)} %`;
}

/** ` Assumes: a; b.` or nothing. */
export function assuming(assumptions: readonly string[]): string {
  const distinct = [...new Set(assumptions.map(text => text.trim().replace(/\.$/, '')))].filter(text => text !== '');
  return distinct.length > 0 ? ` Assumes: ${distinct.join('; ')}.` : '';
}

/** How a figure was obtained, as words in brackets. */
export const basisWords = {
  law: 'rank law',
  'finite-field': 'exact elimination over a finite field',
  numeric: 'numeric rank',
  'not-covered': 'not covered',
  unknown: 'not known',
} as const;

const verdictWords = {
  soluble: 'Together they determine the tensor that they read, whatever each does alone',
  deficient: 'Together they do not determine the tensor that they read',
  unknown: 'Whether they determine it together is too close to call for the law',
} as const;

/** What the convolutions that read a layer's input know of it together, in two sentences. */
export function jointPhrase(
  { layers }: ModelGraph,
  own: Layer,
  { layers: ids, touched, rank, verdict }: JointSystem,
): string {
  const others = ids.filter(id => id !== own.id).map(id => quoteName(layers[id]?.name ?? ''));
  return `${others.join(', ')} ${others.length === 1 ? 'reads' : 'read'} the same tensor. ${verdictWords[verdict]} (joint rank ${rank.system} of ${touched}).`;
}
