import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyModel, damagedModel, smallModels, unsoundness } from '../../../test/fixtures/onnx/hostile-models.ts';
import { neverCancelled } from '../reader.ts';
import { readOnnx } from './read.ts';
import { readOnnxWeights } from './weights.ts';

const models = smallModels(new URL('../../../test/fixtures/onnx/', import.meta.url));

/** A fixed slice of what `npm run bench onnx-fuzz` draws. */
function expectSound(bytes: Uint8Array): void {
  const problem = unsoundness(readOnnx({ path: 'x.onnx', bytes }, neverCancelled));
  if (problem) expect.fail(problem);
}

test('a damaged model is read or refused, never more', () => {
  fc.assert(fc.property(damagedModel(models), expectSound), { numRuns: 4000 });
});

test('weights of a damaged model are read or refused with a sentence', () => {
  fc.assert(
    fc.property(damagedModel(models), bytes => {
      try {
        for (const { shape, data } of readOnnxWeights(bytes).values()) {
          expect(data.length).toBe(shape.reduce((product, dim) => product * dim, 1));
        }
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        expect((error as Error).constructor).toBe(Error);
        expect((error as Error).message).toMatch(/^[A-Z].{10,}\.$/s);
      }
    }),
    { numRuns: 1500 },
  );
});

test('any nodes, in any order and with any attributes, make a graph or an error', () => {
  fc.assert(fc.property(anyModel, expectSound), { numRuns: 4000 });
});
