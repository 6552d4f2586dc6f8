/**
 * Reads hostile ONNX files: real small models with changed bytes, and models of random nodes. `ONNX_FUZZ_RUNS` is how
 * many of both together (100,000 where it is not set).
 */
import * as fc from 'fast-check';
import { readOnnx } from '../src-analysis/readers/onnx/read.ts';
import { neverCancelled, type ReadResult } from '../src-analysis/readers/reader.ts';
import { anyModel, damagedModel, smallModels, unsoundness } from '../test/fixtures/onnx/hostile-models.ts';
import { cpuMilliseconds, printTable } from './table.ts';

const runs = Number(process.env.ONNX_FUZZ_RUNS ?? 100_000);
const models = smallModels(new URL('../../test/fixtures/onnx/', import.meta.url));
const BATCH = 500;

interface Tally {
  inputs: number;
  models: number;
  errors: number;
  unsound: number;
  slowest: number;
  milliseconds: number;
}

/** The result, or what was thrown: nothing may be. */
function read(bytes: Uint8Array): ReadResult | string {
  try {
    return readOnnx({ path: 'x.onnx', bytes }, neverCancelled);
  } catch (error) {
    return `thrown: ${error instanceof Error ? error.stack : String(error)}`;
  }
}

/** Reads that many inputs, drawn in batches with seeds of their own so that a fault can be drawn again. */
function fuzz(name: string, inputs: fc.Arbitrary<Uint8Array>, count: number): Tally {
  const tally: Tally = { inputs: 0, models: 0, errors: 0, unsound: 0, slowest: 0, milliseconds: 0 };
  for (let seed = 0; tally.inputs < count; seed++) {
    for (const bytes of fc.sample(inputs, { numRuns: Math.min(BATCH, count - tally.inputs), seed })) {
      const { result, ms } = cpuMilliseconds(() => read(bytes));
      const problem = typeof result === 'string' ? result : unsoundness(result);
      if (problem) {
        console.log(`${name}, seed ${seed}: ${problem}: ${Buffer.from(bytes).toString('base64').slice(0, 4000)}`);
        tally.unsound++;
      }
      tally.inputs++;
      if (typeof result !== 'string') {
        tally.models += result.models.length;
        tally.errors += result.errors.length > 0 ? 1 : 0;
      }
      tally.milliseconds += ms;
      tally.slowest = Math.max(tally.slowest, ms);
    }
  }
  return tally;
}

const before = process.memoryUsage().rss;
const tallies = new Map([
  ['changed bytes', fuzz('changed bytes', damagedModel(models), Math.ceil(runs / 2))],
  ['random nodes', fuzz('random nodes', anyModel, Math.floor(runs / 2))],
]);
printTable(
  ['inputs', 'number', 'read as a model', 'with errors', 'not sound', 'slowest ms', 'mean ms'],
  [...tallies].map(([name, tally]) => [
    name,
    tally.inputs,
    tally.models,
    tally.errors,
    tally.unsound,
    tally.slowest,
    tally.milliseconds / tally.inputs,
  ]),
);
const megabytes = (process.memoryUsage().rss - before) / 1e6;
console.log(`\nMemory at the end: ${megabytes.toFixed(0)} MB more than at the beginning.`);
if ([...tallies.values()].some(({ unsound }) => unsound > 0)) process.exitCode = 1;
