/**
 * Numbers over GF(p) with their derivative by every entry of the model's input (forward mode). A tangent of null is zero.
 */
import { inverse, prime, productsPerReduction, residue } from '../../solubility/modular.ts';

export interface Dual {
  readonly value: number;
  readonly tangent: Int32Array | null;
}

export const zero: Dual = { value: 0, tangent: null };

/** A sum of products of duals, reduced modulo p only when it must be. */
export class DualSum {
  private value = 0;
  private tangent: Float64Array | null = null;
  private products = 0;
  private readonly length: number;

  /** @param length entries of a tangent */
  constructor(length: number) {
    this.length = length;
  }

  /** Adds factor · x. */
  addScaled(factor: number, { value, tangent }: Dual): void {
    this.value = residue(this.value + factor * value);
    if (tangent) this.addTangent(factor, tangent);
  }

  /** Adds x · y: the tangent is x·dy + y·dx. */
  addProduct(x: Dual, y: Dual): void {
    this.value = residue(this.value + x.value * y.value);
    if (y.tangent) this.addTangent(x.value, y.tangent);
    if (x.tangent) this.addTangent(y.value, x.tangent);
  }

  private addTangent(factor: number, tangent: Int32Array): void {
    if (factor === 0) return;
    this.tangent ??= new Float64Array(this.length);
    const sum = this.tangent;
    if (this.products === productsPerReduction - 1) {
      for (let i = 0; i < sum.length; i++) sum[i] = residue(sum[i]!);
      this.products = 0;
    }
    for (let i = 0; i < sum.length; i++) sum[i]! += factor * tangent[i]!;
    this.products++;
  }

  /** The sum so far; starts a new one. */
  take(): Dual {
    const tangent = this.tangent && residues(this.tangent);
    const taken = { value: this.value, tangent };
    this.value = 0;
    this.products = 0;
    this.tangent?.fill(0);
    return taken;
  }
}

// Plain loops: `from` and `map` with a function take ten times as long.
function residues(values: Float64Array): Int32Array {
  const result = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = residue(values[i]!);
  return result;
}

function scaledTangent(factor: number, tangent: Int32Array): Int32Array {
  const result = new Int32Array(tangent.length);
  for (let i = 0; i < tangent.length; i++) result[i] = residue(factor * tangent[i]!);
  return result;
}

export function scaled(factor: number, { value, tangent }: Dual): Dual {
  return {
    value: residue(factor * value),
    tangent: factor === 0 || !tangent ? null : scaledTangent(factor, tangent),
  };
}

/** x plus a constant. */
export function shifted(offset: number, { value, tangent }: Dual): Dual {
  return { value: residue(offset + value), tangent };
}

export function product(x: Dual, y: Dual, length: number): Dual {
  if (!x.tangent && !y.tangent) return { value: residue(x.value * y.value), tangent: null };
  const sum = new DualSum(length);
  sum.addProduct(x, y);
  return sum.take();
}

/** 1/x. */
export function reciprocal({ value, tangent }: Dual): Dual {
  const inverted = inverse(value);
  const slope = residue(-residue(inverted * inverted));
  return { value: inverted, tangent: scaled(slope, { value: 0, tangent }).tangent };
}

/**
 * c·x^(−1/2) with c² = 1 or the reciprocal of a fixed non-residue, whichever makes the root exist: a constant factor, which
 * changes no rank. p = 3 mod 4, so that one of x and −x has the root (±x)^((p+1)/4).
 */
export function reciprocalRoot(x: Dual): Dual {
  const inverted = reciprocal(x);
  const raised = power(inverted.value, (prime + 1) / 4);
  const root = residue(raised);
  // d(x^(−1/2)) = −½·x^(−1/2)·dx/x.
  const slope = residue(residue(root * inverted.value) * minusHalf);
  return { value: root, tangent: scaled(slope, { value: 0, tangent: x.tangent }).tangent };
}

const minusHalf = -inverse(2);

function power(base: number, exponent: number): number {
  let result = 1;
  let square = residue(base);
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = residue(result * square);
    square = residue(square * square);
  }
  return result;
}
