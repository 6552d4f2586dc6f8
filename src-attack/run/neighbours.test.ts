import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Picture } from '../image/picture.ts';
import { drawNeighbours } from './neighbours.ts';

const sample = (width: number, height: number): Picture => ({
  width,
  height,
  channels: 3,
  pixels: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + (i >> 3)) % 256),
});
const size = { width: 8, height: 8, channels: 3 } as const;

test('neighbours are drawn by the seed, have the input’s size, and labels of their own while there are enough', () => {
  const settings = fc.record({
    classes: fc.integer({ min: 2, max: 12 }),
    taken: fc.uniqueArray(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 2 }),
    seed: fc.nat(1000),
  });
  fc.assert(
    fc.property(settings, fc.integer({ min: 0, max: 12 }), (choice, count) => {
      const draw = () => drawNeighbours([sample(20, 20), sample(30, 17)], count, size, choice);
      const { pictures, labels } = draw();
      expect(draw()).toEqual({ pictures, labels });
      expect(pictures.map(({ width, height }) => [width, height])).toEqual(Array(count).fill([8, 8]));
      expect(labels.every(label => label >= 0 && label < choice.classes)).toBe(true);
      const own = labels.slice(0, choice.classes - choice.taken.length);
      expect(new Set([...own, ...choice.taken]).size).toBe(own.length + choice.taken.length);
    }),
    { numRuns: 30 },
  );
});

test('cuts of one large sample differ from each other', () => {
  const { pictures } = drawNeighbours([sample(64, 64)], 12, size, { classes: 10, taken: [3], seed: 10 });
  expect(new Set(pictures.map(picture => picture.pixels.join())).size).toBe(12);
});

test('without sample pictures there are no neighbours', () => {
  expect(() => drawNeighbours([], 1, size, { classes: 2, taken: [], seed: 1 })).toThrow(/no sample pictures/);
  expect(drawNeighbours([], 0, size, { classes: 2, taken: [], seed: 1 }).pictures).toEqual([]);
});
