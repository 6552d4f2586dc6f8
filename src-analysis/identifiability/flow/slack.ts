/** How far the law may be off, and where. */
import type { LinearMap } from './weighted.ts';

/** Relative errors to reckon with. */
export const slacks = {
  /** A law in doubt, or counts within its reach of each other. */
  critical: 0.1,
  /** Shares of random patterns of active units. */
  pattern: 0.45,
  /** Few entries of a window pass: where they lie decides more. */
  sparse: 0.65,
  /** Counts of rows and columns alone, normalisation by the example's own statistics, linear layers in a row. */
  unproven: 0.25,
};

/** The error that a random pattern of active input entries and live outputs makes. */
export function patternSlack(active: number, live: number, activeShare: number): number {
  if (active === 1 && live === 1) return 0;
  return Math.min(active, live) < activeShare ? slacks.sparse : slacks.pattern;
}

/** Within a few percent of equality a special position matters, as it does for one layer's rank U. */
export function isNearCritical(
  { ranks: { weights }, positions, filters, groups, fan }: LinearMap,
  known: number,
  reached: number,
  tap: number,
  limit: number,
): boolean {
  if (known >= reached - 1e-6) return false;
  const given = Math.min(known, weights) + tap;
  // A map to more entries than it has dimensions loses equations where those behind crowd on few positions.
  const crowded = weights < groups * filters * positions && fan <= filters;
  return Math.abs(given - limit) < 0.1 * limit || Math.abs(known - weights) < (crowded ? 0.5 : 0.2) * weights;
}
