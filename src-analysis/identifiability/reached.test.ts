import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyGeometry, square } from '../../bench/geometries.ts';
import { outputLength } from '../solubility/conv-geometry.ts';
import { axisWindows } from '../solubility/sparse-system.ts';
import { axisOf, inputsSeenBy, type Positions, restrictTo } from './reached.ts';

function list(positions: Positions): number[] {
  if ('list' in positions) return [...positions.list];
  return Array.from({ length: positions.count }, (_, i) => positions.first + i * positions.step);
}

const progression = fc.record({
  first: fc.nat({ max: 4 }),
  step: fc.integer({ min: 1, max: 3 }),
  count: fc.integer({ min: 1, max: 9 }),
});

/** Those outputs of a progression that an axis has. */
function within(outputs: { first: number; step: number; count: number }, length: number) {
  const first = Math.min(outputs.first, length - 1);
  return { ...outputs, first, count: Math.min(outputs.count, Math.floor((length - 1 - first) / outputs.step) + 1) };
}

test('the inputs seen are those of the windows, and the restricted convolution has the same windows', () => {
  fc.assert(
    fc.property(anyGeometry, progression, (g, asked) => {
      const outputs = within(asked, outputLength(g, 0));
      const windows = axisWindows(g, 0);
      const cells = list(outputs).map(output => windows[output]!.map(({ cell }) => cell));
      const seen = [...new Set(cells.flat())].sort((a, b) => a - b);
      const positions = inputsSeenBy(axisOf(g, 0), outputs)!;
      expect(list(positions)).toEqual(seen);
      expect(positions.count).toBe(seen.length);
      if (seen.length === 0) return;
      const part = restrictTo(g, [outputs, { first: 0, step: 1, count: outputLength(g, 1) }]);
      const restricted = axisWindows(part, 0);
      expect(restricted.map(window => window.map(({ tap }) => tap))).toEqual(
        list(outputs).map(output => windows[output]!.map(({ tap }) => tap)),
      );
      // Input numbers are shifted by what is cut off in front.
      const shift = Math.min(...seen) - Math.min(...restricted.flat().map(({ cell }) => cell));
      expect(restricted.map(window => window.map(({ cell }) => cell + shift))).toEqual(cells);
    }),
    { seed: 11, numRuns: 3000 },
  );
});

describe('long axes', () => {
  const long = (kernel: number, stride: number, dilation: number) => ({
    ...square({ inChannels: 1, filters: 1, input: [1, 2 ** 40], kernel: [1, kernel] }),
    strides: [1, stride] as const,
    dilations: [1, dilation] as const,
  });
  test.each([
    ['overlapping windows', long(3, 2, 1), 2 ** 40 - 1],
    ['a dilation with windows in between', long(3, 1, 512), 2 ** 40],
    ['pieces too many to list', long(2, 3, 1), null],
  ])('%s', (_, g, count) => {
    expect(inputsSeenBy(axisOf(g, 1), { first: 0, step: 1, count: outputLength(g, 1) })?.count ?? null).toBe(count);
  });
});
