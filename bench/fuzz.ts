/** Tries many hostile inputs and tells in one table what came of them. */
import * as fc from 'fast-check';
import { cpuMilliseconds, printTable } from './table.ts';

/** What came out of an input. */
export interface Outcome {
  readonly models: number;
  readonly hasErrors: boolean;
  /** What is wrong with it; null where nothing is. */
  readonly problem: string | null;
}

export interface Tally {
  readonly name: string;
  inputs: number;
  models: number;
  errors: number;
  unsound: number;
  slowest: number;
  milliseconds: number;
}

/** An input that takes longer is printed, CPU milliseconds. */
const SLOW = 5000;
const BATCH = 500;
const memoryBefore = process.memoryUsage().rss;

/** That many inputs, the same in every run: drawn in batches, each with its number for a seed. */
export function* drawn<T>(inputs: fc.Arbitrary<T>, count: number): Iterable<T> {
  for (let seed = 0; seed * BATCH < count; seed++) {
    yield* fc.sample(inputs, { numRuns: Math.min(BATCH, count - seed * BATCH), seed });
  }
}

/** Tries every input; prints those that are thrown at, come out wrong or take long. */
export function fuzz<T>(
  name: string,
  inputs: Iterable<T>,
  attempt: (input: T) => Outcome,
  show: (input: T) => string,
): Tally {
  const tally: Tally = { name, inputs: 0, models: 0, errors: 0, unsound: 0, slowest: 0, milliseconds: 0 };
  for (const input of inputs) {
    const { result, ms } = cpuMilliseconds(() => outcomeOf(() => attempt(input)));
    const { models, hasErrors, problem } = result;
    if (problem) tally.unsound++;
    const remark = problem ?? (ms > SLOW ? `${Math.round(ms)} ms` : null);
    if (remark) console.log(`${name}, input ${tally.inputs}: ${remark}: ${show(input).slice(0, 4000)}`);
    tally.inputs++;
    tally.models += models;
    tally.errors += Number(hasErrors);
    tally.milliseconds += ms;
    tally.slowest = Math.max(tally.slowest, ms);
  }
  return tally;
}

/** Nothing may be thrown. */
function outcomeOf(attempt: () => Outcome): Outcome {
  try {
    return attempt();
  } catch (error) {
    const problem = `thrown: ${error instanceof Error ? error.stack : String(error)}`;
    return { models: 0, hasErrors: true, problem };
  }
}

/** Prints the table and the memory since the bench began; the process fails if an input came out wrong. */
export function report(tallies: readonly Tally[]): void {
  printTable(
    ['inputs', 'number', 'models', 'with errors', 'not sound', 'slowest ms', 'mean ms'],
    tallies.map(({ name, inputs, models, errors, unsound, slowest, milliseconds }) => [
      name,
      inputs,
      models,
      errors,
      unsound,
      slowest,
      milliseconds / inputs,
    ]),
  );
  const megabytes = (process.memoryUsage().rss - memoryBefore) / 1e6;
  console.log(`\nMemory at the end: ${megabytes.toFixed(0)} MB more than at the beginning.`);
  if (tallies.some(({ unsound }) => unsound > 0)) process.exitCode = 1;
}
