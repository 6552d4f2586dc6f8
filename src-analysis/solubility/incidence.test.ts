import fc from 'fast-check';
import { expect, test } from 'vitest';
import { axisBlocks, cutAfter, type Progression, total } from './incidence.ts';

/** Components of the same graph by flood fill, as sorted [rows, cols] pairs. */
function componentsByFlooding(input: number, before: number, windows: Progression, cells: Progression) {
  const seen: number[][] = Array.from({ length: windows.count }, (_, w) =>
    Array.from({ length: cells.count }, (_, i) => w * windows.step - before + i * cells.step).filter(
      cell => cell >= 0 && cell < input,
    ),
  );
  const waiting = new Set(seen.flatMap((list, w) => (list.length > 0 ? [w] : [])));
  const components: (readonly [number, number])[] = [];
  for (const start of waiting) {
    const rows = new Set([start]);
    const cols = new Set(seen[start]);
    for (let grown = true; grown; ) {
      grown = false;
      for (const w of waiting) {
        if (rows.has(w) || !seen[w]!.some(cell => cols.has(cell))) continue;
        rows.add(w);
        for (const cell of seen[w]!) cols.add(cell);
        grown = true;
      }
    }
    for (const w of rows) waiting.delete(w);
    components.push([rows.size, cols.size]);
  }
  return components.sort(([a, b], [c, d]) => a - c || b - d);
}

const progression = fc.record({ count: fc.integer({ min: 1, max: 12 }), step: fc.integer({ min: 1, max: 5 }) });

test('blocks are the connected components of the axis', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 25 }),
      fc.integer({ min: 0, max: 12 }),
      progression,
      progression,
      (input, before, windows, cells) => {
        const blocks = axisBlocks(input, before, windows, cells)!;
        const pairs = blocks.flatMap(b => Array.from({ length: b.count }, () => [b.rows, b.cols] as const));
        expect(pairs.sort(([a, b], [c, d]) => a - c || b - d)).toEqual(
          componentsByFlooding(input, before, windows, cells),
        );
        for (const block of blocks) {
          expect(block.before).toBeGreaterThanOrEqual(0);
          expect(cutAfter(block)).toBeGreaterThanOrEqual(0);
        }
      },
    ),
    { seed: 1, numRuns: 2000 },
  );
});

test('an axis of any length takes the same time', () => {
  const length = 2 ** 40;
  const blocks = axisBlocks(length, 1, { count: length, step: 1 }, { count: 3, step: 1 })!;
  expect(blocks).toHaveLength(1);
  expect(total(blocks, 'rows')).toBe(length);
  expect(total(blocks, 'cols')).toBe(length);
});

test('a dilation of more than 4,096 residue classes is left alone', () => {
  expect(axisBlocks(2 ** 30, 0, { count: 2 ** 20, step: 1 }, { count: 3, step: 5000 })).toBeNull();
});
