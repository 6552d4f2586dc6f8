import { describe, expect, it } from 'vitest';
import { readTfjsWeights } from './weights.ts';

function read(
  groups: readonly { paths: readonly string[]; weights: readonly object[] }[],
  files: Record<string, ArrayLike<number>>,
) {
  const text = JSON.stringify({ weightsManifest: groups });
  return readTfjsWeights(text, path => (files[path] ? Uint8Array.from(files[path]) : undefined));
}

function one(weight: object, bytes: ArrayLike<number>) {
  const { weights, errors } = read([{ paths: ['w.bin'], weights: [{ name: 'w', ...weight }] }], { 'w.bin': bytes });
  return { data: weights.get('w')?.data, messages: errors.map(error => error.message) };
}

function bytesOf(values: Float32Array | Int32Array | Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer);
}

const encodings: readonly [weight: object, bytes: Uint8Array, data: Float32Array | Int32Array | Uint8Array][] = [
  [{ dtype: 'float32', shape: [2] }, bytesOf(Float32Array.of(1.5, -2)), Float32Array.of(1.5, -2)],
  [{ dtype: 'float32', shape: [] }, bytesOf(Float32Array.of(3)), Float32Array.of(3)],
  [{ dtype: 'float32', shape: [0, 7] }, Uint8Array.of(), Float32Array.of()],
  [{ dtype: 'int32', shape: [2] }, bytesOf(Int32Array.of(-7, 2 ** 30)), Int32Array.of(-7, 2 ** 30)],
  [{ dtype: 'bool', shape: [3] }, Uint8Array.of(1, 0, 1), Uint8Array.of(1, 0, 1)],
  [
    { dtype: 'float32', shape: [3], quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
    Uint8Array.of(0, 1, 255),
    Float32Array.of(-1, -0.5, 126.5),
  ],
  [
    { dtype: 'float32', shape: [2], quantization: { dtype: 'uint16', scale: 0.25, min: 2 } },
    bytesOf(Uint16Array.of(4, 65535)),
    Float32Array.of(3, 16385.75),
  ],
  [
    { dtype: 'int32', shape: [2], quantization: { dtype: 'uint8', scale: 0.3, min: -1 } },
    Uint8Array.of(1, 2),
    Int32Array.of(-1, 0),
  ],
  [
    // One, the smallest subnormal, −2, the largest finite number, infinity (IEEE 754-2008, binary16).
    { dtype: 'float32', shape: [5], quantization: { dtype: 'float16' } },
    bytesOf(Uint16Array.of(0x3c00, 0x0001, 0xc000, 0x7bff, 0xfc00)),
    Float32Array.of(1, 2 ** -24, -2, 65504, Number.NEGATIVE_INFINITY),
  ],
];

const refusals: readonly [weight: object, bytes: number, message: string][] = [
  [{ dtype: 'float32', shape: [3] }, 8, 'w needs 12 bytes, but only 8 are left in w.bin.'],
  [{ dtype: 'float32', shape: [2] }, 9, '1 bytes of w.bin belong to no weight.'],
  [
    { dtype: 'float32', shape: [2 ** 30, 2 ** 30] },
    9,
    'w needs 4611686018427388000 bytes, but only 9 are left in w.bin.',
  ],
  [{ dtype: 'string', shape: [1] }, 8, 'w is of the type string, which Leaklint does not read.'],
  [{ dtype: 'complex64', shape: [1] }, 8, 'w is of the type complex64, which Leaklint does not read.'],
  [
    { dtype: 'float32', shape: [1], quantization: { dtype: 'uint4' } },
    1,
    'w is quantised as uint4 for float32, which TensorFlow.js does not know.',
  ],
  [
    { dtype: 'int32', shape: [1], quantization: { dtype: 'float16' } },
    2,
    'w is quantised as float16 for int32, which TensorFlow.js does not know.',
  ],
  [{ dtype: 'float32', shape: [1], quantization: { dtype: 'uint8' } }, 1, 'The quantisation of w lacks scale or min.'],
];

describe('readTfjsWeights', () => {
  it.each(encodings)('decodes %j', (weight, bytes, data) => {
    expect(one(weight, bytes)).toEqual({ data, messages: [] });
  });

  it.each(refusals)('refuses %j of %d bytes', (weight, bytes, message) => {
    expect(one(weight, new Uint8Array(bytes)).messages).toEqual([message]);
  });

  it('puts the shards of a group together, group by group', () => {
    const whole = bytesOf(Float32Array.of(1, 2, 3));
    const groups = [
      {
        paths: ['a-1', 'a-2'],
        weights: [1, 2].map(n => ({ name: `w${n}`, dtype: 'float32', shape: n === 1 ? [2] : [1] })),
      },
      { paths: ['b-1'], weights: [{ name: 'w3', dtype: 'bool', shape: [1] }] },
    ];
    const { weights, errors } = read(groups, { 'a-1': whole.slice(0, 5), 'a-2': whole.slice(5), 'b-1': [1] });
    expect(errors).toEqual([]);
    expect(weights.get('w1')).toEqual({ shape: [2], data: Float32Array.of(1, 2) });
    expect(weights.get('w2')).toEqual({ shape: [1], data: Float32Array.of(3) });
    expect(weights.get('w3')).toEqual({ shape: [1], data: Uint8Array.of(1) });
  });

  it('reads no weight of a group that misses a file, and the others', () => {
    const groups = ['a', 'b'].map(path => ({
      paths: [path],
      weights: [{ name: `w${path}`, dtype: 'bool', shape: [1] }],
    }));
    const { weights, errors } = read(groups, { b: [1] });
    expect([...weights.keys()]).toEqual(['wb']);
    expect(errors.map(error => error.message)).toEqual(['The weight file a is missing.']);
  });

  it('takes the manifest alone', () => {
    const { weights } = readTfjsWeights('[{"paths":["w"],"weights":[{"name":"w","shape":[1],"dtype":"bool"}]}]', () =>
      Uint8Array.of(1),
    );
    expect(weights.get('w')?.data).toEqual(Uint8Array.of(1));
  });
});
