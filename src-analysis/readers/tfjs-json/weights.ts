import { neverCancelled, type ReadError } from '../reader.ts';
import { findExcess } from './limits.ts';
import { type ManifestEntry, type ManifestGroup, readManifest } from './manifest.ts';
import { parseJson, property } from './tree.ts';

/** The values of one weight, in row-major order; `bool` is one byte a value, 0 or 1. */
export interface WeightValues {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/**
 * Decodes the weights of a model.json (or of a bare weightsManifest array) from the bytes of its shard files.
 *
 * `shard` gives the bytes of a file by its path as the manifest writes it, undefined where there is none: the caller
 * decides which paths it is willing to open. A weight whose bytes are missing or whose encoding is not known is left
 * out and told in `errors`; bytes left over are told too. Source: tfjs-core io/io_utils.ts (decodeWeights).
 */
export function readTfjsWeights(
  text: string,
  shard: (path: string) => Uint8Array | undefined,
): { readonly weights: ReadonlyMap<string, WeightValues>; readonly errors: readonly ReadError[] } {
  const weights = new Map<string, WeightValues>();
  const excess = findExcess(text, neverCancelled);
  if (excess) return { weights, errors: [excess] };
  const { root, errors: syntaxErrors } = parseJson(text);
  const errors = [...syntaxErrors];
  const groups = readManifest(root?.type === 'array' ? root : property(root, 'weightsManifest'), errors);
  for (const group of groups) readGroup(group, shard, weights, errors);
  return { weights, errors };
}

function readGroup(
  group: ManifestGroup,
  shard: (path: string) => Uint8Array | undefined,
  weights: Map<string, WeightValues>,
  errors: ReadError[],
): void {
  const parts: Uint8Array[] = [];
  for (const path of group.paths) {
    const bytes = shard(path);
    if (bytes === undefined) {
      // What follows would be read from the wrong place.
      errors.push({ message: `The weight file ${path} is missing.`, range: group.range });
      return;
    }
    parts.push(bytes);
  }
  const bytes = concatenate(parts);
  let offset = 0;
  for (const entry of group.entries) {
    const encoding = encodingOf(entry);
    if (typeof encoding === 'string') {
      errors.push({ message: encoding, range: entry.range });
      return;
    }
    const count = entry.shape.reduce((size, dim) => size * dim, 1);
    const end = offset + count * encoding.bytesPerValue;
    if (!Number.isSafeInteger(end) || end > bytes.length) {
      errors.push({
        message: `${entry.name} needs ${count * encoding.bytesPerValue} bytes, but only ${bytes.length - offset} are left in ${group.paths.join(', ')}.`,
        range: entry.range,
      });
      return;
    }
    // A copy, because typed arrays need an aligned start and must not change with the caller's bytes.
    weights.set(entry.name, { shape: entry.shape, data: encoding.decode(bytes.slice(offset, end).buffer) });
    offset = end;
  }
  if (offset < bytes.length) {
    errors.push({
      message: `${bytes.length - offset} bytes of ${group.paths.join(', ')} belong to no weight.`,
      range: group.range,
    });
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

interface Encoding {
  readonly bytesPerValue: 1 | 2 | 4;
  readonly decode: (bytes: ArrayBuffer) => WeightValues['data'];
}

const plain: ReadonlyMap<string, Encoding> = new Map<string, Encoding>([
  ['float32', { bytesPerValue: 4, decode: bytes => new Float32Array(bytes) }],
  ['int32', { bytesPerValue: 4, decode: bytes => new Int32Array(bytes) }],
  ['bool', { bytesPerValue: 1, decode: bytes => new Uint8Array(bytes) }],
]);

/** How a weight is encoded, or the sentence that says why it cannot be read. */
function encodingOf(entry: ManifestEntry): Encoding | string {
  const { name, dtype, quantization } = entry;
  if (quantization === undefined) {
    return plain.get(dtype) ?? `${name} is of the type ${dtype}, which Leaklint does not read.`;
  }
  const refused = `${name} is quantised as ${quantization.dtype} for ${dtype}, which TensorFlow.js does not know.`;
  if (quantization.dtype === 'float16') {
    return dtype === 'float32' ? { bytesPerValue: 2, decode: bytes => decodeFloat16(new Uint16Array(bytes)) } : refused;
  }
  if (quantization.dtype !== 'uint8' && quantization.dtype !== 'uint16') return refused;
  if (dtype !== 'float32' && dtype !== 'int32') return refused;
  const { scale, min } = quantization;
  if (scale === undefined || min === undefined) return `The quantisation of ${name} lacks scale or min.`;
  const codes = (bytes: ArrayBuffer) =>
    quantization.dtype === 'uint8' ? new Uint8Array(bytes) : new Uint16Array(bytes);
  const value = (code: number) => code * scale + min;
  return {
    bytesPerValue: quantization.dtype === 'uint8' ? 1 : 2,
    decode: bytes =>
      dtype === 'float32'
        ? Float32Array.from(codes(bytes), value)
        : Int32Array.from(codes(bytes), code => Math.round(value(code))),
  };
}

/** IEEE 754 half precision: 1 bit sign, 5 bits exponent, 10 bits fraction. */
function decodeFloat16(codes: Uint16Array): Float32Array {
  return Float32Array.from(codes, code => {
    const sign = code & 0x8000 ? -1 : 1;
    const exponent = (code >> 10) & 0x1f;
    const fraction = code & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}
