/**
 * Reads hostile ONNX files: real small models with changed bytes, and models of random nodes. `ONNX_FUZZ_RUNS` is how
 * many of both together (100,000 where it is not set).
 */
import { readOnnx } from '../src-analysis/readers/onnx/read.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { anyModel, damagedModel, smallModels, unsoundness } from '../test/fixtures/onnx/hostile-models.ts';
import { drawn, fuzz, type Outcome, report } from './fuzz.ts';

const runs = Number(process.env.ONNX_FUZZ_RUNS ?? 100_000);
const models = smallModels(new URL('../../test/fixtures/onnx/', import.meta.url));

function read(bytes: Uint8Array): Outcome {
  const result = readOnnx({ path: 'x.onnx', bytes }, neverCancelled);
  return { models: result.models.length, hasErrors: result.errors.length > 0, problem: unsoundness(result) };
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

report([
  fuzz('changed bytes', drawn(damagedModel(models), Math.ceil(runs / 2)), read, base64),
  fuzz('random nodes', drawn(anyModel, Math.floor(runs / 2)), read, base64),
]);
