import type { Node, Values } from '../ir/graph.ts';
import { loadOnnxCpu } from './onnxruntime/load.ts';

/** More threads have to save this share of a step, or they are left to others. */
const worthwhile = 0.15;

/** Steps that are timed for each number of threads, after one that is not. */
const timedSteps = 5;

/**
 * How many threads onnxruntime-cpu should use for a step, by trying 1, 2, 4 … up to `most` on the step itself. On a busy
 * machine, and for small models, that is one: threads that wait for each other cost more than they do. Takes some
 * dozens of steps; worth it where an attack takes thousands.
 *
 * @param inputs values of the step's inputs
 * @param now a clock in milliseconds
 */
export async function calibrateThreads(
  outputs: Readonly<Record<string, Node>>,
  inputs: Readonly<Record<string, Values>>,
  most: number,
  now: () => number = () => performance.now(),
): Promise<number> {
  let best = { threads: 1, milliseconds: Number.POSITIVE_INFINITY };
  for (let threads = 1; threads <= most; threads *= 2) {
    const milliseconds = await medianStep(outputs, inputs, threads, now);
    if (milliseconds < best.milliseconds * (1 - worthwhile)) best = { threads, milliseconds };
  }
  return best.threads;
}

async function medianStep(
  outputs: Readonly<Record<string, Node>>,
  inputs: Readonly<Record<string, Values>>,
  threads: number,
  now: () => number,
): Promise<number> {
  const engine = await loadOnnxCpu(threads);
  const program = await engine.compile(outputs);
  await program.run(inputs);
  const times: number[] = [];
  for (let step = 0; step < timedSteps; step++) {
    const start = now();
    await program.run(inputs);
    times.push(now() - start);
  }
  await engine.dispose();
  return times.toSorted((a, b) => a - b)[Math.floor(timedSteps / 2)]!;
}
