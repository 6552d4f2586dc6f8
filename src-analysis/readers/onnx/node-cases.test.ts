import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { neverCancelled } from '../reader.ts';
import { buildGraph } from './build.ts';
import { decodeModel } from './decode.ts';
import { convertModel } from './from-proto.ts';

interface NodeCase {
  readonly name: string;
  /** base64 */
  readonly model: string;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

const file = new URL('../../../test/fixtures/onnx/node-cases.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as readonly NodeCase[];

/**
 * Cases whose shape is not told exactly, as their names begin. The shape then depends on the values of the model's
 * input, or on a rule that is not covered; everything else must be told completely.
 */
const open = [
  'constantofshape',
  'loop11',
  'nonmaxsuppression',
  'nonzero',
  'range',
  'scan_sum',
  'strnormalizer',
  'unique',
];

describe("ONNX's own operator tests", () => {
  test.each(cases)('$name', ({ name, model, shapes }) => {
    const proto = decodeModel(
      Uint8Array.from(atob(model), char => char.charCodeAt(0)),
      neverCancelled,
    );
    if (typeof proto === 'string') throw new Error(proto);
    const built = buildGraph(convertModel(proto, neverCancelled).model, { name, format: 'onnx' }, neverCancelled);
    expect(built.errors).toEqual([]);
    for (const [output, expected] of Object.entries(shapes)) {
      const shape = built.values.get(output)?.shape;
      if (open.some(prefix => name.startsWith(prefix))) {
        expect(shape ? shape.map((dim, axis) => dim ?? expected[axis]) : expected).toEqual(expected);
      } else {
        expect(shape).toEqual(expected);
      }
    }
  });
});
