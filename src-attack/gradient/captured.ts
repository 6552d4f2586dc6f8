import { unzipSync } from 'fflate';

/** A tensor of a captured gradient, row-major, in the layout of whoever wrote the file. */
export interface CapturedTensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** The file is not what its name says, or holds something this reader does not know. */
export class CaptureError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CaptureError';
  }
}

/** Endings of files that hold gradients. */
export const captureExtensions = ['safetensors', 'npz'] as const;

export function isCapture(path: string): boolean {
  return captureExtensions.some(extension => path.toLowerCase().endsWith(`.${extension}`));
}

/**
 * Tensors by name from a safetensors file (huggingface/safetensors, format of version 0.x) or a NumPy .npz archive.
 * Nothing is executed: pickled arrays in an .npz are refused. @throws {CaptureError}
 */
export function readCapture(path: string, bytes: Uint8Array): Map<string, CapturedTensor> {
  return path.toLowerCase().endsWith('.npz') ? readNpz(bytes) : readSafetensors(bytes);
}

/** Bytes of one value, and how it is read, by the names of both formats. Little endian throughout. */
interface NumberType {
  readonly bytes: number;
  readonly read: (view: DataView, offset: number) => number;
}
const float32: NumberType = { bytes: 4, read: (view, offset) => view.getFloat32(offset, true) };
const float64: NumberType = { bytes: 8, read: (view, offset) => view.getFloat64(offset, true) };
const float16: NumberType = { bytes: 2, read: (view, offset) => half(view.getUint16(offset, true)) };
const bfloat16: NumberType = { bytes: 2, read: (view, offset) => brainHalf(view.getUint16(offset, true)) };

function half(code: number): number {
  const sign = code & 0x8000 ? -1 : 1;
  const exponent = (code >> 10) & 31;
  const fraction = code & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a float32. */
function brainHalf(code: number): number {
  return new Float32Array(Uint32Array.of(code << 16).buffer)[0]!;
}

function decode(type: NumberType, bytes: Uint8Array, count: number): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: count }, (_, i) => type.read(view, i * type.bytes));
}

function countOf(name: string, shape: unknown): number {
  if (!Array.isArray(shape) || shape.some(dim => !Number.isSafeInteger(dim) || dim < 0)) {
    throw new CaptureError(`The shape of "${name}" is not a list of sizes.`);
  }
  const count = (shape as number[]).reduce((product, dim) => product * dim, 1);
  if (!Number.isSafeInteger(count)) throw new CaptureError(`"${name}" is too large.`);
  return count;
}

const safetensorsTypes: Readonly<Record<string, NumberType>> = {
  F64: float64,
  F32: float32,
  F16: float16,
  BF16: bfloat16,
};

function readSafetensors(bytes: Uint8Array): Map<string, CapturedTensor> {
  const notOne = new CaptureError('This is no safetensors file, or it is cut off.');
  if (bytes.length < 8) throw notOne;
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8) throw notOne;
  const header = parseHeader(bytes.subarray(8, 8 + length));
  if (!header) throw notOne;
  const body = bytes.subarray(8 + length);
  const tensors = new Map<string, CapturedTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
    const type = safetensorsTypes[String(dtype)];
    if (!type)
      throw new CaptureError(`"${name}" is of the type ${String(dtype)}; gradients are F64, F32, F16 or BF16.`);
    const count = countOf(name, shape);
    const [start, end] = Array.isArray(offsets) ? (offsets as unknown[]) : [];
    if (
      !(Number.isSafeInteger(start) && Number.isSafeInteger(end)) ||
      (start as number) < 0 ||
      (end as number) > body.length ||
      (end as number) - (start as number) !== count * type.bytes
    ) {
      throw new CaptureError(`The bytes of "${name}" are missing or do not fit its shape.`);
    }
    const data = decode(type, body.subarray(start as number, end as number), count);
    tensors.set(name, { shape: shape as number[], data });
  }
  return tensors;
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const npyTypes: Readonly<Record<string, NumberType>> = { '<f8': float64, '<f4': float32, '<f2': float16 };
/** An archive whose members unpack to more is refused before it fills the memory. */
const largestNpz = 2 ** 31;

function readNpz(bytes: Uint8Array): Map<string, CapturedTensor> {
  const tensors = new Map<string, CapturedTensor>();
  for (const [file, content] of Object.entries(unzip(bytes))) {
    if (file.endsWith('.npy')) tensors.set(file.slice(0, -'.npy'.length), readNpy(file, content));
  }
  return tensors;
}

function unzip(bytes: Uint8Array): Record<string, Uint8Array> {
  let total = 0;
  try {
    return unzipSync(bytes, {
      filter: ({ originalSize }) => {
        total += originalSize;
        if (total > largestNpz) throw new CaptureError('The archive unpacks to more than 2 GiB.');
        return true;
      },
    });
  } catch (error) {
    throw error instanceof CaptureError ? error : new CaptureError('This is no .npz archive, or it is cut off.');
  }
}

/** NumPy's .npy format, versions 1 to 3: magic, version, header length, a Python dict, the data. */
function readNpy(file: string, bytes: Uint8Array): CapturedTensor {
  const name = file.slice(0, -'.npy'.length);
  const magic = String.fromCharCode(...bytes.subarray(0, 6));
  if (magic !== '\u0093NUMPY' || bytes.length < 12) throw new CaptureError(`"${name}" is no NumPy array.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [start, length] = bytes[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));
  const field = (pattern: RegExp) => pattern.exec(header)?.[1];
  const descr = field(/'descr':\s*'([^']*)'/);
  const type = npyTypes[descr ?? ''];
  if (!type) throw new CaptureError(`"${name}" is of the type ${descr ?? 'unknown'}; gradients are <f8, <f4 or <f2.`);
  if (field(/'fortran_order':\s*(\w+)/) !== 'False') {
    throw new CaptureError(`"${name}" is stored column by column: save it with numpy.ascontiguousarray.`);
  }
  const shape = (field(/'shape':\s*\(([^)]*)\)/) ?? '')
    .split(',')
    .map(part => part.trim())
    .filter(Boolean)
    .map(Number);
  const count = countOf(name, shape);
  const data = bytes.subarray(start + length);
  if (data.length !== count * type.bytes) throw new CaptureError(`The data of "${name}" does not fit its shape.`);
  return { shape, data: decode(type, data, count) };
}
