export type Vector = Float32Array | Float64Array;

export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

export function norm(a: Vector): number {
  return Math.sqrt(dot(a, a));
}

/** y += factor·x, in place. */
export function addScaled(y: Vector, factor: number, x: Vector): void {
  for (let i = 0; i < y.length; i++) y[i]! += factor * x[i]!;
}

/** Largest absolute entry. */
export function maxAbs(a: Vector): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]!));
  return largest;
}
