/**
 * Reads hostile ONNX text: real and random models as text with parts cut, put in and moved, and rows of the syntax's
 * words; and prints and parses random models. `ONNX_TEXT_FUZZ_RUNS` is how many of all together (100,000 where it is not set).
 */
import { equals } from '@bufbuild/protobuf';
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
import { drawn, fuzz, type Outcome, report } from './fuzz.ts';

const runs = Number(process.env.ONNX_TEXT_FUZZ_RUNS ?? 100_000);
const texts = smallTexts(new URL('../../test/fixtures/onnx/', import.meta.url));
const share = (part: number) => Math.ceil(runs * part);

function readText(text: string): Outcome {
  const result = readOnnxText({ path: 'x.onnxtxt', text }, neverCancelled);
  const { models, errors } = result;
  return { models: models.length, hasErrors: errors.length > 0, problem: textUnsoundness(text, result) };
}

function roundTrip(model: ModelProto): Outcome {
  const { text } = printModel(model);
  const parsed = parseOnnxText(text, neverCancelled);
  const problem = equals(ModelProtoSchema, parsed.model, model) ? null : `another model than\n${text}`;
  return { models: 1, hasErrors: parsed.errors.length > 0, problem };
}

const quoted = (text: string) => JSON.stringify(text);

report([
  fuzz('changed texts of real models', drawn(damagedText(texts), share(0.4)), readText, quoted),
  fuzz('changed texts of random models', drawn(damagedAnyText, share(0.25)), readText, quoted),
  fuzz('rows of words', drawn(wordRow, share(0.25)), readText, quoted),
  fuzz('random models, there and back', drawn(anyProto, share(0.1)), roundTrip, () => 'a random model'),
]);
