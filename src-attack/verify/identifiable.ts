import type { CancellationToken } from '../../src-analysis/readers/reader.ts';
import type { Engine } from '../engines/engine.ts';
import { sizeOf } from '../ir/graph.ts';
import type { MatrixProducts } from '../linear-algebra/products.ts';
import { createRandom, type Random } from '../optimisers/random.ts';
import type { Victim } from '../victim/victim.ts';
import { jacobianRows, type Point } from './jacobian-rows.ts';
import { findRowSpace } from './row-space.ts';

/** The identifiable dimension of one model at one point, by automatic differentiation in float64. */
export interface NumericIdentifiable {
  /** rank J, or a lower bound where {@link bound} says so. */
  readonly rank: number;
  /** n: entries of the input, of all examples of the batch. */
  readonly unknowns: number;
  /**
   * `exact`: the whole Jacobian; `sketch`: the input's entries were summed at random into {@link largestExact} groups and
   * the rank stayed clearly below that, so it is J's; `at least`: it did not.
   */
  readonly bound: 'exact' | 'sketch' | 'at least';
  /** Singular values around the cut, as shares of a random row: see RowSpace. */
  readonly smallestKept: number;
  readonly largestDropped: number;
  readonly certain: boolean;
  /** How much of each entry of the input the gradient determines, from 0 to 1; null where only a sketch was taken. */
  readonly shares: Float64Array | null;
}

/** Inputs of more entries are sketched: time grows with n·r², memory with n·r. */
export const largestExact = 4096;

/**
 * r = rank ∂g/∂x at one point, g the gradients of all trainable weights (docs/maths.md, identifiable dimension).
 *
 * @param engine one with float64
 * @param progress the rank found so far and the largest it can become
 * @throws {Error} with a sentence where the gradient is not finite
 * @throws Cancelled when the token asks for it
 */
export async function numericIdentifiable(
  victim: Victim,
  point: Point,
  { engine, products }: { readonly engine: Engine; readonly products: MatrixProducts },
  seed: number,
  cancel: CancellationToken,
  progress: (rank: number, most: number) => void,
  largest = largestExact,
): Promise<NumericIdentifiable> {
  const random = createRandom(seed);
  const unknowns = sizeOf(victim.x.shape);
  const rows = await jacobianRows(victim, point, engine, random);
  const most = Math.min(unknowns, rows.rows, largest);
  const next = unknowns > largest ? grouped(() => rows.randomRow(), unknowns, largest, random) : () => rows.randomRow();
  try {
    const found = await findRowSpace(Math.min(unknowns, largest), next, products, cancel, rank => progress(rank, most));
    const { rank, smallestKept, largestDropped, certain } = found;
    const bound = unknowns <= largest ? 'exact' : rank < fullShare * largest ? 'sketch' : 'at least';
    return {
      rank,
      unknowns,
      bound,
      smallestKept,
      largestDropped,
      certain,
      shares: bound === 'exact' ? found.shares : null,
    };
  } finally {
    await rows.dispose();
  }
}

/** Groups that an entry is summed into. */
const groupsAnEntry = 8;
/** A sketch of a rank this near to its number of groups may have lost some of it. */
const fullShare = 0.99;

/**
 * Rows of J·S, S a random sparse matrix: every entry of a row is summed, with random factors, into several of `groups`
 * groups. rank J·S = rank J if some basis of J's columns can be matched to groups of their own, which random ones of eight
 * choices each can until nearly every group is taken (Fountoulakis & Panagiotou, RSA 2012: beyond 99.9 % of them). One
 * choice each would not do: where single columns are independent and others zero, two of them would often share a group.
 */
function grouped(
  randomRow: () => Promise<Float64Array>,
  columns: number,
  groups: number,
  random: Random,
): () => Promise<Float64Array> {
  const group = Uint32Array.from({ length: groupsAnEntry * columns }, () => Math.floor(random.uniform() * groups));
  const factor = Float64Array.from({ length: groupsAnEntry * columns }, () => random.normal());
  return async () => {
    const row = await randomRow();
    const result = new Float64Array(groups);
    for (const [k, place] of group.entries()) result[place]! += row[Math.floor(k / groupsAnEntry)]! * factor[k]!;
    return result;
  };
}
