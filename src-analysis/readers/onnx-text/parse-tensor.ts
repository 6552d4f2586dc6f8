import { create, toBinary } from '@bufbuild/protobuf';
import { getTextEncoding } from '@bufbuild/protobuf/wire';
import type { Range } from '../../model/graph.ts';
import {
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type StringStringEntryProto,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type TypeProto,
} from '../onnx/generated/onnx_pb.ts';
import {
  accept,
  countElement,
  countMessage,
  expect,
  expectInteger,
  expectString,
  fail,
  failAt,
  isAt,
  type Parser,
  recoveringList,
  shown,
  take,
} from './parser.ts';
import { isNumberWord } from './type-names.ts';

/**
 * The data of a tensor, `{1, 2, 3}` or `["location": "weights.bin", …]` (external data), as the bytes of a TensorProto.
 * Other element types than the listed ones are given by their bit patterns, as the official printer does.
 */
export function parseTensor(parser: Parser, name: string, type: TypeProto | undefined, place: Range): Uint8Array {
  countMessage(parser);
  const tensor = create(TensorProtoSchema, {
    name,
    dataType: elementTypeOfTensor(type, place),
    dims: dimsOf(type, place),
  });
  if (isAt(parser, '{')) {
    take(parser);
    const element = elementReader(parser, tensor);
    recoveringList(parser, '}', "the tensor's values", () => {
      countElement(parser);
      element();
    });
  } else if (accept(parser, '[')) {
    tensor.dataLocation = DataLocation.EXTERNAL;
    tensor.externalData = parseStringPairs(parser);
  } else {
    fail(parser, `'{' with the values of the tensor, or '[' with the place where they are stored`);
  }
  return toBinary(TensorProtoSchema, tensor);
}

function elementTypeOfTensor(type: TypeProto | undefined, place: Range): number {
  if (type?.value.case !== 'tensorType')
    failAt(place, 'Values are given, so a tensor type is expected here, such as float[3].');
  return type.value.value.elemType;
}

function dimsOf(type: TypeProto | undefined, place: Range): bigint[] {
  const shape = type?.value.case === 'tensorType' ? type.value.value.shape : undefined;
  if (!shape) failAt(place, 'Values are given, so every dimension of the tensor is expected as a number.');
  return shape.dim.map(({ value }) =>
    value.case === 'dimValue'
      ? value.value
      : failAt(place, 'Values are given, so every dimension is expected as a number.'),
  );
}

/** Reads one element into the list that tensors of that type have. */
function elementReader(parser: Parser, tensor: TensorProto): () => void {
  switch (tensor.dataType) {
    case DataType.FLOAT:
    case DataType.COMPLEX64:
      return () => tensor.floatData.push(parseFloat32(parser));
    case DataType.DOUBLE:
    case DataType.COMPLEX128:
      return () => tensor.doubleData.push(parseDouble(parser));
    case DataType.INT64:
      return () => tensor.int64Data.push(expectInteger(parser, 'a value of the tensor'));
    case DataType.UINT32:
    case DataType.UINT64:
      return () => tensor.uint64Data.push(unsigned(parser));
    case DataType.STRING:
      return () => tensor.stringData.push(getTextEncoding().encodeUtf8(expectString(parser, 'a string of the tensor')));
    default:
      return () => tensor.int32Data.push(int32(parser));
  }
}

function int32(parser: Parser): number {
  const { token } = parser;
  const value = Number(expectInteger(parser, 'a value of the tensor'));
  if (value !== (value | 0)) failAt(token, `The number ${shown(token.text)} is larger than a value of this type.`);
  return value;
}

function unsigned(parser: Parser): bigint {
  const { token } = parser;
  if (token.kind !== 'number' || !/^[0-9]+$/.test(token.text))
    fail(parser, 'a value of the tensor, an integer of 0 or more');
  const value = BigInt(take(parser).text);
  if (BigInt.asUintN(64, value) !== value)
    failAt(token, `The number ${shown(token.text)} is larger than 64 bits hold.`);
  return value;
}

/** A number rounded to single precision. */
export function parseFloat32(parser: Parser): number {
  const { token } = parser;
  const value = parseDouble(parser);
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded) && Number.isFinite(value))
    failAt(token, `The number ${shown(token.text)} is larger than a float.`);
  return rounded;
}

export function parseDouble(parser: Parser): number {
  const { token } = parser;
  const value = numberOf(token.kind === 'number' || token.kind === 'identifier' ? token.text : '');
  if (value === null) fail(parser, 'a number');
  take(parser);
  return value;
}

/** A decimal number, inf, infinity or nan; null for anything else. */
function numberOf(text: string): number | null {
  const digits = text.startsWith('-') ? text.slice(1) : text;
  const sign = text.startsWith('-') ? -1 : 1;
  if (isNumberWord(digits)) return sign * (/^nan$/i.test(digits) ? Number.NaN : Number.POSITIVE_INFINITY);
  if (!/^[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?$/.test(digits)) return null;
  const value = Number(digits);
  return Number.isFinite(value) ? sign * value : null;
}

/** `"key": "value", …` and the closing bracket. */
export function parseStringPairs(parser: Parser): StringStringEntryProto[] {
  const entries: StringStringEntryProto[] = [];
  recoveringList(parser, ']', 'the list of pairs', () => {
    countMessage(parser);
    const key = expectString(parser, 'a key');
    expect(parser, ':', 'after the key');
    entries.push(create(StringStringEntryProtoSchema, { key, value: expectString(parser, 'a value') }));
  });
  return entries;
}
