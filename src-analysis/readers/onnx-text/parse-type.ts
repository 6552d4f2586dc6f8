import type { MessageInitShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import {
  type TensorShapeProto,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  type TypeProto,
  TypeProtoSchema,
} from '../onnx/generated/onnx_pb.ts';
import {
  accept,
  countMessage,
  expect,
  expectInteger,
  expectWord,
  failAt,
  isAtWord,
  nested,
  type Parser,
  recoveringList,
  take,
} from './parser.ts';
import { elementTypeOf, isTypeWord } from './type-names.ts';

export function isAtType(parser: Parser): boolean {
  return isAtWord(parser) && isTypeWord(parser.token.text);
}

/** `float[N, 3]`, `float[]` (unknown rank), `float` (a scalar), `seq(…)`, `map(…)`, `optional(…)`, `sparse_tensor(…)`, `opaque(…)`. */
export function parseType(parser: Parser): TypeProto {
  countMessage(parser);
  return create(TypeProtoSchema, { value: nested(parser, 'Types', () => typeValue(parser)) });
}

type TypeValue = Extract<MessageInitShape<typeof TypeProtoSchema>, { value?: unknown }>['value'] & object;

function typeValue(parser: Parser): TypeValue {
  const token = expectWord(parser, 'a type');
  const elemType = elementTypeOf(token.text);
  if (elemType !== undefined) return { case: 'tensorType', value: { elemType, ...shapeOf(parser) } };
  const where = `after '${token.text}'`;
  switch (token.text) {
    case 'seq':
    case 'optional': {
      expect(parser, '(', where);
      const elemType = parseType(parser);
      expect(parser, ')', `to close '${token.text}('`);
      return { case: token.text === 'seq' ? 'sequenceType' : 'optionalType', value: { elemType } };
    }
    case 'map': {
      expect(parser, '(', where);
      const keyType = elementType(parser);
      expect(parser, ',', "after the map's key type");
      const valueType = parseType(parser);
      expect(parser, ')', "to close 'map('");
      return { case: 'mapType', value: { keyType, valueType } };
    }
    case 'sparse_tensor': {
      expect(parser, '(', where);
      const value = { elemType: elementType(parser), ...shapeOf(parser) };
      expect(parser, ')', "to close 'sparse_tensor('");
      return { case: 'sparseTensorType', value };
    }
    case 'opaque': {
      expect(parser, '(', where);
      const value = opaqueType(parser);
      expect(parser, ')', "to close 'opaque('");
      return { case: 'opaqueType', value };
    }
    default:
      return failAt(token, `There is no type '${token.text}': float, int64, seq(…) and the like are.`);
  }
}

function elementType(parser: Parser): number {
  const token = expectWord(parser, 'an element type');
  return (
    elementTypeOf(token.text) ??
    failAt(token, `There is no element type '${token.text}': float, int64 and the like are.`)
  );
}

/** No brackets mean a scalar, empty ones that not even the rank is known. */
function shapeOf(parser: Parser): { shape?: TensorShapeProto } {
  if (!accept(parser, '[')) return { shape: create(TensorShapeProtoSchema) };
  if (accept(parser, ']')) return {};
  const shape = create(TensorShapeProtoSchema);
  recoveringList(parser, ']', 'the shape', () => shape.dim.push(dimension(parser)));
  return { shape };
}

function dimension(parser: Parser): TensorShapeProto['dim'][number] {
  countMessage(parser);
  const { token } = parser;
  if (accept(parser, '?')) return create(TensorShapeProto_DimensionSchema);
  const named = token.kind === 'identifier' || token.kind === 'string';
  return create(TensorShapeProto_DimensionSchema, {
    value: named
      ? { case: 'dimParam', value: take(parser).text }
      : { case: 'dimValue', value: expectInteger(parser, "a dimension (a number, a name or '?')") },
  });
}

/** `domain, name`, `name` (which may have dots) or nothing. */
function opaqueType(parser: Parser): { domain?: string; name?: string } {
  if (!isAtWord(parser)) return {};
  const first = dottedName(parser);
  if (!accept(parser, ',')) return { name: first };
  return { domain: first, name: expectWord(parser, 'the name of the opaque type').text };
}

function dottedName(parser: Parser): string {
  let name = take(parser).text;
  while (accept(parser, '.')) name += `.${expectWord(parser, 'a name').text}`;
  return name;
}
