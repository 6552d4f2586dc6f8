/**
 * Arithmetic in GF(p), p = 67,108,859 = 2²⁶ − 5, on doubles: exact, and fast because eight products fit before a reduction.
 *
 * Residues are symmetric, |x| ≤ (p + 1)/2 = 2²⁵ − 2, so that 8·x·y plus one residue stays below 2⁵³.
 */

export const prime = 67_108_859;

/** How many products of two residues may be added to a residue before {@link residue} is due. */
export const productsPerReduction = 8;

const inversePrime = 1 / prime;

/** The symmetric residue of an integer below 2⁵³ in magnitude; 0 exactly for multiples of p. */
export function residue(value: number): number {
  return value - Math.floor(value * inversePrime + 0.5) * prime;
}

/** 1/value in GF(p), by the extended Euclidean algorithm. `value` is a non-zero residue. */
export function inverse(value: number): number {
  let [r0, r1] = [prime, value < 0 ? value + prime : value];
  let [t0, t1] = [0, 1];
  while (r1 !== 0) {
    const q = Math.floor(r0 / r1);
    [r0, r1] = [r1, r0 - q * r1];
    [t0, t1] = [t1, t0 - q * t1];
  }
  return residue(t0);
}

/** Non-zero residues from a seed (sfc32): the "generic" weights and gradients of a run, the same every time. */
export function randomResidues(seed: number): () => number {
  let [a, b, c, counter] = [seed | 0, 0x9e3779b9 | 0, 0x243f6a88 | 0, 1];
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  // 1 … p − 1; the bias of taking 32 bits modulo p is below 2 %, irrelevant here.
  return () => residue(1 + (next() % (prime - 1)));
}
