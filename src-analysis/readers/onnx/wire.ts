import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { type CancellationToken, throwIfCancelled } from '../reader.ts';

/**
 * What one file may hold: its fields, where a message counts as {@link MESSAGE_COST}. Everything is at least one object
 * once decoded, and a hostile file spends two bytes on one, so it is counted before anything is decoded. A convolution
 * with all its attributes counts about 100, ResNet-50 about 20,000.
 */
const MAX_ELEMENTS = 5_000_000;
const MESSAGE_COST = 10;

/** Messages inside messages; a subgraph is three levels. */
const MAX_DEPTH = 90;

const CANCEL_EVERY = 16_384;

export type WireFault =
  /** The bytes end inside a field that began at a sensible place. */
  | { readonly kind: 'truncated'; readonly position: number; readonly missing: number }
  | { readonly kind: 'malformed'; readonly position: number }
  | { readonly kind: 'tooMany' }
  | { readonly kind: 'tooDeep' };

/** Thrown inside the scan only. */
class Fault extends Error {
  readonly fault: WireFault;
  constructor(fault: WireFault) {
    super(fault.kind);
    this.fault = fault;
  }
}

interface Scan {
  readonly reader: BinaryReader;
  readonly cancel: CancellationToken;
  readonly maxElements: number;
  elements: number;
}

const fieldTables = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>();

function fieldTable(message: DescMessage): ReadonlyMap<number, DescField> {
  let table = fieldTables.get(message);
  if (table === undefined) {
    table = new Map(message.fields.map(field => [field.number, field]));
    fieldTables.set(message, table);
  }
  return table;
}

/**
 * Checks that bytes are a well-formed message before they are decoded: field types, nesting and lengths agree with the
 * schema, and the number of elements is at most `maxElements`. The decoder itself checks none of these. Nothing is
 * decoded or copied.
 *
 * @returns null when well-formed.
 */
export function findWireFault(
  schema: DescMessage,
  bytes: Uint8Array,
  cancel: CancellationToken,
  maxElements = MAX_ELEMENTS,
): WireFault | null {
  try {
    const scan: Scan = { reader: new BinaryReader(bytes), cancel, maxElements, elements: 0 };
    scanMessage(schema, bytes.length, 1, scan);
    return null;
  } catch (error) {
    if (error instanceof Fault) return error.fault;
    throw error;
  }
}

function scanMessage(schema: DescMessage, end: number, depth: number, scan: Scan): void {
  if (depth > MAX_DEPTH) throw new Fault({ kind: 'tooDeep' });
  const { reader } = scan;
  const fields = fieldTable(schema);
  while (reader.pos < end) {
    const start = reader.pos;
    const [number, wireType] = guarded(reader, start, () => reader.tag());
    const field = fields.get(number);
    if (field === undefined) {
      guarded(reader, start, () => reader.skip(wireType, number, MAX_DEPTH - depth));
    } else {
      countElements(scan, 1);
      scanField(field, wireType, end, depth, scan);
    }
    if (reader.pos > end) throw new Fault({ kind: 'malformed', position: start });
  }
}

function scanField(field: DescField, wireType: WireType, end: number, depth: number, scan: Scan): void {
  const { reader } = scan;
  const start = reader.pos;
  const expected = wireTypeOf(field);
  if (wireType === expected && expected !== WireType.LengthDelimited) {
    guarded(reader, start, () => reader.skip(wireType));
    return;
  }
  const packed = field.fieldKind === 'list' && expected !== WireType.LengthDelimited;
  if (wireType !== WireType.LengthDelimited || (expected !== WireType.LengthDelimited && !packed)) {
    throw new Fault({ kind: 'malformed', position: start });
  }
  const length = guarded(reader, start, () => reader.uint32());
  const fieldEnd = reader.pos + length;
  if (fieldEnd > reader.len) throw new Fault({ kind: 'truncated', position: start, missing: fieldEnd - reader.len });
  if (fieldEnd > end) throw new Fault({ kind: 'malformed', position: start });
  if (field.message) {
    countElements(scan, MESSAGE_COST);
    scanMessage(field.message, fieldEnd, depth + 1, scan);
  } else if (packed) {
    countElements(scan, Math.ceil(length / (expected === WireType.Bit64 ? 8 : expected === WireType.Bit32 ? 4 : 1)));
    scanPacked(expected, fieldEnd, scan);
  }
  reader.pos = fieldEnd;
}

/** Packed entries must end where their field ends, else the decoder would read on into the next field. */
function scanPacked(entry: WireType, end: number, scan: Scan): void {
  const { reader } = scan;
  const start = reader.pos;
  if (entry === WireType.Varint) {
    while (reader.pos < end) guarded(reader, start, () => reader.skip(WireType.Varint));
    if (reader.pos !== end) throw new Fault({ kind: 'malformed', position: start });
  } else if ((end - start) % (entry === WireType.Bit64 ? 8 : 4) !== 0) {
    throw new Fault({ kind: 'malformed', position: start });
  }
}

function countElements(scan: Scan, count: number): void {
  const before = scan.elements;
  scan.elements += count;
  if (scan.elements > scan.maxElements) throw new Fault({ kind: 'tooMany' });
  if (Math.floor(before / CANCEL_EVERY) !== Math.floor(scan.elements / CANCEL_EVERY)) throwIfCancelled(scan.cancel);
}

/** The reader's own errors, as faults: past the end of the bytes, or an encoding that protobuf does not have. */
function guarded<T>(reader: BinaryReader, start: number, read: () => T): T {
  try {
    return read();
  } catch {
    const missing = reader.pos - reader.len;
    throw new Fault(
      missing > 0 ? { kind: 'truncated', position: start, missing } : { kind: 'malformed', position: start },
    );
  }
}

/** The wire type of one entry of a field. ONNX uses these scalars only. */
function wireTypeOf(field: DescField): WireType {
  if (field.message || field.enum) return field.message ? WireType.LengthDelimited : WireType.Varint;
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
      return WireType.Bit64;
    case ScalarType.FLOAT:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}
