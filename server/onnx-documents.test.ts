import { expect, test } from 'vitest';
import { isReadOnly, shownFile } from './onnx-documents.ts';

test.each([
  ['leaklint-onnx:/models/a.onnx.onnxtxt', 'file:///models/a.onnx', true],
  ['leaklint-onnx:/c%3A/models/a%20b.onnx.onnxtxt', 'file:///c%3A/models/a%20b.onnx', true],
  ['file:///models/a.onnx.onnxtxt', 'file:///models/a.onnx.onnxtxt', false],
  ['untitled:Untitled-1', 'untitled:Untitled-1', false],
])('%s shows %s', (uri, file, readOnly) => {
  expect(shownFile(uri)).toBe(file);
  expect(isReadOnly(uri)).toBe(readOnly);
});
