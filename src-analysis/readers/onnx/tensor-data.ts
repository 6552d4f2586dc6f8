import { fromBinary, isFieldSet } from '@bufbuild/protobuf';
import { neverCancelled } from '../reader.ts';
import { type TensorProto, TensorProto_DataLocation, TensorProtoSchema } from './generated/onnx_pb.ts';
import { DataType, type TensorData } from './model.ts';
import { findWireFault } from './wire.ts';

interface Encoding {
  readonly bytesPerElement: number;
  /** Little-endian bytes, already a copy of their own → values. */
  readonly fromRaw: (buffer: ArrayBuffer) => TensorData;
  readonly fromFields: (tensor: TensorProto) => { readonly length: number; readonly read: () => TensorData };
}

const encodings: Readonly<Record<number, Encoding>> = {
  [DataType.float]: {
    bytesPerElement: 4,
    fromRaw: buffer => new Float32Array(buffer),
    fromFields: ({ floatData }) => ({ length: floatData.length, read: () => Float32Array.from(floatData) }),
  },
  [DataType.double]: {
    bytesPerElement: 8,
    fromRaw: buffer => new Float64Array(buffer),
    fromFields: ({ doubleData }) => ({ length: doubleData.length, read: () => Float64Array.from(doubleData) }),
  },
  [DataType.int64]: {
    bytesPerElement: 8,
    fromRaw: buffer => new BigInt64Array(buffer),
    fromFields: ({ int64Data }) => ({ length: int64Data.length, read: () => BigInt64Array.from(int64Data) }),
  },
  [DataType.uint64]: {
    bytesPerElement: 8,
    fromRaw: buffer => new BigUint64Array(buffer),
    fromFields: ({ uint64Data }) => ({ length: uint64Data.length, read: () => BigUint64Array.from(uint64Data) }),
  },
  [DataType.uint32]: {
    bytesPerElement: 4,
    fromRaw: buffer => new Uint32Array(buffer),
    fromFields: ({ uint64Data }) => ({
      length: uint64Data.length,
      read: () => Uint32Array.from(uint64Data, value => Number(BigInt.asUintN(32, value))),
    }),
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

function inInt32Data(
  bytesPerElement: number,
  fromRaw: (buffer: ArrayBuffer) => TensorData,
  type: { from(values: ArrayLike<number>): TensorData },
): Encoding {
  return {
    bytesPerElement,
    fromRaw,
    fromFields: ({ int32Data }) => ({ length: int32Data.length, read: () => type.from(int32Data) }),
  };
}

function halfWidth(widen: (bits: number) => number): Encoding {
  return {
    bytesPerElement: 2,
    fromRaw: buffer => Float32Array.from(new Uint16Array(buffer), widen),
    fromFields: ({ int32Data }) => ({
      length: int32Data.length,
      read: () => Float32Array.from(int32Data, bits => widen(bits & 0xffff)),
    }),
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
  if (findWireFault(TensorProtoSchema, bytes, neverCancelled, Number.POSITIVE_INFINITY)) {
    throw new Error('A tensor of the model is damaged. Export or download the model again.');
  }
  const tensor = fromBinary(TensorProtoSchema, bytes, { readUnknownFields: false });
  const label = `Tensor '${tensor.name}'`;
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    const location = tensor.externalData.find(entry => entry.key === 'location')?.value ?? 'unnamed';
    throw new Error(
      `${label} is stored outside the model, in the file '${location}', which is not opened. Save the model with its weights inside.`,
    );
  }
  const encoding = encodings[tensor.dataType];
  if (!encoding) throw new Error(`${label} has element type ${tensor.dataType}, which cannot be read as numbers.`);
  if (isFieldSet(tensor, TensorProtoSchema.field.segment)) throw new Error(`${label} is stored in several segments.`);
  const count = elementCount(tensor.dims.map(Number));
  if (count === null) throw new Error(`${label} has impossible dimensions [${tensor.dims.join(', ')}].`);
  if (isFieldSet(tensor, TensorProtoSchema.field.rawData)) return fromRawData(tensor, encoding, count, label);
  const fields = encoding.fromFields(tensor);
  if (fields.length !== count) throw new Error(sizeMismatch(label, tensor, `${fields.length} values`));
  return fields.read();
}

function fromRawData(tensor: TensorProto, encoding: Encoding, count: number, label: string): TensorData {
  const { rawData } = tensor;
  if (rawData.length !== count * encoding.bytesPerElement) {
    throw new Error(sizeMismatch(label, tensor, `${rawData.length} bytes`));
  }
  // A copy: the values need not be aligned inside the file, and must not keep the whole file in memory.
  const copy = new Uint8Array(rawData);
  if (!littleEndian) swapBytes(copy, encoding.bytesPerElement);
  return encoding.fromRaw(copy.buffer);
}

function sizeMismatch(label: string, tensor: TensorProto, found: string): string {
  return `${label} has dimensions [${tensor.dims.join(', ')}] but holds ${found}. Export the model again.`;
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
