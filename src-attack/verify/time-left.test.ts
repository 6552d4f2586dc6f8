import { expect, test } from 'vitest';
import { secondsLeft } from './time-left.ts';

const marks = (seconds: (rank: number) => number) => [32, 64, 96, 128].map(rank => ({ rank, seconds: seconds(rank) }));

test.each([
  ['an even pace', (rank: number) => rank / 10, 256, 12.8],
  ['a pace that falls with the rank', (rank: number) => rank / 10 + rank ** 2 / 1000, 256, 25.6 + 65.536 - 29.184],
  ['a slow start, which is not taken for a pace that rises', (rank: number) => 10 + rank / 10, 256, 22.8],
])('%s goes on', (_, seconds, most, left) => expect(secondsLeft(marks(seconds), most)).toBeCloseTo(left, 6));

test('nothing is left at the end, and nothing is said at the beginning', () => {
  expect(
    secondsLeft(
      marks(rank => rank),
      128,
    ),
  ).toBe(0);
  expect(secondsLeft([], 128)).toBeNull();
  expect(secondsLeft([{ rank: 32, seconds: 1 }], 128)).toBeNull();
});
