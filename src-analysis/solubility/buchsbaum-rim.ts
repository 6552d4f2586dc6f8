/**
 * Generic rank of a matrix of bihomogeneous forms, acting on polynomials: a convolution without cut windows.
 *
 * Reading a kernel as coefficients of polynomials, a convolution multiplies. So an uncut block of the system is the map of
 * global sections of φ: F → G on P¹×P¹ in one bidegree, where F and G are sums of line bundles: filters on one side, input
 * phases (channel × residue of the position modulo the stride) on the other. With rank F > rank G the map has a kernel
 * that counting rows and columns does not see. The Buchsbaum–Rim complex of φ (Eisenbud, Commutative Algebra, A2.6) resolves
 * its cokernel, and its Euler characteristic gives the cokernel's dimension until that first reaches zero.
 *
 * For rank F ≤ rank G + 1 this is a theorem for generic φ; beyond, it is verified by exact elimination, not proven.
 */

/** `count` copies of the line bundle O(−height, −width) in F, or of O(height, width) in G. */
export interface Summand {
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/** A limit on the elementary steps of the recursion, shared by all blocks of one geometry. */
export interface StepBudget {
  steps: number;
}

/**
 * Rank of F(r1−1, r2−1) → G(r1−1, r2−1) on sections for generic φ. O(m, n) has (m+1)·(n+1) sections.
 * Returns null when the budget ran out.
 */
export function sectionsRank(
  source: readonly Summand[],
  target: readonly Summand[],
  r1: number,
  r2: number,
  budget: StepBudget,
): number | null {
  const map = new GenericMap(source, target, budget);
  const rows = map.sourceSections(r1, r2);
  const columns = map.targetSections(r1, r2);
  const counted = Math.min(rows, columns);
  if (map.excess <= 0 || map.constant) return counted;
  if (map.excess === 1) return Math.min(counted, rows - Number(map.syzygies(1, r1, r2)));
  if (rows >= columns && map.isOntoUpTo(r1, r2)) return columns;
  const cokernel = map.cokernel(r1, r2);
  return budget.steps < 0 ? null : Math.min(counted, columns - Math.max(0, cokernel));
}

class GenericMap {
  /** rank F − rank G. */
  readonly excess: number;
  /** All entries are numbers: one matrix repeated at every position, where counting is exact. */
  readonly constant: boolean;
  private readonly targetRank: number;
  private readonly det: { readonly height: number; readonly width: number };

  constructor(
    private readonly source: readonly Summand[],
    private readonly target: readonly Summand[],
    private readonly budget: StepBudget,
  ) {
    this.targetRank = sum(target, s => s.count);
    this.excess = sum(source, s => s.count) - this.targetRank;
    this.constant = [...source, ...target].every(s => s.height === 0 && s.width === 0);
    this.det = { height: sum(target, s => s.count * s.height), width: sum(target, s => s.count * s.width) };
  }

  sourceSections(r1: number, r2: number): number {
    return sum(this.source, s => s.count * positive(r1 - s.height) * positive(r2 - s.width));
  }

  targetSections(r1: number, r2: number): number {
    return sum(this.target, s => s.count * (r1 + s.height) * (r2 + s.width));
  }

  /** Dimension of the cokernel as the Euler characteristic; zero or less: expected onto. Exact: the terms cancel. */
  cokernel(r1: number, r2: number): number {
    let value = BigInt(this.targetSections(r1, r2) - this.sourceSections(r1, r2));
    for (let j = 1; j <= this.excess; j++) {
      const term = this.syzygies(j, r1, r2);
      if (term === 0n || this.budget.steps < 0) break;
      value += j % 2 === 1 ? term : -term;
    }
    return Number(value);
  }

  /** Sections of the complex's j-th term, Λ^(g+j) F ⊗ (S_(j−1) G ⊗ det G)*, g = rank G. */
  syzygies(j: number, r1: number, r2: number): bigint {
    return this.choose(0, this.targetRank + j, r1 - this.det.height, r2 - this.det.width, j - 1);
  }

  /** Σ over ways to take `left` factors of F from summand k on; `powers` factors of G follow. */
  private choose(k: number, left: number, h: number, w: number, powers: number): bigint {
    if (h <= 0 || w <= 0 || --this.budget.steps < 0) return 0n;
    const summand = this.source[k];
    if (!summand) return left === 0 ? this.power(0, powers, h, w) : 0n;
    const later = sum(this.source.slice(k + 1), s => s.count);
    let value = 0n;
    for (let q = Math.max(0, left - later); q <= Math.min(left, summand.count); q++) {
      const rest = this.choose(k + 1, left - q, h - q * summand.height, w - q * summand.width, powers);
      if (rest !== 0n) value += this.binomial(summand.count, q) * rest;
      else if (h <= q * summand.height || w <= q * summand.width) break;
    }
    return value;
  }

  /** Σ over ways to take `left` factors of G*, with repetition, from summand k on. */
  private power(k: number, left: number, h: number, w: number): bigint {
    if (h <= 0 || w <= 0 || --this.budget.steps < 0) return 0n;
    const summand = this.target[k];
    if (!summand) return left === 0 ? BigInt(h) * BigInt(w) : 0n;
    const least = k === this.target.length - 1 ? left : 0;
    let value = 0n;
    for (let q = least; q <= left; q++) {
      const rest = this.power(k + 1, left - q, h - q * summand.height, w - q * summand.width);
      if (rest !== 0n) value += this.binomial(q + summand.count - 1, q) * rest;
      else if (h <= q * summand.height || w <= q * summand.width) break;
    }
    return value;
  }

  /**
   * Whether the map is onto in some bidegree up to this one, hence in this one (the target is generated in lowest degree).
   * Where there are no syzygies the test only gets easier as the window grows, so corners stand for whole regions.
   */
  isOntoUpTo(r1: number, r2: number): boolean {
    const corners = [
      [Math.min(r1, this.det.height), r2],
      [r1, Math.min(r2, this.det.width)],
    ] as const;
    if (corners.some(([a, b]) => a > 0 && b > 0 && this.isOntoAt(a, b))) return true;
    const [h, w] = [this.det.height, this.det.width];
    if (r1 <= h || r2 <= w) return false;
    for (let diagonal = h + w + 2; diagonal <= r1 + r2; diagonal++) {
      for (let a = Math.max(h + 1, diagonal - r2); a <= Math.min(r1, diagonal - w - 1); a++) {
        if (this.isOntoAt(a, diagonal - a)) return true;
        if (--this.budget.steps < 0) return false;
      }
    }
    return false;
  }

  private isOntoAt(a: number, b: number): boolean {
    return this.sourceSections(a, b) >= this.targetSections(a, b) && this.cokernel(a, b) <= 0 && this.budget.steps >= 0;
  }

  private binomial(n: number, k: number): bigint {
    this.budget.steps -= Math.min(k, n - k);
    return this.budget.steps < 0 ? 0n : binomial(n, k);
  }
}

/** binomial(n, k) as an exact integer. */
function binomial(n: number, k: number): bigint {
  const small = Math.min(k, n - k);
  if (small < 0) return 0n;
  let value = 1n;
  for (let i = 1; i <= small; i++) value = (value * BigInt(n - small + i)) / BigInt(i);
  return value;
}

function positive(x: number): number {
  return x > 0 ? x : 0;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
