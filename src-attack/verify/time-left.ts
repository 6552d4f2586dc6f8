/** The rank that was found at some time of a measurement. */
export interface Mark {
  readonly rank: number;
  /** Since the measurement began. */
  readonly seconds: number;
}

/**
 * Seconds until the rank reaches `most`, from the way so far. A direction costs a vector–Jacobian product, the same for
 * all, and its orthogonalisation against those before, which grows with their number: t = a·rank + b·rank², fitted to the
 * last mark and to the one nearest half its rank. The rank may stop below `most`: then it takes less.
 * null before there are two marks.
 */
export function secondsLeft(marks: readonly Mark[], most: number): number | null {
  const last = marks.at(-1);
  if (!last || marks.length < 2 || last.rank === 0) return null;
  const half = marks.reduce((best, mark) =>
    Math.abs(mark.rank - last.rank / 2) < Math.abs(best.rank - last.rank / 2) ? mark : best,
  );
  const pace = (mark: Mark) => mark.seconds / mark.rank;
  const growth = half.rank > 0 && half.rank < last.rank ? (pace(last) - pace(half)) / (last.rank - half.rank) : 0;
  const b = Math.max(0, growth);
  const a = pace(last) - b * last.rank;
  return Math.max(0, a * most + b * most ** 2 - last.seconds);
}
