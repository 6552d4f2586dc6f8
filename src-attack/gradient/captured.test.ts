import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { createGraph } from '../ir/graph.ts';
import { CaptureError, readCapture } from './captured.ts';
import { matchCapture } from './match.ts';

function safetensors(tensors: Record<string, { dtype: string; shape: number[]; bytes: Uint8Array }>): Uint8Array {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(new BigUint64Array([BigInt(text.length)]).buffer);
  return Uint8Array.from([...length, ...text, ...Object.values(tensors).flatMap(({ bytes }) => [...bytes])]);
}

/** A .npy file of version 1. */
function npy(descr: string, shape: string, bytes: Uint8Array, fortran = 'False'): Uint8Array {
  const header = `${`{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape}), }`.padEnd(117)}\n`;
  return Uint8Array.from([
    0x93,
    ...new TextEncoder().encode('NUMPY'),
    1,
    0,
    header.length,
    0,
    ...new TextEncoder().encode(header),
    ...bytes,
  ]);
}

const bytesOf = (values: Float32Array | Float64Array | Uint16Array) => new Uint8Array(values.buffer);
const floats = bytesOf(Float32Array.of(1, -2, 0.5, 4));

describe('safetensors', () => {
  test.each([
    ['F32', floats, [1, -2, 0.5, 4]],
    ['F64', bytesOf(Float64Array.of(1, -2, 0.5, 4)), [1, -2, 0.5, 4]],
    ['F16', bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x3800, 0x0001)), [1, -2, 0.5, 2 ** -24]],
    ['BF16', bytesOf(Uint16Array.of(0x3f80, 0xc000, 0x3f00, 0x4080)), [1, -2, 0.5, 4]],
  ])('%s', (dtype, bytes, values) => {
    const read = readCapture('g.safetensors', safetensors({ 'fc.weight': { dtype, shape: [2, 2], bytes } }));
    expect([...read.keys()]).toEqual(['fc.weight']);
    expect(read.get('fc.weight')?.shape).toEqual([2, 2]);
    expect([...(read.get('fc.weight')?.data ?? [])]).toEqual(values);
  });

  test('damaged files are refused with a sentence', () => {
    const good = safetensors({ a: { dtype: 'F32', shape: [4], bytes: floats } });
    expect(() => readCapture('g.safetensors', good.subarray(0, good.length - 1))).toThrow(/missing or do not fit/);
    expect(() => readCapture('g.safetensors', good.subarray(0, 20))).toThrow(/no safetensors file/);
    const integers = safetensors({ a: { dtype: 'I64', shape: [2], bytes: floats } });
    expect(() => readCapture('g.safetensors', integers)).toThrow(/type I64/);
  });

  test('no bytes make it fail in another way', () => {
    const good = safetensors({ a: { dtype: 'F32', shape: [4], bytes: floats } });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (place, value) => {
        const damaged = good.slice();
        damaged[place] = value;
        try {
          readCapture('g.safetensors', damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(CaptureError);
        }
      }),
    );
  });
});

describe('npz', () => {
  test('arrays by name', () => {
    const archive = zipSync({
      'conv/kernel.npy': npy('<f4', '4,', floats),
      'bias.npy': npy('<f8', '2, 1', bytesOf(Float64Array.of(3, 5))),
    });
    const read = readCapture('g.npz', archive);
    expect(read.get('conv/kernel')).toEqual({ shape: [4], data: Float64Array.of(1, -2, 0.5, 4) });
    expect(read.get('bias')).toEqual({ shape: [2, 1], data: Float64Array.of(3, 5) });
  });

  test.each([
    ['pickled objects', npy('|O', '4,', floats), /type \|O/],
    ['column-major arrays', npy('<f4', '2, 2', floats, 'True'), /column by column/],
    ['a wrong shape', npy('<f4', '5,', floats), /does not fit/],
    ['something else', Uint8Array.of(1, 2, 3), /no NumPy array/],
  ])('%s are refused', (_, content, message) => {
    expect(() => readCapture('g.npz', zipSync({ 'a.npy': content }))).toThrow(message);
  });

  test('what is no archive is refused', () => {
    expect(() => readCapture('g.npz', Uint8Array.of(80, 75, 3, 4, 0))).toThrow(/no \.npz archive/);
  });
});

describe('matching tensors to weights', () => {
  const graph = createGraph();
  const parameter = (name: string, shape: number[]) => ({ name, node: graph.input(name, shape) });
  const parameters = [parameter('conv1.weight', [2, 1]), parameter('fc.bias', [3])];
  const tensor = (shape: number[]) => ({ shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)) });

  test.each([
    ['equal names', ['fc.bias', 'conv1.weight'], 'names'],
    ['names with a prefix', ['module.fc.bias', 'module.conv1.weight'], 'names'],
    ['other names in the same order', ['p1', 'p0'], 'order'],
  ] as const)('by %s', (_, [bias, weight], how) => {
    const entries: [string, ReturnType<typeof tensor>][] = [
      [weight, tensor([2, 1])],
      [bias, tensor([3])],
    ];
    const matched = matchCapture(parameters, new Map(how === 'names' ? entries.reverse() : entries));
    expect(matched.how).toBe(how);
    expect(matched.gradients.map(gradient => gradient.length)).toEqual([2, 3]);
  });

  test('a missing tensor and a wrong shape are told by name', () => {
    expect(() => matchCapture(parameters, new Map([['conv1.weight', tensor([2, 1])]]))).toThrow(
      /no gradient for "fc.bias"/,
    );
    const transposed = new Map([
      ['conv1.weight', tensor([1, 2])],
      ['fc.bias', tensor([3])],
    ]);
    expect(() => matchCapture(parameters, transposed)).toThrow(/\[1, 2\].*\[2, 1\]/);
  });
});
