import { equals } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyProto } from '../../../test/fixtures/onnx/any-proto.ts';
import {
  damagedAnyText,
  damagedText,
  smallTexts,
  textUnsoundness,
  wordRow,
} from '../../../test/fixtures/onnx/hostile-text.ts';
import { ModelProtoSchema } from '../onnx/generated/onnx_pb.ts';
import { neverCancelled } from '../reader.ts';
import { parseOnnxText } from './parse.ts';
import { printModel } from './print.ts';
import { readOnnxText } from './read.ts';

const texts = smallTexts(new URL('../../../test/fixtures/onnx/', import.meta.url));

/** A fixed slice of what `npm run bench onnx-text-fuzz` draws. */
function expectSound(text: string): void {
  const problem = textUnsoundness(text, readOnnxText({ path: 'x.onnxtxt', text }, neverCancelled));
  if (problem) expect.fail(problem);
}

test('a damaged text is read or refused, never more', () => {
  fc.assert(fc.property(fc.oneof(damagedText(texts), damagedAnyText), expectSound), { numRuns: 800 });
});

test('so is any row of words', () => {
  fc.assert(fc.property(wordRow, expectSound), { numRuns: 800 });
});

test('what is printed is parsed as the same model', () => {
  fc.assert(
    fc.property(anyProto, model => {
      const { text } = printModel(model);
      const parsed = parseOnnxText(text, neverCancelled);
      if (parsed.errors.length > 0) expect.fail(`${parsed.errors[0]?.message}\n${text}`);
      if (!equals(ModelProtoSchema, parsed.model, model))
        expect(printModel(parsed.model).text).toBe(`other than ${text}`);
    }),
    { numRuns: 400 },
  );
});
