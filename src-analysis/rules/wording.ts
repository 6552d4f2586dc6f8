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
