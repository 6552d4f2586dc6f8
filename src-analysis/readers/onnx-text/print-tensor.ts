import { fromBinary, isFieldSet } from '@bufbuild/protobuf';
import { getTextEncoding } from '@bufbuild/protobuf/wire';
import {
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type PackedTensor,
  PackedTensorSchema,
  TensorHeaderSchema,
  type TensorProto,
  TensorProtoSchema,
} from '../onnx/generated/onnx_pb.ts';
import { findWireFault } from '../onnx/wire.ts';
import { neverCancelled } from '../reader.ts';
import { quoted } from './quote.ts';

/** A model's file: where values that are not written out can be found. */
export interface ModelFile {
  /** Name of the file, without its folder. */
  readonly name: string;
  /** Its bytes, of which the model's tensors are views. */
  readonly bytes: Uint8Array;
}

export interface TensorPrinting {
  readonly file: ModelFile | null;
  /** Most values written out, of floating-point tensors and of all others. */
  readonly maxFloats: number;
  readonly maxOthers: number;
  /** Notes what the text does not say. */
  readonly lose: (what: string) => void;
}

export interface PrintableTensor {
  readonly name: string;
  readonly dataType: number;
  readonly dims: readonly bigint[];
  /** `{1, 2}`, or `["location": …]` for values stored elsewhere. */
  readonly data: string;
}

const floating: ReadonlySet<number> = new Set([
  DataType.FLOAT,
  DataType.DOUBLE,
  DataType.FLOAT16,
  DataType.BFLOAT16,
  DataType.COMPLEX64,
  DataType.COMPLEX128,
]);

/**
 * The bytes of a TensorProto as text; null if they are damaged. Values that are too many to be written out are named by
 * their place in the model's own file, in the form of ONNX external data: loading the text beside that file gives the
 * same tensor. Where they have no such place (lists of variable-length integers) they are left out.
 */
export function printTensor(bytes: Uint8Array, printing: TensorPrinting): PrintableTensor | null {
  if (findWireFault(TensorHeaderSchema, bytes, neverCancelled)) return null;
  const header = fromBinary(TensorHeaderSchema, bytes, { readUnknownFields: false });
  const { name, dataType, dims } = header;
  const given = { name, dataType, dims };
  if (header.dataLocation === DataLocation.EXTERNAL) {
    const pairs = header.externalData.map(({ key, value }): [string, string] => [key, value]);
    return { ...given, data: pairList(pairs) };
  }
  const limit = floating.has(dataType) ? printing.maxFloats : printing.maxOthers;
  const count = dims.reduce((product, dim) => product * Number(dim), 1);
  if (count > limit) return { ...given, data: placeInFile(bytes, name, count, printing) };
  if (findWireFault(TensorProtoSchema, bytes, neverCancelled)) return null;
  const tensor = fromBinary(TensorProtoSchema, bytes, { readUnknownFields: false });
  if (tensor.segment) printing.lose(`segments of the tensor '${name}'`);
  if (tensor.docString !== '') printing.lose('documentation of tensors');
  const values = isFieldSet(tensor, TensorProtoSchema.field.rawData) ? rawValues(tensor) : listedValues(tensor);
  return { ...given, data: `{${values.join(', ')}}` };
}

function pairList(pairs: readonly (readonly [string, string])[]): string {
  return `[${pairs.map(([key, value]) => `${quoted(key)}: ${quoted(value)}`).join(', ')}]`;
}

/** Values that stand in the file as external data would: in one piece, little-endian, as wide as their type. */
function placeInFile(bytes: Uint8Array, name: string, count: number, { file, lose }: TensorPrinting): string {
  const values = contiguousBytes(bytes);
  if (file && values && values.buffer === file.bytes.buffer) {
    const offset = values.byteOffset - file.bytes.byteOffset;
    return pairList([
      ['location', file.name],
      ['offset', String(offset)],
      ['length', String(values.length)],
    ]);
  }
  lose(`${count} values of the tensor '${name}'`);
  return '{}';
}

function contiguousBytes(bytes: Uint8Array): Uint8Array | null {
  if (findWireFault(PackedTensorSchema, bytes, neverCancelled)) return null;
  const tensor: PackedTensor = fromBinary(PackedTensorSchema, bytes, { readUnknownFields: false });
  if (tensor.segment) return null;
  if (isFieldSet(tensor, PackedTensorSchema.field.rawData)) return tensor.rawData;
  const { floatData, doubleData, dataType } = tensor;
  const chunks = dataType === DataType.DOUBLE || dataType === DataType.COMPLEX128 ? doubleData : floatData;
  return chunks.length === 1 ? chunks[0]! : null;
}

function listedValues(tensor: TensorProto): readonly (string | number | bigint)[] {
  switch (tensor.dataType) {
    case DataType.FLOAT:
    case DataType.COMPLEX64:
      return tensor.floatData.map(floatText);
    case DataType.DOUBLE:
    case DataType.COMPLEX128:
      return tensor.doubleData.map(doubleText);
    case DataType.INT64:
      return tensor.int64Data;
    case DataType.UINT32:
    case DataType.UINT64:
      return tensor.uint64Data;
    case DataType.STRING:
      return tensor.stringData.map(bytes => quoted(getTextEncoding().decodeUtf8(bytes)));
    default:
      return tensor.int32Data;
  }
}

/** Little-endian values, as the list fields hold them: narrow and packed types as the bits they are. */
function rawValues({ rawData, dataType, dims }: TensorProto): readonly (string | number | bigint)[] {
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  const each = <T>(width: number, read: (offset: number) => T): T[] =>
    Array.from({ length: Math.floor(rawData.length / width) }, (_, index) => read(index * width));
  switch (dataType) {
    case DataType.FLOAT:
    case DataType.COMPLEX64:
      return each(4, offset => floatText(view.getFloat32(offset, true)));
    case DataType.DOUBLE:
    case DataType.COMPLEX128:
      return each(8, offset => doubleText(view.getFloat64(offset, true)));
    case DataType.INT64:
      return each(8, offset => view.getBigInt64(offset, true));
    case DataType.UINT64:
      return each(8, offset => view.getBigUint64(offset, true));
    case DataType.INT32:
      return each(4, offset => view.getInt32(offset, true));
    case DataType.UINT32:
      return each(4, offset => view.getUint32(offset, true));
    case DataType.INT16:
      return each(2, offset => view.getInt16(offset, true));
    case DataType.UINT16:
    case DataType.FLOAT16:
    case DataType.BFLOAT16:
      return each(2, offset => view.getUint16(offset, true));
    case DataType.INT8:
      return each(1, offset => view.getInt8(offset));
    case DataType.FLOAT6E2M3:
    case DataType.FLOAT6E3M2:
      return sixBitValues(rawData, dims);
    default:
      return [...rawData];
  }
}

/** Four values in three bytes, the first in the lowest bits (onnx.proto, raw_data); the lists hold one value each. */
function sixBitValues(raw: Uint8Array, dims: readonly bigint[]): number[] {
  const count = dims.reduce((product, dim) => product * Number(dim), 1);
  const available = Math.min(count, Math.floor((raw.length * 8) / 6));
  return Array.from({ length: available }, (_, index) => {
    const bit = index * 6;
    const low = raw[bit >> 3]! | ((raw[(bit >> 3) + 1] ?? 0) << 8);
    return (low >> (bit & 7)) & 63;
  });
}

/** The shortest decimal that reads as the same single-precision number; always marked as a float. */
export function floatText(value: number): string {
  if (!Number.isFinite(value) || value === 0) return doubleText(value);
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return doubleText(Number(text));
  }
  return doubleText(Number(value.toPrecision(9)));
}

export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
