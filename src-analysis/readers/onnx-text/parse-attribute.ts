import { create } from '@bufbuild/protobuf';
import { getTextEncoding } from '@bufbuild/protobuf/wire';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
} from '../onnx/generated/onnx_pb.ts';
import type { Token } from './lexer.ts';
import { parseFloat32, parseTensor } from './parse-tensor.ts';
import { isAtType, parseType } from './parse-type.ts';
import {
  accept,
  countElement,
  countMessage,
  expect,
  expectInteger,
  expectName,
  expectWord,
  fail,
  failAt,
  isAt,
  isAtName,
  list,
  type Parser,
  take,
} from './parser.ts';
import { attributeTypeName, attributeTypeOf, isNumberWord } from './type-names.ts';

type ParseGraph = (parser: Parser) => GraphProto;

/** `name = value` or `name: type = value`; the type is needed for empty lists and references only. */
export function parseAttribute(parser: Parser, parseGraph: ParseGraph): AttributeProto {
  return parseAttributeAfter(parser, expectName(parser, 'the name of an attribute'), parseGraph);
}

/** The rest of an attribute whose name is taken already. */
export function parseAttributeAfter(parser: Parser, name: Token, parseGraph: ParseGraph): AttributeProto {
  countMessage(parser);
  const attribute = create(AttributeProtoSchema, { name: name.text });
  if (accept(parser, ':')) attribute.type = attributeType(parser);
  const given = attribute.type;
  expect(parser, '=', `after the name of the attribute '${name.text}'`);
  const place = parser.token;
  if (accept(parser, '[')) {
    parseListValues(parser, attribute, parseGraph);
    if (attribute.type === AttributeType.UNDEFINED) failAt(place, emptyListSentence(name.text));
  } else {
    parseValue(parser, attribute, given === AttributeType.FLOAT, parseGraph);
  }
  if (given !== AttributeType.UNDEFINED && attribute.type !== given) {
    failAt(
      place,
      `The attribute '${name.text}' is said to be ${wordOf(given)}, but its value is ${wordOf(attribute.type)}.`,
    );
  }
  return attribute;
}

function emptyListSentence(name: string): string {
  return `An empty list does not tell its type: write '${name}: ints = []', or floats, strings and so on.`;
}

function wordOf(type: AttributeType): string {
  return attributeTypeName(type) ?? 'nothing';
}

function attributeType(parser: Parser): AttributeType {
  const word = expectWord(parser, 'the type of the attribute');
  return (
    attributeTypeOf(word.text) ??
    failAt(word, `There is no attribute type '${word.text}': int, floats, tensor and the like are.`)
  );
}

/** One value, with the type it has: an integer counts as a float where a float is asked for. */
function parseValue(parser: Parser, attribute: AttributeProto, wantsFloat: boolean, parseGraph: ParseGraph): void {
  const { token } = parser;
  if (accept(parser, '@')) {
    attribute.refAttrName = expectName(parser, 'the name of the attribute referred to').text;
  } else if (isAtType(parser)) {
    parseTypeOrTensor(parser, attribute);
  } else if (token.kind === 'identifier' && !isNumberWord(token.text)) {
    attribute.type = AttributeType.GRAPH;
    attribute.g = parseGraph(parser);
  } else if (token.kind === 'string') {
    attribute.type = AttributeType.STRING;
    attribute.s = getTextEncoding().encodeUtf8(take(parser).text);
  } else if (token.kind !== 'number' && token.kind !== 'identifier') {
    fail(parser, 'the value of the attribute');
  } else if (/^-?[0-9]+$/.test(token.text) && !wantsFloat) {
    attribute.type = AttributeType.INT;
    attribute.i = expectInteger(parser, 'a value');
  } else {
    attribute.type = AttributeType.FLOAT;
    attribute.f = parseFloat32(parser);
  }
}

/** `float[2] {1, 2}` is a tensor, `float[2]` alone a type. */
function parseTypeOrTensor(parser: Parser, attribute: AttributeProto): void {
  const start = parser.token;
  const type = parseType(parser);
  if (!isAt(parser, '{') && !isAt(parser, '=') && !isAtName(parser)) {
    attribute.type = AttributeType.TYPE_PROTO;
    attribute.tp = type;
    return;
  }
  const place = { start: start.start, end: parser.lastEnd };
  const name = isAtName(parser) ? take(parser).text : '';
  accept(parser, '=');
  attribute.type = AttributeType.TENSOR;
  attribute.t = parseTensor(parser, name, type, place);
}

/** The list type of each single type. */
const listTypes: ReadonlyMap<AttributeType, AttributeType> = new Map([
  [AttributeType.FLOAT, AttributeType.FLOATS],
  [AttributeType.INT, AttributeType.INTS],
  [AttributeType.STRING, AttributeType.STRINGS],
  [AttributeType.TENSOR, AttributeType.TENSORS],
  [AttributeType.GRAPH, AttributeType.GRAPHS],
  [AttributeType.TYPE_PROTO, AttributeType.TYPE_PROTOS],
]);

/** The values up to and with the closing bracket. Integers among floats are floats. */
function parseListValues(parser: Parser, attribute: AttributeProto, parseGraph: ParseGraph): void {
  list(parser, ']', 'the list', () => {
    countElement(parser);
    const place = parser.token;
    const wantsFloat = attribute.type === AttributeType.FLOATS;
    const value = create(AttributeProtoSchema);
    parseValue(parser, value, wantsFloat, parseGraph);
    const type = listTypes.get(value.type);
    if (type === undefined) failAt(place, 'A reference cannot stand in a list.');
    if (attribute.type === AttributeType.INTS && type === AttributeType.FLOATS && attribute.ints.length > 0) {
      attribute.floats = attribute.ints.map(Number);
      attribute.ints = [];
    } else if (attribute.type !== AttributeType.UNDEFINED && attribute.type !== type) {
      failAt(place, `A list of ${wordOf(attribute.type)} cannot hold ${wordOf(value.type)}.`);
    }
    attribute.type = type;
    append(attribute, value);
  });
}

function append(list: AttributeProto, value: AttributeProto): void {
  if (value.type === AttributeType.INT) list.ints.push(value.i);
  else if (value.type === AttributeType.FLOAT) list.floats.push(value.f);
  else if (value.type === AttributeType.STRING) list.strings.push(value.s);
  else if (value.type === AttributeType.TENSOR) list.tensors.push(value.t);
  else if (value.g) list.graphs.push(value.g);
  else if (value.tp) list.typeProtos.push(value.tp);
}
