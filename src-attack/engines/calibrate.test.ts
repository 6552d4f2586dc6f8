import { expect, it } from 'vitest';
import { tanh } from '../ir/elementwise.ts';
import { createGraph } from '../ir/graph.ts';
import { calibrateThreads } from './calibrate.ts';

it.each([
  // Milliseconds of a step with 1, 2 and 4 threads.
  { steps: [8, 5, 2], threads: 4 },
  { steps: [8, 4, 3.8], threads: 2 },
  { steps: [8, 7.5, 9], threads: 1 },
])('takes $threads threads for steps of $steps ms', async ({ steps, threads }) => {
  const x = createGraph().input('x', [2]);
  let time = 0;
  let calls = 0;
  // Every other call ends a step; six steps a setting are run, five of them timed.
  const now = (): number => {
    if (calls % 2 === 1) time += steps[Math.floor(calls / 10)]!;
    calls++;
    return time;
  };
  expect(await calibrateThreads({ y: tanh(x) }, { x: Float32Array.of(1, 2) }, 4, now)).toBe(threads);
});
