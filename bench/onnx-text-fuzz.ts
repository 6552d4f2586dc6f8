/**
 * Reads hostile ONNX text: real and random models as text with parts cut, put in and moved, and rows of the syntax's
 * words; and prints and parses random models. `ONNX_TEXT_FUZZ_RUNS` is how many of all together (100,000 where it is not set).
 */
import { equals } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { type ModelProto, ModelProtoSchema } from '../src-analysis/readers/onnx/generated/onnx_pb.ts';
import { parseOnnxText } from '../src-analysis/readers/onnx-text/parse.ts';
import { printModel } from '../src-analysis/readers/onnx-text/print.ts';
import { readOnnxText } from '../src-analysis/readers/onnx-text/read.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { anyProto } from '../test/fixtures/onnx/any-proto.ts';
import {
  damagedAnyText,
  damagedText,
  smallTexts,
  textUnsoundness,
  wordRow,
} from '../test/fixtures/onnx/hostile-text.ts';
import { cpuMilliseconds, printTable } from './table.ts';

const runs = Number(process.env.ONNX_TEXT_FUZZ_RUNS ?? 100_000);
const texts = smallTexts(new URL('../../test/fixtures/onnx/', import.meta.url));
const BATCH = 500;

interface Tally {
  inputs: number;
  models: number;
  errors: number;
  unsound: number;
  slowest: number;
  milliseconds: number;
}

/** Whether a model and errors came out of an input, and what is wrong with them. */
interface Outcome {
  readonly isModel: boolean;
  readonly hasErrors: boolean;
  readonly problem: string | null;
}

function readText(text: string): Outcome {
  const result = readOnnxText({ path: 'x.onnxtxt', text }, neverCancelled);
  const { models, errors } = result;
  return { isModel: models.length > 0, hasErrors: errors.length > 0, problem: textUnsoundness(text, result) };
}

function roundTrip(model: ModelProto): Outcome {
  const { text } = printModel(model);
  const parsed = parseOnnxText(text, neverCancelled);
  const problem = equals(ModelProtoSchema, parsed.model, model) ? null : `another model than\n${text}`;
  return { isModel: true, hasErrors: parsed.errors.length > 0, problem };
}

/** Tries that many inputs, drawn in batches with seeds of their own so that a fault can be drawn again. */
function fuzz<T>(name: string, inputs: fc.Arbitrary<T>, count: number, attempt: (input: T) => Outcome): Tally {
  const tally: Tally = { inputs: 0, models: 0, errors: 0, unsound: 0, slowest: 0, milliseconds: 0 };
  for (let seed = 0; tally.inputs < count; seed++) {
    for (const input of fc.sample(inputs, { numRuns: Math.min(BATCH, count - tally.inputs), seed })) {
      const { result, ms } = cpuMilliseconds((): Outcome => {
        try {
          return attempt(input);
        } catch (error) {
          const problem = `thrown: ${error instanceof Error ? error.stack : String(error)}`;
          return { isModel: false, hasErrors: true, problem };
        }
      });
      if (result.problem) {
        console.log(`${name}, seed ${seed}: ${result.problem}: ${JSON.stringify(String(input)).slice(0, 4000)}`);
        tally.unsound++;
      }
      tally.inputs++;
      tally.models += Number(result.isModel);
      tally.errors += Number(result.hasErrors);
      tally.milliseconds += ms;
      tally.slowest = Math.max(tally.slowest, ms);
    }
  }
  return tally;
}

const before = process.memoryUsage().rss;
const share = (part: number) => Math.ceil(runs * part);
const tallies = new Map([
  ['changed texts of real models', fuzz('real', damagedText(texts), share(0.4), readText)],
  ['changed texts of random models', fuzz('random', damagedAnyText, share(0.25), readText)],
  ['rows of words', fuzz('words', wordRow, share(0.25), readText)],
  ['random models, there and back', fuzz('round trip', anyProto, share(0.1), roundTrip)],
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
