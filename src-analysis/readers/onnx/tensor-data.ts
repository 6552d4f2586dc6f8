import { type DescMessage, fromBinary, isFieldSet } from '@bufbuild/protobuf';
import { neverCancelled } from '../reader.ts';
import {
  type PackedTensor,
  PackedTensorSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from './generated/onnx_pb.ts';
import { DataType, type TensorData } from './model.ts';
import { findWireFault } from './wire.ts';

/** A tensor as decoded: lists of floats are bytes if the file packs them, as every exporter does, else numbers. */
type StoredTensor = PackedTensor | TensorProto;

interface Encoding {
  readonly bytesPerElement: number;
  /** Little-endian bytes, already a copy of their own → values. */
  readonly fromRaw: (buffer: ArrayBuffer) => TensorData;
  readonly fromFields: (tensor: StoredTensor) => TensorData;
}

const encodings: Readonly<Record<number, Encoding>> = {
  [DataType.float]: inFloatLists(
    4,
    buffer => new Float32Array(buffer),
    Float32Array,
    tensor => tensor.floatData,
  ),
  [DataType.double]: inFloatLists(
    8,
    buffer => new Float64Array(buffer),
    Float64Array,
    tensor => tensor.doubleData,
  ),
  [DataType.int64]: {
    bytesPerElement: 8,
    fromRaw: buffer => new BigInt64Array(buffer),
    fromFields: ({ int64Data }) => BigInt64Array.from(int64Data),
  },
  [DataType.uint64]: {
    bytesPerElement: 8,
    fromRaw: buffer => new BigUint64Array(buffer),
    fromFields: ({ uint64Data }) => BigUint64Array.from(uint64Data),
  },
  [DataType.uint32]: {
    bytesPerElement: 4,
    fromRaw: buffer => new Uint32Array(buffer),
    fromFields: ({ uint64Data }) => Uint32Array.from(uint64Data, value => Number(BigInt.asUintN(32, value))),
  },
  [DataType.int32]: inInt32Data(4, buffer => new Int32Array(buffer), Int32Array),
  [DataType.int16]: inInt32Data(2, buffer => new Int16Array(buffer), Int16Array),
  [DataType.uint16]: inInt32Data(2, buffer => new Uint16Array(buffer), Uint16Array),
  [DataType.int8]: inInt32Data(1, buffer => new Int8Array(buffer), Int8Array),
  [DataType.uint8]: inInt32Data(1, buffer => new Uint8Array(buffer), Uint8Array),
  [DataType.bool]: inInt32Data(1, buffer => new Uint8Array(buffer), Uint8Array),
  [DataType.float16]: halfWidth(float16ToNumber),
  [DataType.bfloat16]: halfWidth(bfloat16ToNumber),
};

interface TypedArray {
  from(values: ArrayLike<number>): TensorData;
}

function inFloatLists(
  bytesPerElement: number,
  fromRaw: (buffer: ArrayBuffer) => TensorData,
  type: TypedArray,
  list: (tensor: StoredTensor) => readonly number[] | readonly Uint8Array[],
): Encoding {
  return {
    bytesPerElement,
    fromRaw,
    fromFields: tensor => {
      const values = list(tensor);
      return isChunks(values) ? fromRaw(ownBytes(values, bytesPerElement)) : type.from(values);
    },
  };
}

function isChunks(values: readonly number[] | readonly Uint8Array[]): values is readonly Uint8Array[] {
  return values[0] instanceof Uint8Array;
}

function inInt32Data(
  bytesPerElement: number,
  fromRaw: (buffer: ArrayBuffer) => TensorData,
  type: TypedArray,
): Encoding {
  return { bytesPerElement, fromRaw, fromFields: ({ int32Data }) => type.from(int32Data) };
}

function halfWidth(widen: (bits: number) => number): Encoding {
  return {
    bytesPerElement: 2,
    fromRaw: buffer => Float32Array.from(new Uint16Array(buffer), widen),
    fromFields: ({ int32Data }) => Float32Array.from(int32Data, bits => widen(bits & 0xffff)),
  };
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Bytes of a TensorProto → its values, copied out of the bytes.
 *
 * @throws Error with a sentence for the user: damaged, stored in another file, an element type that is not a number,
 *   or not as many values as the dimensions say.
 */
export function decodeTensorData(bytes: Uint8Array): TensorData {
  const { tensor, rawData } = decodeStored(bytes);
  const label = `Tensor '${tensor.name}'`;
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    const location = tensor.externalData.find(entry => entry.key === 'location')?.value ?? 'unnamed';
    throw new Error(
      `${label} is stored outside the model, in the file '${location}', which is not opened. Save the model with its weights inside.`,
    );
  }
  const encoding = encodings[tensor.dataType];
  if (!encoding) throw new Error(`${label} has element type ${tensor.dataType}, which cannot be read as numbers.`);
  if (tensor.segment) throw new Error(`${label} is stored in several segments, which are not put together.`);
  const dims = `[${tensor.dims.slice(0, 8).join(', ')}]`;
  const count = elementCount(tensor.dims.map(Number));
  if (count === null) throw new Error(`${label} has impossible dimensions ${dims}.`);
  if (rawData && rawData.length !== count * encoding.bytesPerElement) {
    throw new Error(`${label} has dimensions ${dims} but holds ${rawData.length} bytes. Export the model again.`);
  }
  if (rawData) return encoding.fromRaw(ownBytes([rawData], encoding.bytesPerElement));
  const values = encoding.fromFields(tensor);
  if (values.length === count) return values;
  throw new Error(`${label} has dimensions ${dims} but holds ${values.length} values. Export the model again.`);
}

/** Decodes the message; `rawData` is null where it is not given, which is not the same as empty. */
function decodeStored(bytes: Uint8Array): { readonly tensor: StoredTensor; readonly rawData: Uint8Array | null } {
  const options = { readUnknownFields: false };
  const isWellFormed = (schema: DescMessage) =>
    findWireFault(schema, bytes, neverCancelled, Number.POSITIVE_INFINITY) === null;
  if (!isWellFormed(TensorProtoSchema)) {
    throw new Error('A tensor of the model is damaged. Export or download the model again.');
  }
  if (isWellFormed(PackedTensorSchema)) {
    const tensor = fromBinary(PackedTensorSchema, bytes, options);
    return { tensor, rawData: isFieldSet(tensor, PackedTensorSchema.field.rawData) ? tensor.rawData : null };
  }
  const tensor = fromBinary(TensorProtoSchema, bytes, options);
  return { tensor, rawData: isFieldSet(tensor, TensorProtoSchema.field.rawData) ? tensor.rawData : null };
}

/** A copy, in this machine's byte order: values need not be aligned in the file, nor keep the whole file in memory. */
function ownBytes(chunks: readonly Uint8Array[], bytesPerElement: number): ArrayBuffer {
  const copy = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let position = 0;
  for (const chunk of chunks) {
    copy.set(chunk, position);
    position += chunk.length;
  }
  if (!littleEndian) swapBytes(copy, bytesPerElement);
  return copy.buffer;
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) bytes.subarray(start, start + width).reverse();
}

/** Product of dimensions; null if one is negative or the product is not exact. An empty list is a scalar. */
export function elementCount(dims: readonly number[]): number | null {
  let count = 1;
  for (const dim of dims) {
    if (!Number.isSafeInteger(dim) || dim < 0) return null;
    count *= dim;
  }
  return Number.isSafeInteger(count) ? count : null;
}

/** IEEE 754 binary16. */
function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a binary32. */
function bfloat16ToNumber(bits: number): number {
  word.setUint32(0, bits * 0x10000);
  return word.getFloat32(0);
}
