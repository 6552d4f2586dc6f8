import { createRandom, type Random } from '../optimisers/random.ts';

/** An initializer that TensorFlow.js has and this module does not, or a shape it cannot be used for. */
export class InitializerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InitializerError';
  }
}

/**
 * Draws a weight tensor as TensorFlow.js's initializer of this name would with its default settings: the same
 * distribution, from our own seeded generator (its values therefore differ from TensorFlow.js's for the same seed).
 *
 * @param shape in TensorFlow.js's layout: dense [in, out], convolution [kh, kw, in, out]
 * @throws {InitializerError}
 */
export function initialise(initializer: string, shape: readonly number[], seed: number): Float32Array {
  return initializerOf(initializer)(shape, createRandom(seed));
}

function initializerOf(name: string): Initializer {
  const forgets = forgetful.exec(name);
  const draw = forgets ? unitForgetBias(forgets[1] ?? 'zeros') : initializers[name];
  if (!draw) throw new InitializerError(`The initializer "${name}" is not known: give the model with its weights.`);
  return draw;
}

/** Seed of one tensor: differs by name, so that layers do not start alike. */
export function seedOf(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

type Initializer = (shape: readonly number[], random: Random) => Float32Array;

const sizeOf = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);
const filled =
  (value: number): Initializer =>
  shape =>
    new Float32Array(sizeOf(shape)).fill(value);
const drawn =
  (draw: (random: Random) => number): Initializer =>
  (shape, random) =>
    Float32Array.from({ length: sizeOf(shape) }, () => draw(random));

/** N(0, 1) cut at two standard deviations by drawing again. */
function truncatedNormal(random: Random): number {
  for (;;) {
    const value = random.normal();
    if (Math.abs(value) <= 2) return value;
  }
}

/** fan-in and fan-out as tfjs-layers' `computeFans` has them for channelsLast kernels. */
function fans(shape: readonly number[]): { readonly in: number; readonly out: number } {
  if (shape.length === 2) return { in: shape[0]!, out: shape[1]! };
  if (shape.length >= 3 && shape.length <= 5) {
    const receptive = sizeOf(shape.slice(0, -2));
    return { in: receptive * shape[shape.length - 2]!, out: receptive * shape[shape.length - 1]! };
  }
  const root = Math.sqrt(sizeOf(shape));
  return { in: root, out: root };
}

type Fan = 'in' | 'out' | 'average';

/** VarianceScaling: variance scale/n, n the fan in, out or their mean. */
function scaled(scale: number, mode: Fan, distribution: 'normal' | 'uniform'): Initializer {
  return (shape, random) => {
    const fan = fans(shape);
    const n = Math.max(1, mode === 'average' ? (fan.in + fan.out) / 2 : fan[mode]);
    const draw =
      distribution === 'normal'
        ? (r: Random) => Math.sqrt(scale / n) * truncatedNormal(r)
        : (r: Random) => Math.sqrt((3 * scale) / n) * (2 * r.uniform() - 1);
    return drawn(draw)(shape, random);
  };
}

/** A random matrix with orthonormal rows or columns, whichever are fewer (Gram–Schmidt on normal vectors, twice). */
function orthogonal(shape: readonly number[], random: Random): Float32Array {
  const columns = shape[shape.length - 1] ?? 1;
  const rows = sizeOf(shape) / columns;
  const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
  const vectors: Float64Array[] = [];
  for (let i = 0; i < count; i++) {
    const vector = Float64Array.from({ length }, () => random.normal());
    // The second pass removes what rounding left of the first.
    for (let pass = 0; pass < 2; pass++) for (const other of vectors) subtractProjection(vector, other);
    const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    vectors.push(vector.map(value => value / norm));
  }
  const result = new Float32Array(rows * columns);
  vectors.forEach((vector, i) => {
    vector.forEach((value, j) => {
      result[rows < columns ? i * columns + j : j * columns + i] = value;
    });
  });
  return result;
}

function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  let product = 0;
  for (let i = 0; i < vector.length; i++) product += vector[i]! * unit[i]!;
  for (let i = 0; i < vector.length; i++) vector[i]! -= product * unit[i]!;
}

const forgetful = /^unitForgetBias(?: and (\w+))?$/;

/** An LSTM's bias: 1 for the forget gate, the second of four, and for the others what another initializer draws (zeros). */
function unitForgetBias(others: string): Initializer {
  return (shape, random) => {
    const values = initializerOf(others)(shape, random);
    const units = values.length / 4;
    return values.fill(1, units, 2 * units);
  };
}

function identity(shape: readonly number[]): Float32Array {
  const [rows, columns] = shape;
  if (shape.length !== 2 || rows !== columns) {
    throw new InitializerError(`The initializer "identity" is for square matrices, not for [${shape.join(', ')}].`);
  }
  return Float32Array.from({ length: rows! * rows! }, (_, i) => (i % (rows! + 1) === 0 ? 1 : 0));
}

/** Names and defaults of tf.initializers. */
const initializers: Readonly<Record<string, Initializer>> = {
  zeros: filled(0),
  ones: filled(1),
  randomNormal: drawn(random => 0.05 * random.normal()),
  randomUniform: drawn(random => 0.05 * (2 * random.uniform() - 1)),
  truncatedNormal: drawn(random => 0.05 * truncatedNormal(random)),
  glorotNormal: scaled(1, 'average', 'normal'),
  glorotUniform: scaled(1, 'average', 'uniform'),
  heNormal: scaled(2, 'in', 'normal'),
  heUniform: scaled(2, 'in', 'uniform'),
  leCunNormal: scaled(1, 'in', 'normal'),
  leCunUniform: scaled(1, 'in', 'uniform'),
  varianceScaling: scaled(1, 'in', 'normal'),
  orthogonal,
  identity,
};
