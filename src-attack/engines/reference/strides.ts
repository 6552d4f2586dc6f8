/** Row-major strides of a shape. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Strides with which a tensor is read when it is broadcast to `target`: 0 along repeated axes. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const strides = stridesOf(shape);
  const missing = target.length - shape.length;
  return target.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : strides[axis - missing]!));
}

/** start + Σ index·stride for every index of a shape, in row-major order. */
export function offsets(shape: readonly number[], strides: readonly number[], start = 0): Int32Array {
  let current = Int32Array.of(start);
  shape.forEach((dim, axis) => {
    const next = new Int32Array(current.length * dim);
    const stride = strides[axis]!;
    for (let i = 0, at = 0; i < current.length; i++) {
      for (let j = 0; j < dim; j++) next[at++] = current[i]! + j * stride;
    }
    current = next;
  });
  return current;
}
